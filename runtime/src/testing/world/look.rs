//! A look at the queues and caches of a world. Looking changes nothing and is nobody's use.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::inside::Inside;
use crate::registry::ResourceKind;
use crate::testing::emulator::store::Ttl;
use crate::testing::emulator::{Store, Stream};
use crate::{Cache, Queue};

/// What a test can see of a queue. From [`World::queue`](super::World::queue).
pub struct QueueView<T: 'static> {
    pub(super) inside: Arc<Inside>,
    pub(super) queue: &'static Queue<T>,
}

/// A message that failed, and is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The message's id.
    pub id: String,
    /// The payload, as it was sent.
    pub payload: Vec<u8>,
    /// Why it failed.
    pub reason: String,
    /// How often it was delivered.
    pub attempts: u32,
    /// When it was given up, in the world's time since its start.
    pub at: Duration,
}

impl<T> QueueView<T> {
    /// Messages that wait for a delivery: new ones, and those that failed and come again, now or after
    /// a while.
    pub fn pending(&self) -> usize {
        self.look(|stream, now| stream.pending(now) + stream.retrying(now))
    }

    /// Messages that were given up: dead letters, and those that are dropped because the queue keeps none.
    pub fn dropped(&self) -> u64 {
        self.look(|stream, _| stream.terminated())
    }

    /// Messages that are delivered, and not settled.
    pub fn in_flight(&self) -> usize {
        self.look(Stream::in_flight)
    }

    /// Messages that were sent with a delay which is not over.
    pub fn delayed(&self) -> usize {
        self.look(Stream::delayed)
    }

    /// Messages that were handled well.
    pub fn acked(&self) -> u64 {
        self.look(|stream, _| stream.acked())
    }

    /// The dead letters, in the order in which they failed.
    pub fn dead_letters(&self) -> Vec<DeadLetter> {
        self.inside
            .bound_look(ResourceKind::Queue, self.queue.name());
        let dead = self.inside.emulator.dead(self.queue.name());
        dead.into_iter()
            .flatten()
            .map(|(at, dead)| DeadLetter {
                at,
                id: dead.delivery.id,
                payload: dead.delivery.payload,
                reason: dead.reason,
                attempts: dead.delivery.attempt,
            })
            .collect()
    }

    /// The payloads of the messages that are in the queue, in the order in which they were sent. What
    /// does not decode is left out.
    pub fn payloads(&self) -> Vec<T> {
        let payloads: Vec<Vec<u8>> = self.look(|stream, now| {
            let messages = stream.messages(now);
            messages.map(|message| message.payload.to_vec()).collect()
        });
        payloads
            .iter()
            .filter_map(|payload| self.queue.decode(payload).ok())
            .collect()
    }

    fn look<R>(&self, look: impl FnOnce(&mut Stream, Duration) -> R) -> R {
        self.inside
            .bound_look(ResourceKind::Queue, self.queue.name());
        self.inside.look(self.queue.name(), look)
    }

    /// Puts bytes into the queue that may be anything, as a sender of another version might.
    ///
    /// # Panics
    ///
    /// When the world has no such queue.
    #[track_caller]
    pub fn send_bytes(&self, payload: impl Into<Vec<u8>>) {
        if let Err(failure) = self.inside.send_bytes(self.queue.name(), payload.into()) {
            panic!("{} did not take the bytes: {failure}", self.queue);
        }
    }
}

impl<T> fmt::Debug for QueueView<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueueView")
            .field("queue", &self.queue)
            .field("pending", &self.pending())
            .field("in_flight", &self.in_flight())
            .field("acked", &self.acked())
            .finish()
    }
}

/// What a test can see of a cache. From [`World::cache`](super::World::cache).
pub struct CacheView<K: 'static, V: 'static> {
    pub(super) inside: Arc<Inside>,
    pub(super) cache: &'static Cache<K, V>,
}

impl<K, V> CacheView<K, V> {
    /// The value of a key, if there is one that decodes.
    ///
    /// # Panics
    ///
    /// When the key is no JSON.
    #[track_caller]
    pub fn get(&self, key: &K) -> Option<V> {
        let key = self.key(key);
        let value = self.look(|store, now| {
            let mut entries = store.entries(now);
            let entry = entries.find(|entry| entry.key == key)?;
            Some(entry.value.to_vec())
        })?;
        self.cache.decode_value(&value).ok()
    }

    /// How long an entry has left; `None` where there is no entry, or one that lives for ever.
    ///
    /// # Panics
    ///
    /// When the key is no JSON.
    #[track_caller]
    pub fn ttl(&self, key: &K) -> Option<Duration> {
        let key = self.key(key);
        match self.look(|store, now| store.ttl(now, &key)) {
            Ttl::Left(time) => Some(time),
            Ttl::Missing | Ttl::Forever => None,
        }
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.look(Store::len)
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Evicts an entry, as a store may at any time for want of room.
    ///
    /// # Panics
    ///
    /// When the key is no JSON.
    #[track_caller]
    pub fn evict(&self, key: &K) {
        let key = self.key(key);
        self.inside.evict(self.cache.name(), Some(&key));
    }

    /// Evicts every entry, as a store that restarts without its data does.
    pub fn evict_all(&self) {
        self.inside.evict(self.cache.name(), None);
    }

    fn look<T>(&self, look: impl FnOnce(&mut Store, Duration) -> T) -> T {
        self.inside
            .bound_look(ResourceKind::Cache, self.cache.name());
        match self.inside.emulator.store(self.cache.name(), look) {
            Ok(seen) => seen,
            Err(failure) => panic!("{failure}"),
        }
    }

    #[track_caller]
    fn key(&self, key: &K) -> Vec<u8> {
        match self.cache.encode_key(key) {
            Ok(key) => key,
            Err(error) => panic!("{error}"),
        }
    }
}

impl<K, V> fmt::Debug for CacheView<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheView")
            .field("cache", &self.cache)
            .field("len", &self.len())
            .finish()
    }
}
