//! HTTP handlers as one axum router.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{MethodFilter, on_service};
use tokio::time::Instant;
use tower::service_fn;
use tracing::Instrument as _;

use crate::gate::Gate;
use crate::host::{Call, Host, Outcome, Plain};
use crate::problem::problem;
use crate::registry::{FunctionRegistration, Trigger, functions};
use crate::streamed::bounded;
use crate::telemetry;

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
/// `500 Internal Server Error` without a word of the reason. Extractors such as `Json` read two megabytes, axum's own bound: more is
/// `413 Payload Too Large`.
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
            let served = Arc::new(Served {
                host: host.clone(),
                function,
                limits: limits.clone(),
            });
            let service = service_fn(move |request| answer(Arc::clone(&served), request));
            router = router.route(path, on_service(method, service));
        }
    }
    router
        .fallback(async || problem(StatusCode::NOT_FOUND, None))
        .method_not_allowed_fallback(async || problem(StatusCode::METHOD_NOT_ALLOWED, None))
}

/// What answers the requests of one function.
struct Served<H> {
    host: H,
    function: &'static FunctionRegistration,
    limits: Limits,
}

async fn answer<H: Host>(served: Arc<Served<H>>, request: Request) -> Result<Response, Infallible> {
    let function = served.function;
    let Trigger::Http { handle, path, .. } = function.trigger else {
        return Ok(problem(StatusCode::NOT_FOUND, None));
    };
    let since = Instant::now();
    let asked = telemetry::Asked::new(function.name, path, &request, since);
    let call = Call {
        function: function.name,
        since,
        timeout: served.limits.timeout,
        messages: Vec::new(),
    };
    // It begins when it has its turn.
    let whole = H::whole(handle(request));
    let host = served.host.clone();
    let reply = async move {
        let limits = &served.limits;
        let turn = match &limits.gate {
            None => None,
            Some(gate) => match gate.enter().await {
                Some(turn) => Some(turn),
                None => return Ok(problem(StatusCode::SERVICE_UNAVAILABLE, None)),
            },
        };
        let end = since.checked_add(limits.timeout);
        Ok(bounded(whole.await?, function.name, end, || {
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
    Ok(response)
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
