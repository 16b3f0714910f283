//! HTTP handlers as one axum router.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{MethodFilter, on};
use tokio::time::Instant;
use tracing::Instrument as _;

use crate::gate::Gate;
use crate::host::{Call, Host, Outcome, Plain};
use crate::problem::problem;
use crate::registry::{FunctionRegistration, Trigger, functions};
use crate::streamed::bounded;
use crate::telemetry;

/// The largest body that extractors such as `Json` read, in bytes; more is `413 Payload Too Large`.
const MAX_BODY: usize = 2 * 1024 * 1024;

/// What holds for every call of a service.
#[derive(Clone)]
pub(crate) struct Limits {
    /// How long one may take, with the wait for its turn and until its body ends.
    pub(crate) timeout: Duration,
    /// How many run at the same time; `None` where somebody else sees to it.
    pub(crate) gate: Option<Arc<Gate>>,
}

/// The routes of the linked HTTP handlers with these names; other names are passed over. A call may take
/// as long as it likes.
///
/// # Panics
///
/// As axum does, when two of them have the same route. The compiler lets no such application through.
pub fn router(names: &[&str]) -> Router {
    let limits = Limits {
        timeout: Duration::MAX,
        gate: None,
    };
    routes(names, &limits, &Plain)
}

/// The same, with bounds for each call: `504 Gateway Timeout`, as Knative's proxy answers it, and
/// `503 Service Unavailable` for one that would wait too long for its turn. A handler that panics is
/// `500 Internal Server Error` without a word of the reason.
pub(crate) fn routes(names: &[&str], limits: &Limits, host: &impl Host) -> Router {
    let mut router = Router::new();
    for function in functions() {
        let Trigger::Http { method, path, .. } = function.trigger else {
            continue;
        };
        let Some(method) = filter(method) else {
            continue;
        };
        if names.contains(&function.name) {
            let (host, limits) = (host.clone(), limits.clone());
            let handler = move |request| answer(host.clone(), function, limits.clone(), request);
            router = router.route(path, on(method, handler));
        }
    }
    router
        .fallback(async || problem(StatusCode::NOT_FOUND, None))
        .method_not_allowed_fallback(async || problem(StatusCode::METHOD_NOT_ALLOWED, None))
        .layer(DefaultBodyLimit::max(MAX_BODY))
}

async fn answer(
    host: impl Host,
    function: &'static FunctionRegistration,
    limits: Limits,
    request: Request,
) -> Response {
    let Trigger::Http { handle, path, .. } = function.trigger else {
        return problem(StatusCode::NOT_FOUND, None);
    };
    let asked = telemetry::Asked::new(function.name, path, &request);
    let call = Call {
        function: function.name,
        timeout: limits.timeout,
        messages: Vec::new(),
    };
    let whole = host.clone();
    let reply = async move {
        let end = Instant::now().checked_add(limits.timeout);
        let turn = match &limits.gate {
            None => None,
            Some(gate) => match gate.enter().await {
                Some(turn) => Some(turn),
                None => return Ok(problem(StatusCode::SERVICE_UNAVAILABLE, None)),
            },
        };
        let response = whole.whole(handle(request).await).await?;
        Ok(bounded(response, function.name, end, || {
            Some(limits.gate.as_ref()?.keep(turn?))
        }))
    };
    let outcome = host.run(call, reply).instrument(asked.span());
    let response = match outcome.await {
        Outcome::Done(response) => response,
        Outcome::TimedOut => problem(StatusCode::GATEWAY_TIMEOUT, None),
        // The body broke off, which only a world knows by now: who asked gets no whole answer.
        Outcome::Failed(_) => problem(StatusCode::BAD_GATEWAY, None),
        Outcome::Panicked(_) => problem(StatusCode::INTERNAL_SERVER_ERROR, None),
    };
    asked.answered(response.status());
    response
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
