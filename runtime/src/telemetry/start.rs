//! The begin and the end of telemetry.

use std::fmt;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use opentelemetry::metrics::MeterProvider as _;
use opentelemetry::trace::TracerProvider as _;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, Registry};

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
    let traces = export.traces.as_ref().map(|provider| {
        tracing_opentelemetry::layer()
            .with_tracer(provider.tracer(NAME))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(logs::traced())
    });
    Registry::default()
        .with(traces)
        .with(logs::layer(variable("RUST_LOG").as_deref())?)
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
