//! Running one call of a handler: its panic is caught, and its timeout ends it.

use std::any::Any;
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::response::Response;
use futures_util::FutureExt as _;
use pin_project_lite::pin_project;
use tokio::task::coop::{Unconstrained, unconstrained};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::handler::Reply;

/// What a handler says that could not do its work.
pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// One call of a handler, as the one who calls knows it.
#[cfg_attr(
    not(any(feature = "shim", feature = "test")),
    expect(dead_code, reason = "an application without either runs no calls")
)]
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// The function's name.
    pub(crate) function: &'static str,
    /// When it began.
    pub(crate) since: Instant,
    /// How long it may take from then on.
    pub(crate) timeout: Duration,
    /// The messages that it takes; none for a request or a schedule.
    pub(crate) messages: Vec<Taken>,
}

/// A message that a call takes.
#[cfg_attr(
    not(any(feature = "shim", feature = "test")),
    expect(dead_code, reason = "an application without either runs no calls")
)]
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    /// The queue's name.
    pub(crate) queue: &'static str,
    /// The same at each delivery.
    #[cfg_attr(
        not(feature = "shim"),
        expect(dead_code, reason = "a world knows it already")
    )]
    pub(crate) id: String,
    /// Its number in the queue, where the broker says.
    #[cfg_attr(
        all(feature = "shim", not(feature = "test")),
        expect(dead_code, reason = "only a world looks at it")
    )]
    pub(crate) sequence: u64,
    /// Which delivery.
    pub(crate) attempt: u32,
}

/// How a call ended.
#[cfg_attr(
    not(any(feature = "shim", feature = "test")),
    expect(dead_code, reason = "an application without either runs no calls")
)]
#[derive(Debug)]
pub(crate) enum Outcome<T> {
    Done(T),
    Failed(BoxError),
    /// With what the panic says.
    Panicked(String),
    TimedOut,
}

/// What runs calls. In production that is [`Plain`]; a test's world looks on, and lets things go wrong.
pub(crate) trait Host: Clone + Send + Sync + 'static {
    /// Runs a call to its end.
    fn run<T, F>(&self, call: Call, handler: F) -> impl Future<Output = Outcome<T>> + Send
    where
        T: Send + 'static,
        F: Future<Output = Result<T, BoxError>> + Send + 'static;

    /// An answer as it leaves the call that made it: in production as it is, its body perhaps still to be
    /// made; in a world whole, so that all of it is the call's doing.
    fn whole(reply: Reply) -> impl Future<Output = Result<Response, BoxError>> + Send + 'static {
        reply.map(Ok)
    }
}

/// Runs a call, and nothing else.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plain;

impl Host for Plain {
    fn run<T, F>(&self, call: Call, handler: F) -> impl Future<Output = Outcome<T>> + Send
    where
        T: Send + 'static,
        F: Future<Output = Result<T, BoxError>> + Send + 'static,
    {
        bounded(call.since, call.timeout, handler)
    }
}

/// Runs a handler until it ends, panics or has taken this long. One that ends without a wait needs no timer.
pub(crate) fn bounded<F>(since: Instant, timeout: Duration, handler: F) -> Bounded<F> {
    Bounded {
        handler,
        end: since.checked_add(timeout),
        timer: None,
    }
}

pin_project! {
    /// A handler that runs, with its bounds. A type of its own, as an `async fn` has room for what it was given and once more
    /// for what it waits for.
    pub(crate) struct Bounded<F> {
        #[pin]
        handler: F,
        end: Option<Instant>,
        timer: Option<Pin<Box<Unconstrained<Sleep>>>>,
    }
}

impl<T, F> Future for Bounded<F>
where
    F: Future<Output = Result<T, BoxError>>,
{
    type Output = Outcome<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome<T>> {
        let this = self.project();
        let handler = this.handler;
        // What a handler leaves behind that panicked is its own; nothing of ours is in it.
        let polled = catch_unwind(AssertUnwindSafe(|| handler.poll(context)));
        match polled {
            Ok(Poll::Ready(Ok(value))) => return Poll::Ready(Outcome::Done(value)),
            Ok(Poll::Ready(Err(error))) => return Poll::Ready(Outcome::Failed(error)),
            Err(panic) => return Poll::Ready(Outcome::Panicked(panic_text(&*panic))),
            Ok(Poll::Pending) => {}
        }
        let Some(end) = *this.end else {
            return Poll::Pending;
        };
        // A handler that takes all of its turn does not take the timer's.
        let timer = this
            .timer
            .get_or_insert_with(|| Box::pin(unconstrained(sleep_until(end))));
        timer.as_mut().poll(context).map(|()| Outcome::TimedOut)
    }
}

/// What a panic says.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    if let Some(text) = panic.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text.clone()
    } else {
        "something that is no text".to_owned()
    }
}

#[cfg(any(test, feature = "shim", feature = "test"))]
impl<T> Outcome<T> {
    /// Why the call did not do its work.
    pub(crate) fn reason(&self) -> Option<String> {
        match self {
            Self::Done(_) => None,
            Self::Failed(error) => Some(with_causes(&**error)),
            Self::Panicked(text) => Some(format!("panicked: {text}")),
            Self::TimedOut => Some("ran into its timeout".to_owned()),
        }
    }
}

/// An error and what caused it, in one line.
#[cfg(any(test, feature = "shim", feature = "test"))]
pub(crate) fn with_causes(error: &(dyn Error + 'static)) -> String {
    chain(error, ToString::to_string)
}

/// The same for a log, which must not say what is in a message or an entry: what serde says of JSON that does not fit quotes
/// from it, so only the place is told.
pub(crate) fn for_log(error: &(dyn Error + 'static)) -> String {
    chain(error, |error| {
        match error.downcast_ref::<serde_json::Error>() {
            Some(json) => format!(
                "{:?} error at line {} column {}",
                json.classify(),
                json.line(),
                json.column()
            ),
            None => error.to_string(),
        }
    })
}

/// An error and its causes, each in these words.
fn chain(
    error: &(dyn Error + 'static),
    words: impl Fn(&(dyn Error + 'static)) -> String,
) -> String {
    let mut texts = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        texts.push(words(error));
        next = error.source();
    }
    texts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn every_end() {
        let second = Duration::from_secs(1);
        assert!(matches!(
            bounded(Instant::now(), second, async { Ok(7) }).await,
            Outcome::Done(7)
        ));
        let failed: Outcome<()> = bounded(Instant::now(), second, async { Err("no".into()) }).await;
        assert_eq!(failed.reason().as_deref(), Some("no"));
        let panicked: Outcome<()> =
            bounded(Instant::now(), second, async { panic!("{} bells", 3) }).await;
        assert_eq!(panicked.reason().as_deref(), Some("panicked: 3 bells"));
        let late: Outcome<()> = bounded(Instant::now(), second, std::future::pending()).await;
        assert_eq!(late.reason().as_deref(), Some("ran into its timeout"));
    }
    #[test]
    fn a_log_does_not_quote_json_that_does_not_fit() {
        let source = serde_json::from_str::<u32>("\"hush\"").expect_err("no number");
        let error = crate::Error::Decode {
            what: "a message",
            resource: "the queue `orders`".to_owned(),
            source,
        };
        assert!(with_causes(&error).contains("hush"));
        assert_eq!(
            for_log(&error),
            "cannot decode a message of the queue `orders` from JSON: Data error at line 1 column 6"
        );
    }
}
