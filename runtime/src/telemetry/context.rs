//! Which trace something belongs to, on its way through the headers of requests and messages: W3C's `traceparent` and
//! `tracestate`.

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator as _};
use opentelemetry::trace::{SpanContext, TraceContextExt as _};
use opentelemetry::{Context, trace::TraceId};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// Adds the current span to the headers of a message. Without traces there is none.
pub(crate) fn inject(headers: &mut BTreeMap<String, String>) {
    if !super::spans::traced() {
        return;
    }
    let context = Span::current().context();
    TraceContextPropagator::new().inject_context(&context, &mut Headers(headers));
}

/// Whose request this is, if the headers say so.
pub(super) fn of_request(headers: &HeaderMap) -> Option<Context> {
    valid(
        TraceContextPropagator::new()
            .extract_with_context(&Context::new(), &HeaderExtractor(headers)),
    )
}

/// Who sent a message, if its headers say so.
pub(super) fn of_message(headers: &BTreeMap<String, String>) -> Option<Context> {
    valid(TraceContextPropagator::new().extract_with_context(&Context::new(), &Fields(headers)))
}

/// The span that a context is about.
pub(super) fn span_of(context: &Context) -> SpanContext {
    context.span().span_context().clone()
}

/// The trace that a span belongs to; `None` where there are no traces.
pub(super) fn trace_of(span: &Span) -> Option<TraceId> {
    let context = span.context();
    let span = context.span();
    let span = span.span_context();
    span.is_valid().then(|| span.trace_id())
}

fn valid(context: Context) -> Option<Context> {
    span_of(&context).is_valid().then_some(context)
}

struct Headers<'a>(&'a mut BTreeMap<String, String>);

impl Injector for Headers<'_> {
    fn set(&mut self, key: &str, value: String) {
        // Most traces have no state, and say so by an empty one.
        if !value.is_empty() {
            self.0.insert(key.to_owned(), value);
        }
    }
}

struct Fields<'a>(&'a BTreeMap<String, String>);

impl Extractor for Fields<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }
}
