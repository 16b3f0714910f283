//! The log: lines for people on a terminal, JSON for machines elsewhere.

use std::io::IsTerminal as _;

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, FilterFn, LevelFilter};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, fmt};

/// What is told where `RUST_LOG` says nothing. What the broker's client has to say of its connection is told
/// by the runtime, and once.
const DEFAULT: &str = "info,async_nats=warn,async_nats::connector=off,h2=warn,hyper=warn,hyper_util=warn,opentelemetry=warn,opentelemetry_sdk=warn,\
                       opentelemetry_otlp=warn,rustls=warn";

/// What comes of sending telemetry, and would bring more of it.
const OWN: [&str; 5] = ["h2", "hyper", "hyper_util", "opentelemetry", "rustls"];

/// Writes to standard output.
///
/// # Errors
///
/// When `RUST_LOG` makes no sense.
pub(super) fn layer<S>(rust_log: Option<&str>) -> Result<impl Layer<S>, String>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let levels = rust_log.filter(|levels| !levels.is_empty());
    let filter = EnvFilter::builder()
        .parse(levels.unwrap_or(DEFAULT))
        .map_err(|error| {
            format!("RUST_LOG makes no sense, set it to levels like info,shop=debug: {error}")
        })?;
    let layer = if std::io::stdout().is_terminal() {
        fmt::layer().boxed()
    } else {
        fmt::layer()
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .boxed()
    };
    // A filter that names no level has all spans made, whatever the others say.
    let discreet = FilterFn::new(is_discreet).with_max_level_hint(LevelFilter::TRACE);
    Ok(layer.with_filter(filter.and(discreet)))
}

/// Libraries whose traces show what is in requests and messages.
const INDISCREET: [&str; 8] = [
    "async_nats",
    "axum",
    "h2",
    "hyper",
    "hyper_util",
    "redis",
    "rustls",
    "tower",
];

/// Whether something may be shown at all.
fn is_discreet(metadata: &Metadata<'_>) -> bool {
    *metadata.level() < Level::TRACE || !INDISCREET.contains(&library(metadata))
}

/// What of all this is worth a trace, whatever the log shows.
pub(super) fn traced() -> FilterFn {
    FilterFn::new(is_worth_a_trace as fn(&Metadata<'_>) -> bool)
        .with_max_level_hint(LevelFilter::INFO)
}

fn is_worth_a_trace(metadata: &Metadata<'_>) -> bool {
    let root = library(metadata);
    let is_own = OWN.contains(&root) || root.starts_with("opentelemetry");
    *metadata.level() <= Level::INFO && !is_own
}

/// Whose words they are: the first part of the target.
fn library<'a>(metadata: &Metadata<'a>) -> &'a str {
    let target = metadata.target();
    target.split("::").next().unwrap_or(target)
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::Registry;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[test]
    fn levels() {
        assert!(layer::<Registry>(None).is_ok());
        assert!(layer::<Registry>(Some("")).is_ok());
        assert!(layer::<Registry>(Some("warn,shop=debug")).is_ok());
        let quiet = Registry::default().with(layer(Some("trace")).expect("levels"));
        tracing::subscriber::with_default(quiet, || {
            assert!(tracing::enabled!(target: "shop", Level::TRACE));
            assert!(tracing::enabled!(target: "async_nats::connection", Level::DEBUG));
            // There it shows whole messages.
            assert!(!tracing::enabled!(target: "async_nats::connection", Level::TRACE));
            assert!(!tracing::enabled!(target: "axum::rejection", Level::TRACE));
        });
        let error = layer::<Registry>(Some("shop=loud")).err();
        let error = error.expect("there is no such level");
        assert!(error.starts_with("RUST_LOG makes no sense"), "{error}");
    }
}
