//! One request, made again while the cluster asks for patience.

use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{Response, StatusCode};
use kube::Error;
use kube::client::Body;
use kube::core::Status;
use kube::core::response::StatusDetails;

/// Attempts of one request.
const ATTEMPTS: u32 = 6;
/// The first pause; each next one is twice as long.
const FIRST: Duration = Duration::from_millis(250);
/// The longest pause that a server may ask for.
const LONGEST: Duration = Duration::from_secs(30);

/// Makes a request that may be made twice, until it is answered. A server that is busy (429, with its own idea of
/// when to come again), that restarts (500, 503, 504) or hangs up is asked again: six times, over about eight seconds.
pub(super) async fn patiently<T>(
    mut request: impl AsyncFnMut() -> kube::Result<T>,
) -> kube::Result<T> {
    let mut pause = FIRST;
    for _ in 1..ATTEMPTS {
        match request().await {
            Err(error) if is_passing(&error) => {
                let asked = asked_for(&error).map(|asked| asked.min(LONGEST));
                tokio::time::sleep(asked.unwrap_or(pause)).await;
                pause *= 2;
            }
            other => return other,
        }
    }
    request().await
}

fn is_passing(error: &Error) -> bool {
    match error {
        Error::Api(status) => {
            matches!(status.code, 429 | 500 | 502 | 503 | 504) && !is_too_large(status)
        }
        Error::Service(cause) => !is_about_trust(&**cause),
        Error::HyperError(_) | Error::ReadEvents(_) => true,
        _ => false,
    }
}

/// Whether the store behind the server took an object for too large, itself or before it was sent there. The server tells it as
/// an error of its own.
pub(super) fn is_too_large(status: &Status) -> bool {
    let said = &status.message;
    said.contains("etcdserver: request is too large")
        || said.contains("trying to send message larger than max")
}

/// Whether the server was reached and not believed: nothing that time mends.
fn is_about_trust(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<kube::client::AuthError>() || error.to_string().contains("certificate") {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Puts the time that a busy server asks for into the answer, from the header `Retry-After`: of an error kube passes the body on
/// alone, and the API server's filters answer with plain text.
pub(super) fn with_time(answer: Response<Body>) -> Response<Body> {
    let is_busy = matches!(
        answer.status(),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    );
    let header = answer.headers().get(RETRY_AFTER);
    let seconds = header.and_then(|seconds| seconds.to_str().ok()?.parse().ok());
    let Some(seconds) = seconds.filter(|_| is_busy) else {
        return answer;
    };
    let mut status = Status::failure(
        "Too many requests, please try again later.",
        "TooManyRequests",
    );
    status.code = answer.status().as_u16();
    status.details = Some(StatusDetails {
        name: String::new(),
        group: String::new(),
        kind: String::new(),
        uid: String::new(),
        causes: Vec::new(),
        retry_after_seconds: seconds,
    });
    let body = serde_json::to_vec(&status).unwrap_or_default();
    answer.map(|_| Body::from(body))
}

/// How long the server asks to be left alone, as the body of its answer has it.
fn asked_for(error: &Error) -> Option<Duration> {
    let Error::Api(status) = error else {
        return None;
    };
    let seconds = status.details.as_ref()?.retry_after_seconds;
    (seconds > 0).then(|| Duration::from_secs(seconds.into()))
}
