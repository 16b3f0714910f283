//! What the emulated backends do on their own.

use std::sync::Arc;

use super::store::StoreEvent;
use super::stream::StreamEvent;

/// Something that no call did, or did not do by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// Nobody settled a delivery within the ack wait.
    LeaseExpired {
        /// Of this queue.
        queue: Arc<str>,
        /// The message.
        sequence: u64,
        /// Which delivery it was.
        attempt: u32,
    },
    /// A message has had all its deliveries, and stays in the queue.
    Exhausted {
        /// Of this queue.
        queue: Arc<str>,
        /// The message.
        sequence: u64,
        /// How many deliveries it has had.
        attempts: u32,
    },
    /// A message reached the queue's maximum age, and is gone.
    Aged {
        /// Of this queue.
        queue: Arc<str>,
        /// The message.
        sequence: u64,
    },
    /// A restart of the broker lost a message.
    Lost {
        /// Of this queue.
        queue: Arc<str>,
        /// The message.
        sequence: u64,
    },
    /// An entry had to go, for want of memory or by a fault.
    Evicted {
        /// Of this cache.
        cache: Arc<str>,
        /// Its key.
        key: Arc<[u8]>,
    },
    /// An entry's time was over.
    EntryExpired {
        /// Of this cache.
        cache: Arc<str>,
        /// Its key.
        key: Arc<[u8]>,
    },
}

impl Happening {
    pub(super) fn of_stream(queue: &Arc<str>, event: StreamEvent) -> Self {
        let queue = Arc::clone(queue);
        match event {
            StreamEvent::LeaseExpired { sequence, attempt } => Self::LeaseExpired {
                queue,
                sequence,
                attempt,
            },
            StreamEvent::Exhausted { sequence, attempts } => Self::Exhausted {
                queue,
                sequence,
                attempts,
            },
            StreamEvent::Aged { sequence } => Self::Aged { queue, sequence },
            StreamEvent::Lost { sequence } => Self::Lost { queue, sequence },
        }
    }

    pub(super) fn of_store(cache: &Arc<str>, event: StoreEvent) -> Self {
        let cache = Arc::clone(cache);
        match event {
            StoreEvent::Evicted { key } => Self::Evicted { cache, key },
            StoreEvent::Expired { key } => Self::EntryExpired { cache, key },
        }
    }
}
