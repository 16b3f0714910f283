//! What happened in a world, in order.

mod words;

use std::sync::Arc;
use std::time::Duration;

pub use words::Line;
pub(in crate::testing) use words::{clock, words_of};

/// So many events are kept; of a longer trace the first ones are gone.
const MOST: usize = 1 << 18;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// The virtual time since the world's start.
    pub at: Duration,
    /// What it was.
    pub what: What,
}

/// What can happen. Messages are numbered in each queue, from 1, as the stream of the queue numbers
/// them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// A queue was sent a message.
    Sent {
        /// Who sent it.
        by: Who,
        /// The queue.
        queue: Name,
        /// The message's number: the earlier message's, where the queue knew the id.
        message: u64,
        /// The queue knew the id, and did not take it again.
        duplicate: bool,
        /// The payload, as JSON.
        payload: String,
    },
    /// A handler began.
    Started {
        /// Which call of which handler.
        call: Arc<Call>,
    },
    /// A handler came to an end.
    Ended {
        /// Which call of which handler.
        call: Arc<Call>,
        /// Which end.
        end: End,
    },
    /// A message was settled.
    Settled {
        /// The queue.
        queue: Name,
        /// The message's number.
        message: u64,
        /// Which delivery.
        attempt: u32,
        /// What becomes of it.
        how: Fate,
    },
    /// A message that failed was put to the dead letters.
    Buried {
        /// The queue.
        queue: Name,
        /// The message's id.
        id: String,
        /// Why it failed.
        reason: String,
    },
    /// The ack wait of a delivery was over; the message comes again.
    LeaseExpired {
        /// The queue.
        queue: Name,
        /// The message's number.
        message: u64,
        /// Which delivery.
        attempt: u32,
    },
    /// A message was older than its queue keeps them.
    Aged {
        /// The queue.
        queue: Name,
        /// The message's number.
        message: u64,
    },
    /// The broker restarted, and had not kept a message.
    Lost {
        /// The queue.
        queue: Name,
        /// The message's number.
        message: u64,
    },
    /// A cache was asked for a key.
    Read {
        /// Who asked.
        by: Who,
        /// The cache.
        cache: Name,
        /// The key, as JSON.
        key: String,
        /// How old the value was; `None` where there was none.
        age: Option<Duration>,
    },
    /// A value of a cache was set.
    Wrote {
        /// Who set it.
        by: Who,
        /// The cache.
        cache: Name,
        /// The key, as JSON.
        key: String,
        /// The value, as JSON.
        value: String,
    },
    /// A key of a cache was removed.
    Removed {
        /// Who removed it.
        by: Who,
        /// The cache.
        cache: Name,
        /// The key, as JSON.
        key: String,
    },
    /// An entry of a cache was as old as it gets.
    EntryExpired {
        /// The cache.
        cache: Name,
        /// The key, as JSON.
        key: String,
    },
    /// A cache gave up an entry for want of room.
    Evicted {
        /// The cache.
        cache: Name,
        /// The key, as JSON.
        key: String,
    },
    /// A run of a schedule was left out, because the one before was not done.
    Skipped {
        /// The function.
        function: Name,
    },
    /// A request was answered.
    Answered {
        /// The service.
        service: Name,
        /// `POST /orders`.
        request: String,
        /// The status of the answer.
        status: u16,
    },
    /// Something went wrong on purpose.
    Fault {
        /// As `CLOUDC_FAULTS` takes it: `charge#3.1:crash@2`.
        fault: String,
    },
    /// A pod died, and everything that ran in it.
    PodDied {
        /// The workload.
        workload: Name,
    },
    /// An effect outside of queues and caches, which the application told with `cloudc::effect`.
    Effect {
        /// Who told it.
        by: Who,
        /// What it is: `charged`.
        name: String,
        /// What it was done to: an order's number.
        key: String,
    },
    /// A use that the graph does not have was refused.
    Refused {
        /// Who wanted it.
        by: Who,
        /// Why not.
        reason: String,
    },
    /// A task that a handler spawned did something after the handler's end.
    Outlived {
        /// The function.
        function: Name,
    },
}

/// The name of a function, a workload, a queue or a cache.
pub type Name = Arc<str>;

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// The test itself.
    Test,
    /// A handler.
    Call(Arc<Call>),
}

/// One call of a handler.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    /// The function.
    pub function: Name,
    /// For a queue function the number of the message, of a batch the first one's; else which call of
    /// this function, from 1.
    pub run: u64,
    /// Which delivery of the message; 1 where there is none.
    pub attempt: u32,
    /// How many messages, where it is a batch; else 1.
    pub messages: usize,
}

/// How a handler ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Well.
    Done,
    /// With an error.
    Failed(String),
    /// With a panic.
    Panicked(String),
    /// It ran into its timeout.
    TimedOut,
    /// Its pod died.
    Crashed,
}

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is done.
    Acked,
    /// It comes again after this time.
    Retried(Duration),
    /// It comes again at once: it was not begun.
    Returned,
    /// It never comes again.
    Dropped,
    /// The acknowledgement was lost on its way, so the message comes again.
    AckLost,
    /// The acknowledgement is on its way for this time.
    AckLate(Duration),
}

/// What happened in a world, in order.
///
/// As text, one event a line:
///
/// ```text
/// 00:00:00.000  test           sent order #1 to orders
/// 00:00:00.000  charge#1.1     started
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    events: std::collections::VecDeque<Event>,
    dropped: usize,
}

impl Trace {
    /// The events, the oldest first. Of more than 262,144 only the last ones are kept.
    pub fn events(&self) -> impl DoubleEndedIterator<Item = &Event> + ExactSizeIterator {
        self.events.iter()
    }

    /// How often a function was called, as far as the events go back.
    pub fn calls(&self, function: &str) -> usize {
        let calls = self.events.iter();
        let started = |event: &&Event| matches!(&event.what, What::Started { call } if *call.function == *function);
        calls.filter(started).count()
    }

    /// How many of the first events were not kept.
    pub fn dropped(&self) -> usize {
        self.dropped
    }

    pub(crate) fn push(&mut self, event: Event) {
        if self.events.len() == MOST {
            self.events.pop_front();
            self.dropped += 1;
        }
        self.events.push_back(event);
    }
}

impl Extend<Event> for Trace {
    fn extend<I: IntoIterator<Item = Event>>(&mut self, events: I) {
        events.into_iter().for_each(|event| self.push(event));
    }
}

impl FromIterator<Event> for Trace {
    fn from_iter<I: IntoIterator<Item = Event>>(events: I) -> Self {
        let mut trace = Self::default();
        trace.extend(events);
        trace
    }
}
