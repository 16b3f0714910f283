//! Answers whose body is made while it is sent: they are calls until the body ends.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::gate::Kept;

/// Bounds an answer whose body is not there yet: it keeps its turn until the body ends, and the body ends with an error at this
/// time. `None` is no end.
///
/// Both happen as the client reads: one that stops reading keeps the turn until it hangs up.
pub(crate) fn bounded(
    response: Response,
    function: &'static str,
    end: Option<Instant>,
    keep: impl FnOnce() -> Option<Kept>,
) -> Response {
    if response.body().size_hint().exact().is_some() {
        return response;
    }
    let turn = keep();
    response.map(|body| {
        Body::new(Streamed {
            body,
            function,
            end: end.map(|end| Box::pin(sleep_until(end))),
            _turn: turn,
        })
    })
}

/// A body that is being made.
struct Streamed {
    body: Body,
    function: &'static str,
    end: Option<Pin<Box<Sleep>>>,
    _turn: Option<Kept>,
}

impl HttpBody for Streamed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Some(end) = &mut self.end
            && end.as_mut().poll(context).is_ready()
        {
            let function = self.function;
            tracing::error!(
                function,
                "an answer took longer than its timeout, and is broken off"
            );
            let late = "the answer took longer than the timeout of its function";
            return Poll::Ready(Some(Err(axum::Error::new(late))));
        }
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;
    use std::time::Duration;

    use axum::body::to_bytes;
    use futures_util::FutureExt as _;
    use futures_util::stream::{self, StreamExt as _};

    use super::*;
    use crate::gate::Gate;

    const SECOND: Duration = Duration::from_secs(1);

    /// An answer in so many parts, one a second, that has the only turn.
    async fn answer(gate: &Arc<Gate>, parts: usize) -> Response {
        let turn = gate.enter().await.expect("a turn");
        let parts = stream::iter(0..parts).then(async |_| {
            tokio::time::sleep(SECOND).await;
            Ok::<_, Infallible>("part")
        });
        let response = Response::new(Body::from_stream(parts));
        let end = Instant::now().checked_add(SECOND * 5);
        bounded(response, "parts", end, || Some(gate.keep(turn)))
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_is_part_of_its_call() {
        let gate = Arc::new(Gate::new(1));
        let response = answer(&gate, 3).await;
        assert!(gate.enter().now_or_never().is_none(), "it has the turn");
        let whole = to_bytes(response.into_body(), 100).await.expect("a body");
        assert_eq!(whole, "partpartpart");
        assert!(gate.enter().now_or_never().is_some(), "its turn is over");

        let begun = Instant::now();
        let response = answer(&gate, 30).await;
        to_bytes(response.into_body(), 1_000)
            .await
            .expect_err("it takes too long");
        assert_eq!(begun.elapsed(), SECOND * 5);
        assert!(gate.enter().now_or_never().is_some(), "its turn is over");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_is_there_is_left_alone() {
        let kept = || -> Option<Kept> { panic!("it needs no turn") };
        let response = bounded(Response::new(Body::from("all")), "all", None, kept);
        assert_eq!(response.body().size_hint().exact(), Some(3));
    }
}
