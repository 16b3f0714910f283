//! What is counted and measured. Nothing is, until there is somebody to tell.

use std::sync::OnceLock;

use axum::http::{Method, StatusCode};
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Gauge, Histogram, Meter, UpDownCounter};
use tokio::time::Instant;

/// Where the steps of durations are, in seconds; the longest handler may take an hour.
const SECONDS: [f64; 18] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
    300.0, 900.0, 3600.0,
];

const FUNCTION: &str = "cloudc.function";
const QUEUE: &str = "messaging.destination.name";

static METRICS: OnceLock<Metrics> = OnceLock::new();

struct Metrics {
    requests: Histogram<f64>,
    calls: Histogram<f64>,
    active: UpDownCounter<i64>,
    deliveries: Counter<u64>,
    retries: Counter<u64>,
    dead_letters: Counter<u64>,
    dropped: Counter<u64>,
    lag: Gauge<u64>,
}

/// Measures from now on.
pub(super) fn begin(meter: &Meter) {
    let seconds = |name: &'static str, what: &'static str| {
        meter
            .f64_histogram(name)
            .with_description(what)
            .with_unit("s")
            .with_boundaries(SECONDS.to_vec())
            .build()
    };
    let messages = |name: &'static str, what: &'static str| {
        meter
            .u64_counter(name)
            .with_description(what)
            .with_unit("{message}")
            .build()
    };
    METRICS.get_or_init(|| Metrics {
        requests: seconds("http.server.request.duration", "How long requests took"),
        calls: seconds(
            "cloudc.function.duration",
            "How long calls of handlers took, with the wait for their turn",
        ),
        active: meter
            .i64_up_down_counter("cloudc.function.active")
            .with_description("Calls of handlers that run or wait for their turn")
            .with_unit("{call}")
            .build(),
        deliveries: messages(
            "cloudc.queue.deliveries",
            "Messages that were given to a handler",
        ),
        retries: messages("cloudc.queue.retries", "Messages that shall come again"),
        dead_letters: messages(
            "cloudc.queue.dead_letters",
            "Messages that failed for good and were kept",
        ),
        dropped: messages(
            "cloudc.queue.dropped",
            "Messages that failed for good and whose queue keeps no dead letters",
        ),
        lag: meter
            .u64_gauge("cloudc.queue.lag")
            .with_description("Messages that wait for their delivery or settlement")
            .with_unit("{message}")
            .build(),
    });
}

/// A call that runs, until this is dropped.
pub(super) struct Active(&'static str);

impl Active {
    pub(super) fn new(function: &'static str) -> Self {
        Self::count(function, 1);
        Self(function)
    }

    fn count(function: &'static str, change: i64) {
        if let Some(metrics) = METRICS.get() {
            metrics
                .active
                .add(change, &[KeyValue::new(FUNCTION, function)]);
        }
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        Self::count(self.0, -1);
    }
}

/// A call has ended that began then.
pub(super) fn called(function: &'static str, outcome: &'static str, since: Instant) {
    if let Some(metrics) = METRICS.get() {
        let attributes = [
            KeyValue::new(FUNCTION, function),
            KeyValue::new("cloudc.outcome", outcome),
        ];
        let took = since.elapsed().as_secs_f64();
        metrics.calls.record(took, &attributes);
    }
}

/// A request was answered that came then.
pub(super) fn answered(
    function: &'static str,
    route: &'static str,
    method: &Method,
    status: StatusCode,
    since: Instant,
) {
    if let Some(metrics) = METRICS.get() {
        let attributes = [
            KeyValue::new(FUNCTION, function),
            KeyValue::new("http.route", route),
            KeyValue::new("http.request.method", method.as_str().to_owned()),
            KeyValue::new("http.response.status_code", i64::from(status.as_u16())),
        ];
        let took = since.elapsed().as_secs_f64();
        metrics.requests.record(took, &attributes);
    }
}

/// A handler was given so many messages.
pub(crate) fn delivered(function: &'static str, queue: &'static str, messages: usize) {
    if let Some(metrics) = METRICS.get() {
        metrics
            .deliveries
            .add(messages as u64, &of_queue(function, queue));
    }
}

/// A message shall come again.
pub(crate) fn retried(function: &'static str, queue: &'static str) {
    if let Some(metrics) = METRICS.get() {
        metrics.retries.add(1, &of_queue(function, queue));
    }
}

/// A message failed for good, and was kept.
pub(crate) fn buried(function: &'static str, queue: &'static str) {
    if let Some(metrics) = METRICS.get() {
        metrics.dead_letters.add(1, &of_queue(function, queue));
    }
}

/// A message failed for good, and was not kept.
pub(crate) fn dropped(function: &'static str, queue: &'static str) {
    if let Some(metrics) = METRICS.get() {
        metrics.dropped.add(1, &of_queue(function, queue));
    }
}

/// Whether anybody wants to know.
pub fn measured() -> bool {
    METRICS.get().is_some()
}

/// Says how many messages of a queue wait now. To be called now and then.
pub fn lagging(queue: &'static str, messages: u64) {
    if let Some(metrics) = METRICS.get() {
        metrics.lag.record(messages, &[KeyValue::new(QUEUE, queue)]);
    }
}

fn of_queue(function: &'static str, queue: &'static str) -> [KeyValue; 2] {
    [
        KeyValue::new(FUNCTION, function),
        KeyValue::new(QUEUE, queue),
    ]
}
