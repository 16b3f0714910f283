//! The emulator as a subject: its clock is paused, so nothing takes real time.

use std::sync::Arc;
use std::time::Duration;

use cloudc::backend::{Answer, Broker, Dead, Lease, Outgoing, Published, Store};
use cloudc::testing::emulator::store::{Memory, Policy};
use cloudc::testing::emulator::{Emulator, StreamSettings};

use crate::subject::{CACHE, CacheSubject, QUEUE, QueueSubject, Queues, Subject, Wish};

/// The emulator.
pub(crate) struct Emulated(Emulator);

impl Subject for Emulated {
    const TICK: Duration = Duration::from_millis(100);
    const SEQUENCES: u32 = 200;

    fn run<R>(case: impl Future<Output = R>) -> R {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime without I/O needs nothing")
            .block_on(case)
    }
}

impl QueueSubject for Emulated {
    async fn start(wish: Wish) -> Arc<dyn Queues> {
        Arc::new(emulated(wish))
    }
}

impl CacheSubject for Emulated {
    async fn start(wish: Wish) -> Arc<dyn Store> {
        Arc::new(emulated(wish))
    }
}

fn emulated(wish: Wish) -> Emulated {
    let settings = StreamSettings {
        max_deliveries: wish.max_deliveries,
        ack_wait: wish.ack_wait,
        dedupe: wish.dedupe,
        max_age: wish.max_age,
    };
    let queues = [(QUEUE.to_owned(), settings)];
    let emulator = Emulator::new(queues, [CACHE.to_owned()], None);
    let memory = wish.memory.map(|room| Memory {
        bytes: room.bytes,
        policy: if room.evicts {
            Policy::EvictLeastRecent
        } else {
            Policy::Refuse
        },
    });
    emulator
        .store(CACHE, |store, _| store.set_memory(memory))
        .expect("the cache is there");
    emulator
        .stream(QUEUE, |stream, _| {
            stream.set_max_unsettled(wish.max_unsettled)
        })
        .expect("the queue is there");
    Emulated(emulator)
}

impl Queues for Emulated {
    fn left(&self) -> Answer<'_, usize> {
        Box::pin(async { self.0.stream(QUEUE, |stream, now| stream.len(now)) })
    }
}

impl Broker for Emulated {
    fn publish(&self, queue: &str, messages: Vec<Outgoing>) -> Answer<'_, Vec<Published>> {
        Broker::publish(&self.0, queue, messages)
    }

    fn pull(&self, queue: &str, most: usize) -> Answer<'_, Vec<Lease>> {
        Broker::pull(&self.0, queue, most)
    }

    fn bury(&self, queue: &str, dead: Dead) -> Answer<'_, ()> {
        Broker::bury(&self.0, queue, dead)
    }

    fn stop<'a>(&'a self, queue: &'a str) -> Answer<'a, ()> {
        Broker::stop(&self.0, queue)
    }

    fn lag<'a>(&'a self, queue: &'a str) -> Answer<'a, u64> {
        Broker::lag(&self.0, queue)
    }
}

impl Store for Emulated {
    fn get(&self, cache: &str, key: &[u8]) -> Answer<'_, Option<Vec<u8>>> {
        Store::get(&self.0, cache, key)
    }

    fn contains(&self, cache: &str, key: &[u8]) -> Answer<'_, bool> {
        Store::contains(&self.0, cache, key)
    }

    fn set(
        &self,
        cache: &str,
        key: &[u8],
        value: Vec<u8>,
        ttl: Option<Duration>,
    ) -> Answer<'_, ()> {
        Store::set(&self.0, cache, key, value, ttl)
    }

    fn remove(&self, cache: &str, key: &[u8]) -> Answer<'_, ()> {
        Store::remove(&self.0, cache, key)
    }
}
