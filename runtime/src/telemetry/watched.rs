//! How production runs a call: bounded, counted, and with a line in the log when it fails.

use tracing::Span;

use super::metrics;
use crate::host::{BoxError, Call, Host, Outcome, bounded, for_log};

/// Runs calls in the span of their caller.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watched;

impl Host for Watched {
    async fn run<T, F>(&self, call: Call, handler: F) -> Outcome<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, BoxError>> + Send + 'static,
    {
        let active = metrics::Active::new(call.function);
        let outcome = bounded(call.since, call.timeout, handler).await;
        drop(active);
        metrics::called(call.function, word(&outcome), call.since);
        log(&call, &outcome);
        outcome
    }
}

fn word<T>(outcome: &Outcome<T>) -> &'static str {
    match outcome {
        Outcome::Done(_) => "done",
        Outcome::Failed(_) => "failed",
        Outcome::Panicked(_) => "panicked",
        Outcome::TimedOut => "timed_out",
    }
}

/// One line for each failure. Which message it was stands there, and not what is in it.
fn log<T>(call: &Call, outcome: &Outcome<T>) {
    let function = call.function;
    let error = match outcome {
        Outcome::Done(_) => return tracing::debug!(function, "a call is done"),
        Outcome::Failed(error) => for_log(&**error),
        // The line of the panic itself says where.
        Outcome::Panicked(_) => "panicked".to_owned(),
        Outcome::TimedOut => format!("took longer than its timeout, {:?}", call.timeout),
    };
    Span::current().record("otel.status_code", "ERROR");
    if call.messages.is_empty() {
        return tracing::error!(function, error, "a call failed");
    }
    let ids: Vec<&str> = call.messages.iter().map(|message| &*message.id).collect();
    let attempt = call.messages.iter().map(|message| message.attempt).max();
    let queue = call.messages.first().map(|message| message.queue);
    tracing::error!(
        function,
        queue,
        message = "a call failed",
        message_id = ids.join(", "),
        attempt,
        error,
    );
}
