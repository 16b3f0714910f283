//! Traces and metrics on their way to a receiver. Each has a thread that sends what has gathered; what does not fit into its
//! queue while the receiver is away is lost, and no handler waits for it.

use std::sync::Arc;

use opentelemetry::KeyValue;
use opentelemetry_http::HttpClient;
use opentelemetry_otlp::{
    MetricExporter, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;

use super::client::Client;
use super::settings::Settings;

/// What sends; `None` for what nobody wants.
pub(super) struct Export {
    pub(super) traces: Option<SdkTracerProvider>,
    pub(super) metrics: Option<SdkMeterProvider>,
}

impl Export {
    pub(super) fn new(app: &str, settings: &Settings) -> Result<Self, String> {
        let mut export = Self {
            traces: None,
            metrics: None,
        };
        if settings.traces.is_none() && settings.metrics.is_none() {
            return Ok(export);
        }
        let client: Arc<dyn HttpClient> = Arc::new(Client::new()?);
        let resource = resource(app, settings);
        let wrong = |error| format!("cannot send telemetry: {error}");
        if let Some(endpoint) = &settings.traces {
            let exporter = SpanExporter::builder()
                .with_http()
                .with_shared_http_client(Arc::clone(&client))
                .with_endpoint(endpoint)
                .build()
                .map_err(wrong)?;
            let provider = SdkTracerProvider::builder()
                .with_resource(resource.clone())
                .with_batch_exporter(exporter);
            export.traces = Some(provider.build());
        }
        if let Some(endpoint) = &settings.metrics {
            let exporter = MetricExporter::builder()
                .with_http()
                .with_shared_http_client(client)
                .with_endpoint(endpoint)
                .build()
                .map_err(wrong)?;
            let provider = SdkMeterProvider::builder()
                .with_resource(resource)
                .with_periodic_exporter(exporter);
            export.metrics = Some(provider.build());
        }
        Ok(export)
    }
}

/// Who sends. `OTEL_RESOURCE_ATTRIBUTES` may say more.
fn resource(app: &str, settings: &Settings) -> Resource {
    let instance = settings.instance.clone();
    Resource::builder()
        .with_service_name(settings.service.clone())
        .with_attribute(KeyValue::new("service.namespace", app.to_owned()))
        .with_attributes(instance.map(|pod| KeyValue::new("service.instance.id", pod)))
        .build()
}
