//! The spans of calls, named as OpenTelemetry's semantic conventions have it. Of a request or a message they say where it goes
//! and how it ends, and never what is in it: no payload, no header, and no path, which has people's numbers in it.

use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::Request;
use axum::http::{Method, StatusCode};
use tokio::time::Instant;
use tracing::field::Empty;
use tracing::{Span, debug_span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::{context, metrics};
use crate::handler::Delivery;

/// Whether anybody wants traces. If not, there are spans for the log at the level `debug` alone: one for each call costs more
/// than all else that a pod does about it.
static TRACED: AtomicBool = AtomicBool::new(false);

/// Spans are sent somewhere from now on.
pub(super) fn begin() {
    TRACED.store(true, Ordering::Relaxed);
}

/// Whether spans are sent somewhere.
pub(super) fn traced() -> bool {
    TRACED.load(Ordering::Relaxed)
}

/// What brings the messages.
const SYSTEM: &str = "nats";

/// A request under way.
pub(crate) struct Asked {
    function: &'static str,
    route: &'static str,
    method: Method,
    since: Instant,
    span: Span,
}

impl Asked {
    /// One that came then.
    pub(crate) fn new(
        function: &'static str,
        route: &'static str,
        request: &Request,
        since: Instant,
    ) -> Self {
        Self {
            function,
            route,
            method: request.method().clone(),
            since,
            span: request_span(function, route, request),
        }
    }

    /// What its handler runs in.
    pub(crate) fn span(&self) -> Span {
        self.span.clone()
    }

    /// Says how it ended. Without that whoever asked went away.
    pub(crate) fn answered(self, status: StatusCode) {
        self.span
            .record("http.response.status_code", i64::from(status.as_u16()));
        if status.is_server_error() {
            self.span.record("otel.status_code", "ERROR");
        }
        metrics::answered(self.function, self.route, &self.method, status, self.since);
    }
}

/// Of a request: a child of its caller's, where the headers say so.
fn request_span(function: &str, route: &str, request: &Request) -> Span {
    if !traced() {
        return debug_span!(parent: None, "request", cloudc.function = function);
    }
    let method = request.method().as_str();
    let span = info_span!(
        parent: None,
        "request",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
        cloudc.function = function,
        trace_id = Empty,
    );
    if let Some(parent) = context::of_request(request.headers()) {
        // It fails where there are no traces.
        let _ = span.set_parent(parent);
    }
    with_trace(span)
}

/// Of the delivery of one or more messages. The first delivery of a message is a child of what sent it. A later one may come
/// much later and more than once, so it is a trace of its own with a link; and so is a batch, which has many senders.
pub(crate) fn delivery_span(function: &str, queue: &str, deliveries: &[Delivery]) -> Span {
    if !traced() {
        return debug_span!(parent: None, "delivery", cloudc.function = function);
    }
    let span = info_span!(
        parent: None,
        "delivery",
        otel.name = format!("process {queue}"),
        otel.kind = "consumer",
        otel.status_code = Empty,
        messaging.system = SYSTEM,
        messaging.destination.name = queue,
        messaging.operation.name = "process",
        messaging.operation.type = "process",
        messaging.message.id = Empty,
        messaging.batch.message_count = Empty,
        cloudc.function = function,
        cloudc.attempt = Empty,
        trace_id = Empty,
    );
    if let [delivery] = deliveries {
        span.record("messaging.message.id", &delivery.id);
        span.record("cloudc.attempt", delivery.attempt);
    } else {
        span.record("messaging.batch.message_count", deliveries.len());
    }
    for delivery in deliveries {
        let Some(sender) = context::of_message(&delivery.headers) else {
            continue;
        };
        if deliveries.len() == 1 && delivery.attempt == 1 {
            let _ = span.set_parent(sender);
        } else {
            span.add_link(context::span_of(&sender));
        }
    }
    with_trace(span)
}

/// Of a run of a schedule function.
pub fn schedule_span(function: &str) -> Span {
    with_trace(info_span!(
        parent: None,
        "schedule",
        otel.name = format!("run {function}"),
        otel.kind = "internal",
        otel.status_code = Empty,
        faas.trigger = "timer",
        cloudc.function = function,
        trace_id = Empty,
    ))
}

/// Lets each line of the log say which trace it belongs to.
fn with_trace(span: Span) -> Span {
    if let Some(trace) = context::trace_of(&span) {
        span.record("trace_id", trace.to_string());
    }
    span
}
