//! How many calls run at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Semaphore, SemaphorePermit};

/// So many times as many calls wait as run, before more are turned away: what Knative's proxy does with
/// `containerConcurrency`. There, the proxy is the one that counts.
const WAITING: usize = 10;

/// Lets so many calls run, and some more wait.
pub(crate) struct Gate {
    slots: Semaphore,
    waiting: AtomicUsize,
    most_waiting: usize,
}

impl Gate {
    /// For so many calls at the same time.
    #[cfg_attr(
        not(any(feature = "shim", feature = "test", test)),
        expect(dead_code, reason = "only pods and worlds have one")
    )]
    pub(crate) fn new(concurrency: u32) -> Self {
        let slots = (concurrency as usize).clamp(1, Semaphore::MAX_PERMITS);
        Self {
            slots: Semaphore::new(slots),
            waiting: AtomicUsize::new(0),
            most_waiting: slots.saturating_mul(WAITING),
        }
    }

    /// Waits for its turn, which lasts until what is returned is dropped. `None` when too many wait already.
    pub(crate) async fn enter(&self) -> Option<SemaphorePermit<'_>> {
        match self.slots.try_acquire() {
            Ok(turn) => Some(turn),
            // Few calls wait, and those that do not shall have no room for it.
            Err(_) => Box::pin(self.wait()).await,
        }
    }

    async fn wait(&self) -> Option<SemaphorePermit<'_>> {
        let place = Place::take(&self.waiting);
        if place.number > self.most_waiting {
            return None;
        }
        // Nobody closes the semaphore.
        self.slots.acquire().await.ok()
    }

    /// Has a turn last longer than the call that took it.
    pub(crate) fn keep(self: &Arc<Self>, turn: SemaphorePermit<'_>) -> Kept {
        turn.forget();
        Kept(Arc::clone(self))
    }
}

/// A turn that is over when this is dropped.
pub(crate) struct Kept(Arc<Gate>);

impl Drop for Kept {
    fn drop(&mut self) {
        self.0.slots.add_permits(1);
    }
}

/// A place among those who wait, given up also by a call whose client went away.
struct Place<'a> {
    waiting: &'a AtomicUsize,
    number: usize,
}

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize) -> Self {
        let number = waiting.fetch_add(1, Ordering::Relaxed) + 1;
        Self { waiting, number }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn some_run_some_wait_and_the_rest_is_turned_away() {
        let gate = Gate::new(1);
        let first = gate.enter().now_or_never().flatten();
        assert!(first.is_some(), "the first one runs");
        let mut waiting: Vec<_> = (0..WAITING).map(|_| Box::pin(gate.enter())).collect();
        for one in &mut waiting {
            assert!(one.as_mut().now_or_never().is_none(), "it waits");
        }
        let turned_away = gate.enter().now_or_never();
        assert!(matches!(turned_away, Some(None)), "too many wait");
        // A client that goes away leaves its place to another one.
        waiting.pop();
        assert!(gate.enter().now_or_never().is_none(), "it waits");
        drop(first);
        let next = waiting
            .first_mut()
            .and_then(|one| one.as_mut().now_or_never());
        assert!(matches!(next, Some(Some(_))), "the next one runs");
    }
}
