//! What tests and pictures see of a stream.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Place, Stream};

/// How often something happened since the stream began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages that were taken.
    pub published: u64,
    /// Messages that were not taken, because their ids were known.
    pub duplicates: u64,
    /// Deliveries, the first and all others.
    pub deliveries: u64,
    /// Deliveries that were not a message's first.
    pub redeliveries: u64,
    /// Deliveries that nobody settled within the ack wait.
    pub leases_expired: u64,
    /// Messages that were done.
    pub acked: u64,
    /// Messages that shall never come again.
    pub terminated: u64,
    /// Messages that reached the maximum age.
    pub aged: u64,
    /// Messages that a restart lost.
    pub lost: u64,
}

/// A message of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen<'a> {
    /// Which message of the stream this is, from 1.
    pub sequence: u64,
    /// Its id.
    pub id: &'a str,
    /// JSON.
    pub payload: &'a [u8],
    /// By name.
    pub headers: &'a BTreeMap<String, String>,
    /// How often it was delivered.
    pub attempts: u32,
    /// What it waits for.
    pub state: State,
    /// When it was published.
    pub sent: Duration,
}

/// What a message of a stream waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// A fetch.
    Pending,
    /// Its handler, until its lease ends.
    InFlight {
        /// The end of the lease.
        until: Duration,
    },
    /// The end of a delay, of its sender or of a handler that gave it back.
    Delayed {
        /// The end of the delay.
        until: Duration,
    },
    /// A person: it has had all its deliveries.
    Exhausted,
}

impl Stream {
    /// How many messages a fetch would give now, were there no limit. Some of them may turn out to
    /// have had all their deliveries, which is seen when they are fetched.
    pub fn pending(&mut self, now: Duration) -> usize {
        self.advance(now);
        self.fresh.len() + self.again.len()
    }

    /// How many messages are with a handler, by their leases.
    pub fn in_flight(&mut self, now: Duration) -> usize {
        self.advance(now);
        self.leased
    }

    /// How many messages wait for the end of their sender's delay.
    pub fn delayed(&mut self, now: Duration) -> usize {
        self.advance(now);
        self.timers.len() - self.leased - self.backing_off
    }

    /// How many messages wait for the end of a delay after a failure.
    pub fn retrying(&mut self, now: Duration) -> usize {
        self.advance(now);
        self.backing_off
    }

    /// How many messages are still here though they have had all their deliveries.
    pub fn exhausted(&self) -> usize {
        self.exhausted
    }

    /// How many messages were done.
    pub fn acked(&self) -> u64 {
        self.counts.acked
    }

    /// How many messages were dropped by their handlers.
    pub fn terminated(&self) -> u64 {
        self.counts.terminated
    }

    /// How many messages reached the maximum age.
    pub fn expired(&mut self, now: Duration) -> u64 {
        self.advance(now);
        self.counts.aged
    }

    /// How often something happened so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// How many messages are in the stream, whatever they wait for.
    pub fn len(&mut self, now: Duration) -> usize {
        self.advance(now);
        self.messages.len()
    }

    /// Whether no message is in the stream.
    pub fn is_empty(&mut self, now: Duration) -> bool {
        self.len(now) == 0
    }

    /// The messages of the stream by sequence.
    pub fn messages(&mut self, now: Duration) -> impl Iterator<Item = Seen<'_>> {
        self.advance(now);
        self.messages.iter().map(|(&sequence, held)| Seen {
            sequence,
            id: &held.message.id,
            payload: &held.message.payload,
            headers: &held.message.headers,
            attempts: held.attempts,
            state: match held.place {
                Place::Leased(until) => State::InFlight { until },
                Place::Later(until) | Place::BackingOff(until) => State::Delayed { until },
                Place::Exhausted => State::Exhausted,
                Place::Fresh(_) | Place::Again(_) | Place::Nowhere => State::Pending,
            },
            sent: held.sent,
        })
    }
}
