//! How production runs a call: bounded, counted, and with a line in the log when it fails.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tracing::Span;

use super::metrics;
use crate::host::{Bounded, BoxError, Call, Host, Outcome, bounded, for_log};

/// Runs calls in the span of their caller.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watched;

impl Host for Watched {
    fn run<T, F>(&self, call: Call, handler: F) -> impl Future<Output = Outcome<T>> + Send
    where
        T: Send + 'static,
        F: Future<Output = Result<T, BoxError>> + Send + 'static,
    {
        Watching {
            _active: metrics::Active::new(call.function),
            handler: bounded(call.since, call.timeout, handler),
            call,
        }
    }
}

pin_project! {
    /// A call that runs.
    struct Watching<F> {
        #[pin]
        handler: Bounded<F>,
        call: Call,
        _active: metrics::Active,
    }
}

impl<T, F> Future for Watching<F>
where
    F: Future<Output = Result<T, BoxError>>,
{
    type Output = Outcome<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome<T>> {
        let this = self.project();
        let outcome = ready!(this.handler.poll(context));
        metrics::called(this.call.function, word(&outcome), this.call.since);
        log(this.call, &outcome);
        Poll::Ready(outcome)
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
