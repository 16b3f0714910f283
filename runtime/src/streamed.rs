//! The bodies of answers, which may be made while they are sent: they are calls until the body ends.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::gate::Kept;

/// Bounds an answer: it keeps its turn until the body ends, and a body that is not there by this time ends with an error. `None` is
/// no end. That its length is known does not say that it is there: it may come from another server.
///
/// Both happen as the client reads. One that stops reading is for its connection to deal with.
pub(crate) fn bounded(
    response: Response,
    function: &'static str,
    end: Option<Instant>,
    keep: impl FnOnce() -> Option<Kept>,
) -> Response {
    if response.body().is_end_stream() {
        return response;
    }
    let turn = keep();
    response.map(|body| {
        Body::new(Streamed {
            body,
            function,
            end,
            asked: false,
            timer: None,
            _turn: turn,
        })
    })
}

/// A body that may not be there yet.
struct Streamed {
    body: Body,
    function: &'static str,
    end: Option<Instant>,
    /// Whether it was asked for a part.
    asked: bool,
    timer: Option<Pin<Box<Sleep>>>,
    _turn: Option<Kept>,
}

impl HttpBody for Streamed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let part = Pin::new(&mut self.body).poll_frame(context);
        // One that is there needs no timer.
        let is_first = !std::mem::replace(&mut self.asked, true);
        if is_first && part.is_ready() {
            return part;
        }
        let Some(end) = self.end else {
            return part;
        };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(end)));
        if timer.as_mut().poll(context).is_pending() {
            return part;
        }
        let function = self.function;
        tracing::error!(
            function,
            "an answer took longer than its timeout, and is broken off"
        );
        let late = "the answer took longer than the timeout of its function";
        Poll::Ready(Some(Err(axum::Error::new(late))))
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
    async fn a_body_of_a_known_length_may_not_be_there() {
        let gate = Arc::new(Gate::new(1));
        for (body, parts) in [(Body::empty(), 0), (Body::from("all"), 1)] {
            let turn = gate.enter().await.expect("a turn");
            let response = bounded(Response::new(body), "all", None, || Some(gate.keep(turn)));
            assert!(gate.enter().now_or_never().is_some() == (parts == 0));
            let all = to_bytes(response.into_body(), 100).await.expect("a body");
            assert_eq!(all.len(), parts * 3);
            assert!(gate.enter().now_or_never().is_some(), "its turn is over");
        }
    }
}
