//! What can go wrong with a resource.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// The result of using a resource.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a queue or a cache did not do what it was asked.
///
/// As the answer of an HTTP handler it becomes `500 Internal Server Error` without a word of the
/// reason, which is none of the caller's business.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The program has no connection to anything that holds messages or entries.
    #[error("no backend is connected for {resource}")]
    NotConnected {
        /// The resource: ``the queue `orders` ``.
        resource: String,
    },
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

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}
