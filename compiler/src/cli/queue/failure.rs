//! What a broker can refuse, and how that is said.

use serde::Deserialize;

use crate::codes;
use crate::diagnostic::Diagnostic;

/// Why the broker did not do what it was asked. Holds no credentials.
#[derive(Debug)]
pub(super) enum Failure {
    /// `--server` is no address.
    NoAddress,
    /// `--server` is one with a user and a password.
    HasPassword,
    /// No connection.
    Unreachable {
        /// Host and port.
        server: String,
        why: String,
    },
    /// The connection came, and the broker does not know the user.
    Unknown {
        /// Host and port.
        server: String,
    },
    /// The credentials cannot be used, or not be read.
    Credentials(String),
    /// The broker denied the user a subject. It answers a denied request with nothing at all.
    Denied {
        /// `publish`, or [`LISTEN`].
        action: &'static str,
        subject: String,
    },
    /// Nobody answers on this subject.
    NobodyThere(String),
    /// No answer in time.
    NoAnswer(String),
    /// JetStream says no.
    Refused(Refusal),
    /// Something that only a broken broker or a broken message brings about.
    Odd(String),
}

/// An error of JetStream's API.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Refusal {
    #[serde(default)]
    err_code: u64,
    #[serde(default)]
    description: String,
}

/// To subscribe to the subjects of the answers.
const LISTEN: &str = "listen";
/// There is no stream of this name.
pub(super) const STREAM_NOT_FOUND: u64 = 10059;
/// There is no consumer of this name.
pub(super) const CONSUMER_NOT_FOUND: u64 = 10014;
/// There is no message of this number.
pub(super) const NO_MESSAGE_FOUND: u64 = 10037;
/// There is no message of this number to delete.
pub(super) const SEQUENCE_NOT_FOUND: u64 = 10043;
/// JetStream is off, for the server or for the account.
const NO_JETSTREAM: [u64; 2] = [10039, 10076];

impl Failure {
    /// Whether JetStream said no with one of these codes.
    pub(super) fn is(&self, codes: &[u64]) -> bool {
        matches!(self, Self::Refused(refusal) if codes.contains(&refusal.err_code))
    }

    /// Whether the next request would only wait, too.
    pub(super) fn leaves_no_answers(&self) -> bool {
        match self {
            Self::NoAnswer(_) => true,
            Self::Denied { action, .. } => *action == LISTEN,
            _ => false,
        }
    }

    /// The subject on which the broker lets the user not publish.
    pub(super) fn subject_denied(&self) -> Option<&str> {
        match self {
            Self::Denied { action, subject } if *action != LISTEN => Some(subject),
            _ => None,
        }
    }

    /// What an error line of the server denies, if it denies something.
    pub(super) fn denied(line: &str) -> Option<Self> {
        let (_, rest) = line.split_once("Permissions Violation for ")?;
        let action = if rest.starts_with("Publish") {
            "publish"
        } else {
            LISTEN
        };
        let subject = rest.split('"').nth(1).unwrap_or_default().to_owned();
        Some(Self::Denied { action, subject })
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        match failure {
            // What was written may hold a password.
            Failure::NoAddress => Self::error(
                codes::BROKER_UNREACHABLE,
                "what `--server` names is no address of a broker",
            )
            .help("write it so: nats://127.0.0.1:4222, or tls://nats.example.com:4222"),
            Failure::HasPassword => Self::error(
                codes::BROKER_UNREACHABLE,
                "what `--server` names has a user in it, and everybody on this machine can read it there",
            )
            .help("leave it out, and name a folder with the files `user` and `password`, or `token`: --credentials FOLDER"),
            Failure::Unreachable { server, why } => Self::error(
                codes::BROKER_UNREACHABLE,
                format!("cannot reach the broker at {server}: {why}"),
            )
            .help(
                "`--server` is its address; from outside of the cluster: kubectl port-forward \
                 service/APP-nats 4222, and --server nats://127.0.0.1:4222",
            ),
            Failure::Unknown { server } => Self::error(
                codes::BROKER_UNREACHABLE,
                format!("the broker at {server} does not accept the user"),
            )
            .help("name the folder with the user's credentials: --credentials FOLDER"),
            Failure::Credentials(message) => Self::error(codes::BROKER_UNREACHABLE, message).help(
                "the folder holds a file `seed`, `creds` or `token`, or `user` and `password`",
            ),
            Failure::Denied {
                action: LISTEN,
                subject,
            } => Self::error(
                codes::BROKER_DENIED,
                format!("the user may not listen for answers on `{subject}`"),
            )
            .help("say what its answers' subjects start with: --inbox PREFIX"),
            Failure::Denied { subject, .. } => Self::error(
                codes::BROKER_DENIED,
                format!("the user may not publish on `{subject}`"),
            )
            .help("let it, or take another user: --credentials FOLDER"),
            Failure::NobodyThere(subject) => Self::error(
                codes::BROKER_REFUSED,
                format!("nobody at the broker answers on `{subject}`"),
            )
            .help("JetStream is off, or the user is in an account without it"),
            Failure::NoAnswer(subject) => Self::error(
                codes::BROKER_REFUSED,
                format!("the broker does not answer on `{subject}`"),
            )
            .help("run the command again: it goes on where it was"),
            Failure::Refused(refusal) if NO_JETSTREAM.contains(&refusal.err_code) => Self::error(
                codes::BROKER_REFUSED,
                "the user's account has no JetStream at the broker",
            )
            .help("take a user of the account that holds the streams: --credentials FOLDER"),
            Failure::Refused(refusal) => Self::error(
                codes::BROKER_REFUSED,
                format!("the broker says no: {}", refusal.description),
            ),
            Failure::Odd(what) => Self::error(codes::BROKER_REFUSED, what),
        }
    }
}

/// A stream that the provisioner has not made yet.
pub(super) fn not_made(queue: &str, stream: &str) -> Diagnostic {
    let message = format!("the broker has no stream `{stream}` for the queue `{queue}`");
    Diagnostic::error(codes::NOT_AT_BROKER, message)
        .help("run the application's provision Job: it makes streams and consumers")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denial_is_told_from_other_lines() {
        let line = "Permissions Violation for Publish to \"$JS.API.STREAM.INFO.shop-orders\"";
        let failure = Failure::denied(line).expect("a denial");
        let found = Diagnostic::from(failure);
        assert_eq!(
            found.message,
            "the user may not publish on `$JS.API.STREAM.INFO.shop-orders`"
        );
        let line = "Permissions Violation for Subscription to \"_INBOX.a.*\"";
        let found = Diagnostic::from(Failure::denied(line).expect("a denial"));
        assert!(found.message.contains("listen"), "{found:?}");
        assert!(Failure::denied("Stale Connection").is_none());
    }
}
