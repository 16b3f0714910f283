//! Whether anything moves on an HTTP/1 connection: one whose client takes too long for the head of a request, has gone without a
//! word, or has stopped reading, is closed.
//!
//! hyper's own timeout for heads sets a timer for each request, and drops it as soon as the head is there. Here a request costs
//! a few counts, and the one timer of a connection goes off every thirty seconds.
//!
//! A connection between two requests is kept for longer than those who may have opened it do: a request that they send while it is
//! closed would fail. Knative's queue-proxy, as every client in Go, keeps one for 90 s, and the load balancers of one large cloud for
//! ten minutes.

use std::io::{IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http;
use axum::response::Response;
use http_body::{Frame, SizeHint};
use hyper::rt::{Read, ReadBufCursor, Write};

/// How long a client may read nothing of an answer that waits for it. The system says that there is room again when a third of what
/// it holds was read, which takes a slow client a while.
const READING: Duration = Duration::from_secs(300);
/// How long a connection is kept between two requests.
pub(super) const IDLE: Duration = Duration::from_secs(620);

/// What moves on a connection, all of it in the connection's own task. Clones are the same.
#[derive(Clone, Default)]
pub(super) struct Pulse(Arc<State>);

#[derive(Default)]
struct State {
    /// How often a request came, or something was written.
    moves: AtomicU64,
    /// Whether a request is under way, until all of its answer was made. HTTP/1 has one at a time.
    busy: AtomicBool,
    /// Whether something waits for the client to read.
    full: AtomicBool,
    /// Whether all that the client has said was a request, the last of them answered.
    idle: AtomicBool,
}

impl Pulse {
    /// Counts what is written, and the first that is read of a request. What is read then does not count: a head may come byte by byte,
    /// for ever.
    pub(super) fn of<T>(&self, io: T) -> Felt<T> {
        Felt {
            io,
            pulse: self.clone(),
        }
    }

    /// A request is there.
    pub(super) fn begin(&self) {
        self.0.busy.store(true, Relaxed);
        self.0.idle.store(true, Relaxed);
        self.moved();
    }

    /// It has its answer, which lasts until its body ends.
    pub(super) fn answer(&self, response: Response) -> http::Response<Answer> {
        response.map(|body| Answer {
            body,
            pulse: self.clone(),
        })
    }

    /// Waits until nothing has moved for this long, and at most twice as long, while the head of a request was under way; for
    /// [`IDLE`] between two requests; or for [`READING`] while something waited for the client.
    pub(super) async fn stands_still(&self, time: Duration) {
        let mut moves = self.0.moves.load(Relaxed);
        let mut still = Duration::ZERO;
        loop {
            tokio::time::sleep(time).await;
            let before = std::mem::replace(&mut moves, self.0.moves.load(Relaxed));
            still = if before == moves {
                still + time
            } else {
                Duration::ZERO
            };
            let patience = match (self.0.full.load(Relaxed), self.0.busy.load(Relaxed)) {
                (true, _) => READING,
                (false, true) => continue,
                (false, false) if self.0.idle.load(Relaxed) => IDLE,
                (false, false) => time,
            };
            if still >= patience {
                return;
            }
        }
    }

    fn moved(&self) {
        // One task alone counts, so no addition can be lost.
        let moves = self.0.moves.load(Relaxed);
        self.0.moves.store(moves.wrapping_add(1), Relaxed);
    }

    fn read(&self, read: &Poll<Result<()>>) {
        // What is read beside a request is its body.
        if read.is_ready() && !self.0.busy.load(Relaxed) && self.0.idle.swap(false, Relaxed) {
            self.moved();
        }
    }

    fn wrote(&self, written: &Poll<Result<usize>>) {
        self.0.full.store(written.is_pending(), Relaxed);
        if written.is_ready() {
            self.moved();
        }
    }
}

/// The body of an answer, which may be made while it is sent.
pub(super) struct Answer {
    body: Body,
    pulse: Pulse,
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.pulse.0.busy.store(false, Relaxed);
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A connection whose writes are counted.
pub(super) struct Felt<T> {
    io: T,
    pulse: Pulse,
}

impl<T: Read + Unpin> Read for Felt<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<Result<()>> {
        let read = Pin::new(&mut self.io).poll_read(context, buffer);
        self.pulse.read(&read);
        read
    }
}

impl<T: Write + Unpin> Write for Felt<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(context, buffer);
        self.pulse.wrote(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(context, buffers);
        self.pulse.wrote(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, sleep, timeout};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_connection_stands_still_when_nothing_is_under_way_and_nothing_moves() {
        let pulse = Pulse::default();
        let began = Instant::now();
        pulse.stands_still(SECOND * 30).await;
        assert_eq!(began.elapsed(), SECOND * 30, "nobody said a word");

        pulse.begin();
        let still = pulse.stands_still(SECOND * 30);
        timeout(SECOND * 600, still)
            .await
            .expect_err("a call is under way");

        let (began, moves) = (Instant::now(), async {
            for _ in 0..10 {
                drop(pulse.answer(Response::default()));
                sleep(SECOND * 600).await;
                pulse.read(&Poll::Ready(Ok(())));
                pulse.begin();
            }
            drop(pulse.answer(Response::default()));
        });
        let ((), ()) = tokio::join!(pulse.stands_still(SECOND * 30), moves);
        let (last, took) = (SECOND * 6_000, began.elapsed());
        assert!(
            took >= last + SECOND * 620 && took <= last + SECOND * 680,
            "{took:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_head_of_another_request_may_take_no_longer_than_that_of_the_first() {
        let pulse = Pulse::default();
        pulse.begin();
        drop(pulse.answer(Response::default()));
        let (began, dribbles) = (Instant::now(), async {
            sleep(SECOND * 500).await;
            for _ in 0..100 {
                pulse.read(&Poll::Ready(Ok(())));
                sleep(SECOND).await;
            }
        });
        let still = pulse.stands_still(SECOND * 30);
        let took = async {
            still.await;
            began.elapsed()
        };
        let (took, ()) = tokio::join!(took, dribbles);
        assert!(took >= SECOND * 530 && took <= SECOND * 560, "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_under_way_until_its_body_ends() {
        let pulse = Pulse::default();
        pulse.begin();
        let answer = pulse.answer(Response::new(Body::from("all of it")));
        timeout(SECOND * 6_000, pulse.stands_still(SECOND))
            .await
            .expect_err("it is");
        drop(answer);
        timeout(SECOND * 700, pulse.stands_still(SECOND))
            .await
            .expect("it is over");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_may_read_slowly_but_not_stop() {
        let pulse = Pulse::default();
        let read = Poll::Ready(Ok(1));
        pulse.wrote(&Poll::Pending);
        let slowly = async {
            for _ in 0..20 {
                sleep(SECOND * 250).await;
                pulse.wrote(&read);
                pulse.wrote(&Poll::Pending);
            }
        };
        let began = Instant::now();
        let ((), ()) = tokio::join!(pulse.stands_still(SECOND * 30), slowly);
        let (last, took) = (SECOND * 5_000, began.elapsed());
        assert!(
            took >= last + SECOND * 300 && took <= last + SECOND * 330,
            "{took:?}"
        );
    }
}
