//! What is done beside the call of a handler. Most calls have nothing beside them, and it costs them nothing.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};

/// Work that goes on while something else is waited for.
#[derive(Default)]
pub(super) struct Apart<'a>(Option<FuturesUnordered<BoxFuture<'a, ()>>>);

impl<'a> Apart<'a> {
    /// Adds to it.
    pub(super) fn push(&mut self, work: impl Future<Output = ()> + Send + 'a) {
        self.0.get_or_insert_default().push(work.boxed());
    }

    /// Runs something to its end, and this along with it.
    pub(super) async fn beside<T>(&mut self, future: impl Future<Output = T>) -> T {
        let Some(others) = &mut self.0 else {
            return future.await;
        };
        tokio::pin!(future);
        loop {
            tokio::select! {
                biased;
                done = &mut future => return done,
                Some(()) = others.next() => {}
            }
        }
    }

    /// Waits for what is left.
    pub(super) async fn end(self) {
        if let Some(mut others) = self.0 {
            while others.next().await.is_some() {}
        }
    }
}
