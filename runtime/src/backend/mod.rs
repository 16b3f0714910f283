//! What holds messages and entries, seen from the runtime. The emulator of the tests is one, real
//! servers are another; nothing else of the runtime knows which one it talks to.

#[cfg(feature = "shim")]
mod access;
#[cfg(feature = "shim")]
pub mod nats;
#[cfg(feature = "shim")]
pub mod valkey;

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use crate::handler::Delivery;

#[cfg(feature = "shim")]
pub use access::{Access, Connection};

/// What a backend says, in a moment.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'a>>;

/// Work queues.
pub trait Broker: Send + Sync {
    /// Adds messages to a queue, in this order. When it fails, any number of them may be in the queue.
    fn publish(&self, queue: &str, messages: Vec<Outgoing>) -> Answer<'_, Vec<Published>>;

    /// Waits for messages, and takes from one to `most` of them; none once it was [stopped](Broker::stop). Each has to be settled within the
    /// queue's ack wait, or it is delivered again. Dropped while it waits, it has taken none. After a failure it can be asked
    /// again at once, and waits until there is something else to say.
    fn pull(&self, queue: &str, most: usize) -> Answer<'_, Vec<Lease>>;

    /// Keeps a message that failed where people can look at it, once for each message of the queue.
    fn bury(&self, queue: &str, dead: Dead) -> Answer<'_, ()>;

    /// Asks the server for no more messages of a queue. What it has sent by now still comes from
    /// [`Broker::pull`], which then, and from then on, answers with an empty list.
    fn stop<'a>(&'a self, queue: &'a str) -> Answer<'a, ()>;

    /// How many messages of a queue wait, for their first delivery or for their settlement: what its consumer
    /// lags behind.
    fn lag<'a>(&'a self, queue: &'a str) -> Answer<'a, u64>;
}

/// Caches.
pub trait Store: Send + Sync {
    /// The value of a key.
    fn get(&self, cache: &str, key: &[u8]) -> Answer<'_, Option<Vec<u8>>>;

    /// Whether a key has a value.
    fn contains(&self, cache: &str, key: &[u8]) -> Answer<'_, bool>;

    /// Sets the value of a key, until it is this old; without a time, until it is removed. What was
    /// left of an earlier value's time is forgotten, as Redis' `SET` forgets it.
    fn set(&self, cache: &str, key: &[u8], value: Vec<u8>, ttl: Option<Duration>)
    -> Answer<'_, ()>;

    /// Removes a key.
    fn remove(&self, cache: &str, key: &[u8]) -> Answer<'_, ()>;
}

/// A message on its way to a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The queue takes one message with an id within its dedupe window.
    pub id: String,
    /// The id is a key of the application's, and not one that the runtime made up.
    pub keyed: bool,
    /// JSON.
    pub payload: Vec<u8>,
    /// By name.
    pub headers: BTreeMap<String, String>,
    /// How long it stays in the queue before its first delivery.
    pub delay: Duration,
}

/// What became of a message that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// The queue knew its id, and did not take it again.
    pub duplicate: bool,
}

/// A message that was taken from a queue, and has to be settled.
pub struct Lease {
    /// What the handler gets.
    pub delivery: Delivery,
    /// Its number in the queue, from 1.
    pub sequence: u64,
    /// When the queue took it, in nanoseconds since 1970: one that is made anew counts from 1 again.
    pub stored: i128,
    /// How it is settled.
    pub hold: Box<dyn Hold>,
}

/// The hold on a message.
pub trait Hold: Send + Sync {
    /// Says what shall become of the message. Once it is [`Settlement::Done`] or
    /// [`Settlement::Dropped`] the message is gone, also when it was delivered again in between: NATS
    /// accepts a late acknowledgement.
    fn settle(&self, how: Settlement) -> Answer<'_, ()>;
}

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// It is done (a confirmed `+ACK`).
    Done,
    /// It shall come again after this time (`-NAK` with a delay).
    Retry(Duration),
    /// It was not begun, and shall come again at once (a bare `-NAK`).
    Returned,
    /// It shall never come again (`+TERM`).
    Dropped,
    /// Its handler is still at it: the ack wait starts anew (`+WPI`).
    Progress,
}

/// A message that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dead {
    /// As it was delivered for the last time.
    pub delivery: Delivery,
    /// Its number in the queue, from 1: an id may be used again.
    pub sequence: u64,
    /// When the queue took it, as [`Lease::stored`].
    pub stored: i128,
    /// Why it failed, for a person.
    pub reason: String,
}

/// Why a backend did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It did nothing.
    Unavailable(String),
    /// It did not answer in time; what was asked may be done or not.
    NoAnswer(String),
    /// The message or value is larger than it takes; in bytes.
    TooLarge {
        /// What it has.
        size: usize,
        /// What is allowed.
        limit: usize,
    },
    /// There is no room left: the memory of a store is full and nothing may be evicted, or a queue or the disk under it
    /// has reached its bound.
    Full,
    /// What was asked makes no sense, such as an entry that lives for no time (Redis' `PX 0`).
    Refused(String),
    /// The graph has no such edge: only the emulator says so.
    NotInGraph(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(why)
            | Self::NoAnswer(why)
            | Self::Refused(why)
            | Self::NotInGraph(why) => f.write_str(why),
            Self::TooLarge { size, limit } => {
                write!(f, "{size} bytes are more than the {limit} that it takes")
            }
            Self::Full => f.write_str("it has no room left"),
        }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lease").field(&self.delivery).finish()
    }
}
