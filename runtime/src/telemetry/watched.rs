//! How production runs a call: bounded, counted, and with a line in the log when it fails.

use std::error::Error;
use std::time::Instant;

use tracing::Span;

use super::metrics;
use crate::host::{BoxError, Call, Host, Outcome, bounded};

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
        let start = Instant::now();
        let outcome = bounded(call.timeout, handler).await;
        drop(active);
        let took = start.elapsed();
        metrics::called(call.function, word(&outcome), took);
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
        Outcome::Failed(error) => with_causes(&**error),
        Outcome::Panicked(text) => format!("panicked: {text}"),
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

/// An error and what caused it. What serde says of JSON that does not fit quotes from it, so only the place is told.
fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut texts = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        texts.push(match error.downcast_ref::<serde_json::Error>() {
            Some(json) => format!(
                "{:?} error at line {} column {}",
                json.classify(),
                json.line(),
                json.column()
            ),
            None => error.to_string(),
        });
        next = error.source();
    }
    texts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn json_that_does_not_fit_is_not_quoted() {
        let source = serde_json::from_str::<u32>("\"hush\"").expect_err("no number");
        assert!(source.to_string().contains("hush"));
        let error = Error::Decode {
            what: "a message",
            resource: "the queue `orders`".to_owned(),
            source,
        };
        assert_eq!(
            with_causes(&error),
            "cannot decode a message of the queue `orders` from JSON: Data error at line 1 column 6"
        );
    }
}
