//! What the server knows of a queue's consumer.

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::consumer::Info;
use async_nats::jetstream::response::Response;

use super::link::Link;
use crate::backend::Failure;

/// How many messages a consumer lags behind: those that wait for their first delivery, and those that are not settled.
/// It is `<stream>.<consumer>`.
///
/// # Errors
///
/// Among others, when there is no such consumer. Older servers do not answer requests for messages then.
pub(super) async fn lag(link: &Link, consumer: &str) -> Result<u64, Failure> {
    let subject = format!("$JS.API.CONSUMER.INFO.{consumer}");
    match link.api::<Info>(&subject, Vec::new()).await? {
        Response::Ok(info) => Ok(info.num_pending + info.num_ack_pending as u64),
        Response::Err { error } => Err(match error.error_code() {
            ErrorCode::CONSUMER_NOT_FOUND | ErrorCode::STREAM_NOT_FOUND => link.nobody(),
            _ => Failure::Unavailable(error.to_string()),
        }),
    }
}
