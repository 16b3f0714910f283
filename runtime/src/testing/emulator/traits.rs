//! The emulator as the runtime sees it.

use std::sync::Arc;
use std::time::Duration;

use super::{Emulator, Inner, Taken};
use crate::backend::{Answer, Broker, Dead, Hold, Lease, Outgoing, Published, Settlement, Store};

/// The hold on one delivery.
struct Held {
    inner: Arc<Inner>,
    queue: Arc<str>,
    sequence: u64,
    attempt: u32,
}

impl Broker for Emulator {
    fn publish(&self, queue: &str, messages: Vec<Outgoing>) -> Answer<'_, Vec<Published>> {
        let queue = queue.to_owned();
        Box::pin(async move {
            let taken = self.take(&queue, messages)?;
            let published = |taken: &Taken| Published {
                duplicate: matches!(taken, Taken::Duplicate(_)),
            };
            Ok(taken.iter().map(published).collect())
        })
    }

    fn pull(&self, queue: &str, most: usize) -> Answer<'_, Vec<Lease>> {
        let queue: Arc<str> = Arc::from(queue);
        Box::pin(async move {
            let fetched = self.pull_raw(&queue, most).await?;
            let lease = |one: super::Fetched| Lease {
                hold: Box::new(Held {
                    inner: Arc::clone(&self.inner),
                    queue: Arc::clone(&queue),
                    sequence: one.sequence,
                    attempt: one.delivery.attempt,
                }),
                delivery: one.delivery,
                sequence: one.sequence,
                // Its queues are made once.
                stored: 0,
            };
            Ok(fetched.into_iter().map(lease).collect())
        })
    }

    fn bury(&self, queue: &str, dead: Dead) -> Answer<'_, ()> {
        let queue = queue.to_owned();
        Box::pin(async move { self.bury(&queue, dead) })
    }

    fn stop<'a>(&'a self, queue: &'a str) -> Answer<'a, ()> {
        Box::pin(async move { self.stop_pulls(queue) })
    }

    fn lag<'a>(&'a self, queue: &'a str) -> Answer<'a, u64> {
        Box::pin(async move { self.stream(queue, |stream, now| stream.len(now) as u64) })
    }
}

impl Hold for Held {
    fn settle(&self, how: Settlement) -> Answer<'_, ()> {
        Box::pin(async move {
            self.inner
                .settle(&self.queue, self.sequence, self.attempt, how)?;
            Ok(())
        })
    }
}

// Nothing is done before the answer is waited for, as with a real server.
impl Store for Emulator {
    fn get(&self, cache: &str, key: &[u8]) -> Answer<'_, Option<Vec<u8>>> {
        let (cache, key) = (cache.to_owned(), key.to_vec());
        Box::pin(async move { self.store(&cache, |store, now| store.get(now, &key)) })
    }

    fn contains(&self, cache: &str, key: &[u8]) -> Answer<'_, bool> {
        let (cache, key) = (cache.to_owned(), key.to_vec());
        Box::pin(async move { self.store(&cache, |store, now| store.contains(now, &key)) })
    }

    fn set(
        &self,
        cache: &str,
        key: &[u8],
        value: Vec<u8>,
        ttl: Option<Duration>,
    ) -> Answer<'_, ()> {
        let (cache, key) = (cache.to_owned(), key.to_vec());
        Box::pin(async move { self.store(&cache, |store, now| store.set(now, &key, value, ttl))? })
    }

    fn remove(&self, cache: &str, key: &[u8]) -> Answer<'_, ()> {
        let (cache, key) = (cache.to_owned(), key.to_vec());
        Box::pin(async move {
            self.store(&cache, |store, now| store.remove(now, &key))?;
            Ok(())
        })
    }
}
