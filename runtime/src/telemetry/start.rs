//! The begin and the end of telemetry.

use std::fmt;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use opentelemetry::metrics::MeterProvider as _;
use opentelemetry::trace::TracerProvider as _;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, Registry};

use super::export::Export;
use super::{logs, metrics, settings, spans};

/// How long the end may take.
pub const FLUSH: Duration = Duration::from_secs(2);

/// The name under which all is told.
const NAME: &str = "cloudc";

/// Telemetry, until this is dropped. Then it sends what it has, for two seconds at the most.
#[must_use = "telemetry ends with it"]
pub struct Guard(Export);

/// Starts logs on standard output, and traces and metrics where the environment says whom to send them.
///
/// # Errors
///
/// What in the environment cannot be followed, or that the program logs already.
pub fn start(app: &str, workload: &str) -> Result<Guard, String> {
    let variable = |name: &str| std::env::var(name).ok();
    let export = Export::new(app, &settings::read(app, workload, variable)?)?;
    Registry::default()
        .with(layers(&export, variable("RUST_LOG").as_deref())?)
        .try_init()
        .map_err(|error| format!("cannot start the log: {error}"))?;
    if export.traces.is_some() {
        spans::begin();
    }
    if let Some(provider) = &export.metrics {
        metrics::begin(&provider.meter(NAME));
    }
    Ok(Guard(export))
}

type Layers = Vec<Box<dyn Layer<Registry> + Send + Sync>>;

/// Who is told of spans and events. A list, for a layer that is there only perhaps would have all spans made, whatever their level.
fn layers(export: &Export, rust_log: Option<&str>) -> Result<Layers, String> {
    let mut layers: Layers = vec![logs::layer(rust_log)?.boxed()];
    if let Some(provider) = &export.traces {
        let traces = tracing_opentelemetry::layer()
            .with_tracer(provider.tracer(NAME))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false);
        layers.insert(0, traces.with_filter(logs::traced()).boxed());
    }
    Ok(layers)
}

impl Drop for Guard {
    /// A receiver that does not answer keeps its thread, and not the program.
    fn drop(&mut self) {
        let (done, ended) = mpsc::channel();
        let traces = self.0.traces.take().map(|provider| {
            in_background(&done, move || {
                let _ = provider.shutdown_with_timeout(FLUSH);
            })
        });
        let metrics = self.0.metrics.take().map(|provider| {
            in_background(&done, move || {
                let _ = provider.shutdown_with_timeout(FLUSH);
            })
        });
        drop(done);
        let deadline = Instant::now() + FLUSH;
        for _ in traces.into_iter().chain(metrics) {
            // It is over when all have ended, too.
            let _ = ended.recv_timeout(deadline.saturating_duration_since(Instant::now()));
        }
    }
}

fn in_background(done: &mpsc::Sender<()>, work: impl FnOnce() + Send + 'static) {
    let done = done.clone();
    let thread = std::thread::Builder::new().name("telemetry".to_owned());
    // Without a thread nothing more is sent.
    let _ = thread.spawn(move || {
        work();
        let _ = done.send(());
    });
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use tracing::Subscriber as _;
    use tracing_subscriber::filter::LevelFilter;

    use super::*;

    /// Of a program with this environment.
    fn level(rust_log: Option<&str>, receiver: Option<&str>) -> Option<LevelFilter> {
        let variable = |name: &str| {
            let receiver = receiver.filter(|_| name == "OTEL_EXPORTER_OTLP_ENDPOINT");
            receiver.map(ToOwned::to_owned)
        };
        let settings = settings::read("shop", "charge", variable).expect("they make sense");
        let export = Export::new("shop", &settings).expect("it begins");
        let layers = layers(&export, rust_log).expect("levels");
        Registry::default().with(layers).max_level_hint()
    }

    /// Each call has a span that is for debugging alone: where nobody debugs, it costs nothing.
    #[test]
    fn spans_that_nobody_sees_are_not_made() {
        let receiver = Some("http://127.0.0.1:1");
        assert_eq!(level(None, None), Some(LevelFilter::INFO));
        assert_eq!(level(None, receiver), Some(LevelFilter::INFO));
        assert_eq!(level(Some("warn"), None), Some(LevelFilter::WARN));
        assert_eq!(level(Some("warn"), receiver), Some(LevelFilter::INFO));
        assert_eq!(level(Some("shop=debug"), None), Some(LevelFilter::DEBUG));
    }
}
