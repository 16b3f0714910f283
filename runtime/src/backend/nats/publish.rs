//! Sending: each message with an id, and nothing counts as sent before the stream has said that it is stored.

use std::fmt::Display;
use std::time::SystemTime;

use async_nats::HeaderMap;
use async_nats::jetstream::{self, ErrorCode};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde::Deserialize;
use tokio::task::coop::unconstrained;

use super::headers::{self, Origin};
use super::link::Link;
use crate::backend::{Failure, Outgoing, Published};

/// How many messages of one call are under way at the same time.
const UNDER_WAY: usize = 64;

/// Where messages go.
pub(super) struct Target<'a> {
    pub(super) origin: Origin<'a>,
    pub(super) queue: &'a str,
    pub(super) subject: String,
}

/// Sends messages to a queue. The first that is not taken ends it.
pub(super) async fn publish(
    link: &Link,
    target: &Target<'_>,
    messages: Vec<Outgoing>,
) -> Result<Vec<Published>, Failure> {
    // The server says what it takes when the connection is made.
    link.connected(super::link::TIMEOUT).await?;
    let now = SystemTime::now();
    let mut all = Vec::with_capacity(messages.len());
    for message in messages {
        let headers = headers::outgoing(&target.origin, target.queue, &message, now)?;
        fits(link, &headers, message.payload.len())?;
        all.push((headers, message.payload));
    }
    match <[_; 1]>::try_from(all) {
        Ok([(headers, payload)]) => {
            let stored = store(link, &target.subject, headers, payload).await?;
            Ok(vec![stored])
        }
        // A call with one message has no room for many.
        Err(all) => Box::pin(store_all(link, &target.subject, all)).await,
    }
}

/// They arrive in their order: they go over one connection, and each at its first poll. Unless tokio lets another task run
/// in between, which would send some of the later ones first.
async fn store_all(
    link: &Link,
    subject: &str,
    all: Vec<(HeaderMap, Vec<u8>)>,
) -> Result<Vec<Published>, Failure> {
    stream::iter(all)
        .map(|(headers, payload)| unconstrained(store(link, subject, headers, payload)))
        .buffered(UNDER_WAY)
        .try_collect()
        .await
}

/// Sends one message to a stream over a connection that is there, and waits until it is stored.
pub(super) async fn store(
    link: &Link,
    subject: &str,
    headers: HeaderMap,
    payload: Vec<u8>,
) -> Result<Published, Failure> {
    let headers = (!headers.is_empty()).then_some(headers);
    let answer = link.ask(subject, headers, payload).await?;
    read(&answer.payload)
}

/// Checks the size here: the server would close the connection.
fn fits(link: &Link, headers: &HeaderMap, payload: usize) -> Result<(), Failure> {
    let limit = link.client.max_payload();
    let size = headers::size(headers, payload);
    if size > limit {
        return Err(Failure::TooLarge { size, limit });
    }
    Ok(())
}

/// What a stream says to a message. async-nats' own type is one of two, which serde tries one after the other.
#[derive(Deserialize)]
struct Said {
    /// The message's number, once it is stored.
    seq: Option<u64>,
    #[serde(default)]
    duplicate: bool,
    error: Option<jetstream::Error>,
}

fn read(answer: &[u8]) -> Result<Published, Failure> {
    let odd = |why: &dyn Display| {
        Failure::NoAnswer(format!("the broker's answer is no JetStream's: {why}"))
    };
    let said: Said = serde_json::from_slice(answer).map_err(|error| odd(&error))?;
    match said {
        Said {
            error: Some(error), ..
        } => Err(refused(error.error_code(), &error.to_string())),
        Said {
            seq: Some(_),
            duplicate,
            ..
        } => Ok(Published { duplicate }),
        Said { seq: None, .. } => Err(odd(&"neither a number nor an error")),
    }
}

fn refused(code: ErrorCode, text: &str) -> Failure {
    match code {
        ErrorCode::ACCOUNT_RESOURCES_EXCEEDED
        | ErrorCode::INSUFFICIENT_RESOURCES
        | ErrorCode::MEMORY_RESOURCES_EXCEEDED
        | ErrorCode::STORAGE_RESOURCES_EXCEEDED
        // "maximum bytes exceeded", "maximum messages exceeded", a disk without room.
        | ErrorCode::STREAM_STORE_FAILED => Failure::Full,
        ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM | ErrorCode::STREAM_HEADER_EXCEEDS_MAXIMUM => {
            Failure::Refused(text.to_owned())
        }
        _ => Failure::Unavailable(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: u64) -> Result<Published, Failure> {
        let answer = format!(
            r#"{{"type": "io.nats.jetstream.api.v1.pub_ack_response",
                "error": {{"code": 503, "err_code": {code}, "description": "no"}}}}"#
        );
        read(answer.as_bytes())
    }

    #[test]
    fn answers() {
        let stored = |text: &[u8]| read(text).map(|published| published.duplicate);
        assert_eq!(stored(br#"{"stream": "shop-orders", "seq": 1}"#), Ok(false));
        let again = br#"{"stream": "shop-orders", "seq": 1, "duplicate": true}"#;
        assert_eq!(stored(again), Ok(true));
        for code in [10_002, 10_023, 10_028, 10_047, 10_077] {
            assert_eq!(error(code), Err(Failure::Full), "{code}");
        }
        assert!(matches!(error(10_054), Err(Failure::Refused(_))));
        assert!(matches!(error(10_118), Err(Failure::Unavailable(_))));
        for odd in [&b"-ERR"[..], b"{}", br#"{"duplicate": true}"#] {
            assert!(matches!(read(odd), Err(Failure::NoAnswer(_))), "{odd:?}");
        }
    }
}
