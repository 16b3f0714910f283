//! What went wrong, as the runtime knows it.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::backend::Failure;

/// What an error of a command means. A server that answered with an error has done nothing; after anything else it may
/// have done what was asked.
pub(super) fn of(error: &RedisError) -> Failure {
    match (error.kind(), error.code()) {
        (_, Some("OOM")) => Failure::Full,
        (ErrorKind::Server(ServerErrorKind::NoPerm), _) => Failure::Refused(
            "the cache server does not permit it to this workload, whose permissions follow from the graph that it was \
             built with: build and deploy again"
                .to_owned(),
        ),
        (ErrorKind::Server(ServerErrorKind::ResponseError), _) | (_, Some("WRONGTYPE")) => {
            Failure::Refused(error.to_string())
        }
        (ErrorKind::Server(_) | ErrorKind::Extension | ErrorKind::AuthenticationFailed, _) => {
            Failure::Unavailable(error.to_string())
        }
        _ if error.is_timeout() => {
            Failure::NoAnswer("the cache server did not answer in time".to_owned())
        }
        _ => Failure::NoAnswer(format!("the connection to the cache server was lost: {error}")),
    }
}

/// Whether the connection may be at fault.
pub(super) fn leaves_doubt(error: &RedisError) -> bool {
    matches!(of(error), Failure::NoAnswer(_) | Failure::Unavailable(_))
}

#[cfg(test)]
mod tests {
    use std::io;

    use redis::{FromRedisValue as _, parse_redis_value};

    use super::*;

    /// What an answer of the server means.
    fn answer(text: &str) -> Failure {
        let value = parse_redis_value(format!("-{text}\r\n").as_bytes()).expect("an answer");
        let error = value.extract_error().expect_err("an error");
        of(&error)
    }

    #[test]
    fn a_server_that_answers_with_an_error_has_done_nothing() {
        let oom = "OOM command not allowed when used memory > 'maxmemory'.";
        assert_eq!(answer(oom), Failure::Full);
        for text in [
            "NOPERM this user has no permissions to run the 'get' command",
            "ERR invalid expire time in 'set' command",
            "WRONGTYPE Operation against a key holding the wrong kind of value",
        ] {
            let failure = answer(text);
            assert!(
                matches!(failure, Failure::Refused(_)),
                "{text}: {failure:?}"
            );
        }
        for text in [
            "LOADING Redis is loading the dataset in memory",
            "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
            "READONLY You can't write against a read only replica.",
            "CLUSTERDOWN Hash slot not served",
            "MISCONF Redis is configured to save RDB snapshots",
            "BUSY Redis is busy running a script",
            "NOAUTH Authentication required.",
        ] {
            let failure = answer(text);
            let known = matches!(&failure, Failure::Unavailable(why) if !why.is_empty());
            assert!(known, "{text}: {failure:?}");
        }
    }

    #[test]
    fn without_an_answer_nobody_knows() {
        for kind in [
            io::ErrorKind::TimedOut,
            io::ErrorKind::BrokenPipe,
            io::ErrorKind::ConnectionReset,
            io::ErrorKind::UnexpectedEof,
        ] {
            let failure = of(&io::Error::from(kind).into());
            assert!(
                matches!(failure, Failure::NoAnswer(_)),
                "{kind}: {failure:?}"
            );
        }
        // An answer that makes no sense is none.
        let error = parse_redis_value(b"?\r\n").expect_err("no answer");
        assert!(matches!(of(&error), Failure::NoAnswer(_)), "{error:?}");
        let odd = bool::from_redis_value(redis::Value::SimpleString("?".to_owned()));
        let error = RedisError::from(odd.expect_err("no answer to EXISTS"));
        assert!(matches!(of(&error), Failure::NoAnswer(_)), "{error:?}");
    }
}
