//! HTTP handlers as one axum router.

use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};

use crate::host::{Call, Host, Outcome, Plain};
use crate::registry::{FunctionRegistration, Trigger, functions};

/// The routes of the linked HTTP handlers with these names; other names are passed over. A call may take
/// as long as it likes.
///
/// # Panics
///
/// As axum does, when two of them have the same route. The compiler lets no such application through.
pub fn router(names: &[&str]) -> Router {
    routes(names, Duration::MAX, &Plain)
}

/// The same, with a bound for each call: `504 Gateway Timeout`, as Knative's proxy answers it. A handler that
/// panics is `500 Internal Server Error` without a word of the reason.
pub(crate) fn routes(names: &[&str], timeout: Duration, host: &impl Host) -> Router {
    let mut router = Router::new();
    for function in functions() {
        let Trigger::Http { method, path, .. } = function.trigger else {
            continue;
        };
        let Some(method) = filter(method) else {
            continue;
        };
        if names.contains(&function.name) {
            let host = host.clone();
            let handler = move |request| answer(host.clone(), function, timeout, request);
            router = router.route(path, on(method, handler));
        }
    }
    router
}

async fn answer(
    host: impl Host,
    function: &'static FunctionRegistration,
    timeout: Duration,
    request: Request,
) -> Response {
    let Trigger::Http { handle, .. } = function.trigger else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let call = Call {
        function: function.name,
        timeout,
        messages: Vec::new(),
    };
    let reply = handle(request);
    let whole = host.clone();
    match host
        .run(call, async move { whole.whole(reply.await).await })
        .await
    {
        Outcome::Done(response) => response,
        Outcome::TimedOut => StatusCode::GATEWAY_TIMEOUT.into_response(),
        // The body broke off, which only a world knows by now: who asked gets no whole answer.
        Outcome::Failed(_) => StatusCode::BAD_GATEWAY.into_response(),
        Outcome::Panicked(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// The methods that the grammar of `http = "…"` lets through.
fn filter(method: &str) -> Option<MethodFilter> {
    Some(match method {
        "GET" => MethodFilter::GET,
        "POST" => MethodFilter::POST,
        "PUT" => MethodFilter::PUT,
        "PATCH" => MethodFilter::PATCH,
        "DELETE" => MethodFilter::DELETE,
        "HEAD" => MethodFilter::HEAD,
        "OPTIONS" => MethodFilter::OPTIONS,
        _ => return None,
    })
}
