//! A receiver of OTLP.

use std::sync::{Arc, Mutex};

use cloudc::axum::Router;
use cloudc::axum::body::Bytes;
use cloudc::axum::routing::post;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::trace::v1::Span;
use tokio::net::TcpListener;

/// All that came, as it came.
#[derive(Clone, Default)]
pub(crate) struct Received {
    traces: Arc<Mutex<Vec<Bytes>>>,
    metrics: Arc<Mutex<Vec<Bytes>>>,
}

/// Runs something that sends to a receiver, and says what came.
pub(crate) fn receive<R>(send: impl FnOnce(&str) -> R) -> (R, Received) {
    let received = Received::default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let listener = runtime
        .block_on(TcpListener::bind(("127.0.0.1", 0)))
        .expect("a free port");
    let address = listener.local_addr().expect("an address");
    let keep = |into: &Arc<Mutex<Vec<Bytes>>>| {
        let into = Arc::clone(into);
        post(async move |body: Bytes| into.lock().expect("no panic").push(body))
    };
    let router = Router::new()
        .route("/v1/traces", keep(&received.traces))
        .route("/v1/metrics", keep(&received.metrics));
    runtime.spawn(async { cloudc::axum::serve(listener, router).await });
    (send(&format!("http://{address}")), received)
}

impl Received {
    pub(crate) fn spans(&self) -> Vec<Span> {
        let requests = self.decoded::<ExportTraceServiceRequest>(&self.traces);
        let resources = requests.into_iter().flat_map(|one| one.resource_spans);
        let scopes = resources.flat_map(|resource| resource.scope_spans);
        scopes.flat_map(|scope| scope.spans).collect()
    }

    pub(crate) fn metrics(&self) -> Vec<Metric> {
        let requests = self.decoded::<ExportMetricsServiceRequest>(&self.metrics);
        let resources = requests.into_iter().flat_map(|one| one.resource_metrics);
        let scopes = resources.flat_map(|resource| resource.scope_metrics);
        scopes.flat_map(|scope| scope.metrics).collect()
    }

    /// What the sender says of itself, with the spans and with the metrics.
    pub(crate) fn senders(&self) -> Vec<Vec<KeyValue>> {
        let traces = self.decoded::<ExportTraceServiceRequest>(&self.traces);
        let metrics = self.decoded::<ExportMetricsServiceRequest>(&self.metrics);
        let of_spans = traces.into_iter().flat_map(|one| one.resource_spans);
        let of_metrics = metrics.into_iter().flat_map(|one| one.resource_metrics);
        of_spans
            .filter_map(|one| one.resource)
            .chain(of_metrics.filter_map(|one| one.resource))
            .map(|resource| resource.attributes)
            .collect()
    }

    /// Whether this stands anywhere in what came.
    pub(crate) fn contains(&self, text: &str) -> bool {
        let mut bodies = [&self.traces, &self.metrics]
            .into_iter()
            .flat_map(|bodies| bodies.lock().expect("no panic").clone());
        bodies.any(|body| body.windows(text.len()).any(|part| part == text.as_bytes()))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.senders().is_empty()
    }

    fn decoded<T: prost::Message + Default>(&self, bodies: &Mutex<Vec<Bytes>>) -> Vec<T> {
        let bodies = bodies.lock().expect("no panic");
        let decode = |body: &Bytes| T::decode(&body[..]).expect("protobuf");
        bodies.iter().map(decode).collect()
    }
}

/// An attribute, as text.
pub(crate) fn attribute(attributes: &[KeyValue], key: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    match &found.value {
        Some(AnyValue {
            value: Some(Value::StringValue(text)),
        }) => Some(text.clone()),
        Some(AnyValue {
            value: Some(Value::IntValue(number)),
        }) => Some(number.to_string()),
        _ => None,
    }
}
