//! What can go wrong with a resource.

use std::fmt;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::backend::Failure;
use crate::host::for_log;
use crate::problem::problem;

/// The result of using a resource.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a queue or a cache did not do what it was asked.
///
/// As the answer of an HTTP handler it becomes `500 Internal Server Error` without a word of the
/// reason, which is none of the caller's business and goes to the log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The program has no connection to anything that holds messages or entries.
    #[error("no backend is connected for {resource}{}", HELP)]
    NotConnected {
        /// The resource: ``the queue `orders` ``.
        resource: String,
    },
    /// The backend did nothing: it is away, or does not know the resource. Trying again may help.
    #[error("{resource} is not available: {reason}")]
    Unavailable {
        /// The resource: ``the queue `orders` ``.
        resource: String,
        /// What is known of it.
        reason: String,
    },
    /// The backend did not answer in time. What it was asked may be done or not.
    #[error("{resource} did not answer: {reason}")]
    NoAnswer {
        /// The resource: ``the queue `orders` ``.
        resource: String,
        /// What is known of it.
        reason: String,
    },
    /// A message or value that is larger than the backend takes.
    #[error("{resource} does not take {size} bytes; {limit} are the most")]
    TooLarge {
        /// The resource: ``the queue `orders` ``.
        resource: String,
        /// The size in bytes.
        size: usize,
        /// The most bytes.
        limit: usize,
    },
    /// A server that has no room left, and evicts nothing: a queue at its bound, a full disk, a cache without memory.
    #[error("{resource} has no room left")]
    Full {
        /// The resource: ``the queue `orders` ``, ``the cache `prices` ``.
        resource: String,
    },
    /// What was asked makes no sense to the backend, such as an entry that lives for no time.
    #[error("{resource} refuses: {reason}")]
    Refused {
        /// The resource: ``the cache `prices` ``.
        resource: String,
        /// Why.
        reason: String,
    },
    /// Only in a test: the graph does not have this use, so the cluster would refuse it.
    #[error("{0}")]
    NotInGraph(String),
    /// A message, key or value that serde cannot turn into JSON.
    #[error("cannot encode {what} of {resource} as JSON")]
    Encode {
        /// `a message`, `a key` or `a value`.
        what: &'static str,
        /// The resource: ``the queue `orders` ``.
        resource: String,
        /// What serde says.
        source: serde_json::Error,
    },
    /// A message or value that serde cannot make of its JSON.
    #[error("cannot decode {what} of {resource} from JSON")]
    Decode {
        /// `a message` or `a value`.
        what: &'static str,
        /// The resource: ``the queue `orders` ``.
        resource: String,
        /// What serde says.
        source: serde_json::Error,
    },
}

/// What a test should do.
#[cfg(feature = "test")]
const HELP: &str = "; in a test, write `#[cloudc::test]` and take a `World`";
#[cfg(not(feature = "test"))]
const HELP: &str = "";

impl Error {
    pub(crate) fn not_connected(resource: &impl fmt::Display) -> Self {
        Self::NotConnected {
            resource: resource.to_string(),
        }
    }

    pub(crate) fn from_backend(resource: &impl fmt::Display, failure: Failure) -> Self {
        let resource = resource.to_string();
        match failure {
            Failure::Unavailable(reason) => Self::Unavailable { resource, reason },
            Failure::NoAnswer(reason) => Self::NoAnswer { resource, reason },
            Failure::TooLarge { size, limit } => Self::TooLarge {
                resource,
                size,
                limit,
            },
            Failure::Full => Self::Full { resource },
            Failure::Refused(reason) => Self::Refused { resource, reason },
            Failure::NotInGraph(reason) => Self::NotInGraph(reason),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        tracing::error!(error = for_log(&self), "a handler answered with an error");
        problem(StatusCode::INTERNAL_SERVER_ERROR, None)
    }
}
