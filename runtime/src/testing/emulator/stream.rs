//! A work-queue stream and its one durable consumer, as NATS JetStream has them: a state machine
//! without a clock. Time comes in as what has passed since the world began.

mod look;
#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::backend::{Outgoing, Settlement};
use crate::handler::Delivery;

pub use look::{Counts, Seen, State};

/// How many messages may be delivered and unsettled before the consumer holds back new ones: what
/// nats-server allows by default.
pub const MAX_UNSETTLED: usize = 1_000;

/// What a queue is set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamSettings {
    /// Deliveries before a message is delivered no more; without a number, there is no end.
    pub max_deliveries: Option<u32>,
    /// How long a delivery may take before the message is delivered again.
    pub ack_wait: Duration,
    /// How long message ids are remembered, at most as long as `max_age`.
    pub dedupe: Duration,
    /// When a message that nobody settled is removed; without a time, never.
    pub max_age: Option<Duration>,
}

impl Default for StreamSettings {
    /// What cloudc's queues have by default, which is what NATS JetStream has: no bound of
    /// deliveries, 30 seconds, 2 minutes, no age.
    fn default() -> Self {
        Self {
            max_deliveries: None,
            ack_wait: Duration::from_secs(30),
            dedupe: Duration::from_secs(120),
            max_age: None,
        }
    }
}

/// What became of a published message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is in the stream, with this sequence.
    New(u64),
    /// A message with its id was published within the dedupe window, with this sequence. It need
    /// not be there any more.
    Duplicate(u64),
}

/// One delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// Which message of the stream this is, from 1.
    pub sequence: u64,
    /// What the handler gets.
    pub delivery: Delivery,
}

/// What a settlement met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The lease of this delivery was running.
    InTime,
    /// The lease of this delivery had ended, or the message was delivered again in between. It
    /// counted nevertheless: NATS looks at the message, not at the delivery.
    Late,
    /// It changed nothing: the message is gone, or there is nothing that it could change.
    Ignored,
}

/// What a stream does on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEvent {
    /// Nobody settled this delivery within the ack wait.
    LeaseExpired {
        /// The message.
        sequence: u64,
        /// Which delivery it was.
        attempt: u32,
    },
    /// A message that should be delivered again has had all its deliveries. It stays in the stream.
    /// Said once, when somebody fetches, like NATS' advisory.
    Exhausted {
        /// The message.
        sequence: u64,
        /// How many deliveries it has had.
        attempts: u32,
    },
    /// A message reached the maximum age, and is gone.
    Aged {
        /// The message.
        sequence: u64,
    },
    /// A restart lost a message that was not on disk.
    Lost {
        /// The message.
        sequence: u64,
    },
}

/// A stream. All times are counted from the world's start; a time before the last one counts as the
/// last one. Operations take logarithmic time, and nothing is kept of a settled message but its id
/// until the dedupe window is over.
#[derive(Debug)]
pub struct Stream {
    settings: StreamSettings,
    max_unsettled: usize,
    now: Duration,
    last_sequence: u64,
    last_ticket: u64,
    messages: BTreeMap<u64, Held>,
    /// Messages that were not delivered yet: by ticket, in the order in which they became due.
    fresh: BTreeMap<u64, u64>,
    /// Messages that are to be delivered again: by ticket.
    again: BTreeMap<u64, u64>,
    /// When leases and delays end.
    timers: BTreeSet<(Duration, u64)>,
    /// By message id: the sequence.
    ids: HashMap<Arc<str>, u64>,
    /// The ids with the time when they were published, which is their order.
    published: VecDeque<(Duration, Arc<str>)>,
    leased: usize,
    backing_off: usize,
    exhausted: usize,
    counts: Counts,
    events: Vec<(Duration, StreamEvent)>,
}

#[derive(Debug)]
struct Held {
    message: Outgoing,
    sent: Duration,
    attempts: u32,
    place: Place,
}

/// Where a message is. It is changed by [`Stream::place`] alone, which keeps the indexes.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// Sent with a delay that ends then.
    Later(Duration),
    /// Due for the first time.
    Fresh(u64),
    /// With a handler, until then.
    Leased(Duration),
    /// Given back with a delay that ends then.
    BackingOff(Duration),
    /// To be delivered again.
    Again(u64),
    /// Delivered for the last time.
    Exhausted,
    /// Not in the stream.
    Nowhere,
}

impl Stream {
    /// An empty stream.
    pub fn new(settings: StreamSettings) -> Self {
        Self {
            settings,
            max_unsettled: MAX_UNSETTLED,
            now: Duration::ZERO,
            last_sequence: 0,
            last_ticket: 0,
            messages: BTreeMap::new(),
            fresh: BTreeMap::new(),
            again: BTreeMap::new(),
            timers: BTreeSet::new(),
            ids: HashMap::new(),
            published: VecDeque::new(),
            leased: 0,
            backing_off: 0,
            exhausted: 0,
            counts: Counts::default(),
            events: Vec::new(),
        }
    }

    /// What the stream is set to.
    pub fn settings(&self) -> &StreamSettings {
        &self.settings
    }

    /// Changes how many messages may be unsettled before new ones are held back: NATS'
    /// `max_ack_pending`, [`MAX_UNSETTLED`] until then. Messages that wait to be delivered again
    /// count, and are not held back.
    pub fn set_max_unsettled(&mut self, most: usize) {
        self.max_unsettled = most;
    }

    /// Adds a message, unless one with its id was published within the dedupe window. That one may
    /// have been consumed since then. An empty id is none.
    pub fn publish(&mut self, now: Duration, message: Outgoing) -> Taken {
        self.advance(now);
        if let Some(&sequence) = self.ids.get(message.id.as_str()) {
            self.counts.duplicates += 1;
            return Taken::Duplicate(sequence);
        }
        let id = message.id.clone();
        let sequence = self.add(message);
        if !id.is_empty() && !self.window().is_zero() {
            let id: Arc<str> = Arc::from(id);
            self.ids.insert(Arc::clone(&id), sequence);
            self.published.push_back((self.now, id));
        }
        Taken::New(sequence)
    }

    /// A fault: adds a message though its id is known, as if the dedupe window were over. Which one of
    /// its id was the first is not forgotten.
    pub fn publish_again(&mut self, now: Duration, message: Outgoing) -> Taken {
        self.advance(now);
        Taken::New(self.add(message))
    }

    fn add(&mut self, message: Outgoing) -> u64 {
        self.counts.published += 1;
        self.last_sequence += 1;
        let sequence = self.last_sequence;
        let delay = message.delay;
        let held = Held {
            message,
            sent: self.now,
            attempts: 0,
            place: Place::Nowhere,
        };
        self.messages.insert(sequence, held);
        let place = if delay.is_zero() {
            Place::Fresh(self.ticket())
        } else {
            Place::Later(self.now.saturating_add(delay))
        };
        self.place(sequence, place);
        sequence
    }

    /// Delivers up to `most` messages. Those to be delivered again come first: expired leases and
    /// ended delays in the order of their times, at the same time by sequence; a bare nak behind all
    /// that wait already. Then new ones, in the order in which they became due.
    pub fn fetch(&mut self, now: Duration, most: usize) -> Vec<Fetched> {
        self.advance(now);
        let mut fetched = Vec::new();
        while fetched.len() < most
            && let Some(sequence) = self.next_due()
        {
            let until = self.now.saturating_add(self.settings.ack_wait);
            self.place(sequence, Place::Leased(until));
            let held = self.held(sequence);
            held.attempts += 1;
            let delivery = Delivery {
                payload: held.message.payload.clone(),
                id: held.message.id.clone(),
                attempt: held.attempts,
                headers: held.message.headers.clone(),
            };
            self.counts.deliveries += 1;
            self.counts.redeliveries += u64::from(delivery.attempt > 1);
            fetched.push(Fetched { sequence, delivery });
        }
        fetched
    }

    /// Does to a message what the handler of its delivery number `attempt` says.
    ///
    /// As with NATS, it is the message that is settled, not the delivery: a late acknowledgement
    /// removes a message that another handler has by now, or that has had all its deliveries; a late
    /// nak takes it from that handler.
    pub fn settle(
        &mut self,
        now: Duration,
        sequence: u64,
        attempt: u32,
        how: Settlement,
    ) -> Settled {
        self.advance(now);
        let Some(held) = self.messages.get(&sequence) else {
            return Settled::Ignored;
        };
        if attempt == 0 || attempt > held.attempts {
            return Settled::Ignored;
        }
        let settled = match held.place {
            Place::Leased(_) if attempt == held.attempts => Settled::InTime,
            _ => Settled::Late,
        };
        let place = match (how, held.place) {
            (Settlement::Done, _) => {
                self.counts.acked += 1;
                Place::Nowhere
            }
            (Settlement::Dropped, _) => {
                self.counts.terminated += 1;
                Place::Nowhere
            }
            (Settlement::Progress, Place::Leased(_) | Place::BackingOff(_)) => {
                Place::Leased(self.now.saturating_add(self.settings.ack_wait))
            }
            (
                Settlement::Retry(delay),
                Place::Leased(_) | Place::BackingOff(_) | Place::Again(_),
            ) => Place::BackingOff(self.now.saturating_add(delay)),
            (Settlement::Returned, Place::Leased(_) | Place::BackingOff(_)) => {
                Place::Again(self.ticket())
            }
            _ => return Settled::Ignored,
        };
        self.place(sequence, place);
        // A delay of zero is over.
        self.advance(now);
        settled
    }

    /// A fault: the lease of a message ends at once, while its handler still runs. Says whether it
    /// had one.
    pub fn redeliver(&mut self, sequence: u64) -> bool {
        match self.messages.get(&sequence) {
            Some(held) if matches!(held.place, Place::Leased(_)) => {
                self.expire(self.now, sequence);
                true
            }
            _ => false,
        }
    }

    /// A fault: the broker restarts. Leases stay as they are. Of what was published at
    /// `lose_since` or later nothing is left, no message and no id: it was not on disk yet. The sequences of
    /// lost messages are not given again.
    pub fn restart(&mut self, now: Duration, lose_since: Option<Duration>) {
        self.advance(now);
        let Some(since) = lose_since else { return };
        while let Some((&sequence, held)) = self.messages.last_key_value()
            && held.sent >= since
        {
            self.place(sequence, Place::Nowhere);
            self.counts.lost += 1;
            let lost = StreamEvent::Lost { sequence };
            self.events.push((self.now, lost));
        }
        while let Some((at, id)) = self.published.pop_back() {
            if at < since {
                self.published.push_back((at, id));
                break;
            }
            self.ids.remove(&id);
        }
    }

    /// The next time at which a fetch could give more than it does now, or a message reaches its
    /// maximum age.
    pub fn next_event(&mut self, now: Duration) -> Option<Duration> {
        self.advance(now);
        let timer = self.timers.first().map(|&(at, _)| at);
        let age = self.next_age().map(|(at, _)| at);
        [timer, age].into_iter().flatten().min()
    }

    /// What happened since the last call, with its time. Whoever uses a stream by itself has to call
    /// this now and then.
    pub fn take_events(&mut self) -> Vec<(Duration, StreamEvent)> {
        std::mem::take(&mut self.events)
    }

    /// What a fetch has to look at: it is another when, and only when, one that waits should look.
    pub(super) fn offer(&mut self, now: Duration) -> (Option<u64>, Option<u64>, Option<Duration>) {
        let next = self.next_event(now);
        let again = self.again.keys().next_back().copied();
        let fresh = self.fresh.keys().next_back().copied();
        (again, fresh.filter(|_| !self.is_held_back()), next)
    }

    /// Whether new messages are held back because too many are unsettled.
    pub(super) fn is_held_back(&self) -> bool {
        self.leased + self.backing_off + self.again.len() >= self.max_unsettled
    }

    /// Lets time pass: ends leases, delays, lives and dedupe windows, in the order of their times.
    pub(super) fn advance(&mut self, now: Duration) {
        self.now = self.now.max(now);
        loop {
            let timer = self.timers.first().copied();
            let age = self.next_age();
            match (age, timer) {
                (Some((at, sequence)), _)
                    if at <= self.now && timer.is_none_or(|(timer, _)| at <= timer) =>
                {
                    self.place(sequence, Place::Nowhere);
                    self.counts.aged += 1;
                    self.events.push((at, StreamEvent::Aged { sequence }));
                }
                (_, Some((at, sequence))) if at <= self.now => self.expire(at, sequence),
                _ => break,
            }
        }
        let window = self.window();
        while let Some((at, _)) = self.published.front()
            && at.saturating_add(window) <= self.now
        {
            if let Some((_, id)) = self.published.pop_front() {
                self.ids.remove(&id);
            }
        }
    }

    /// Ends the lease or the delay of a message.
    fn expire(&mut self, at: Duration, sequence: u64) {
        let ticket = self.ticket();
        let held = self.held(sequence);
        let attempt = held.attempts;
        let place = match held.place {
            Place::Later(_) => Place::Fresh(ticket),
            Place::Leased(_) => {
                let expired = StreamEvent::LeaseExpired { sequence, attempt };
                self.counts.leases_expired += 1;
                self.events.push((at, expired));
                Place::Again(ticket)
            }
            _ => Place::Again(ticket),
        };
        self.place(sequence, place);
    }

    /// The message to be delivered next. Those that have had all their deliveries are put aside.
    fn next_due(&mut self) -> Option<u64> {
        while let Some((_, &sequence)) = self.again.first_key_value() {
            let attempts = self.held(sequence).attempts;
            if self
                .settings
                .max_deliveries
                .is_none_or(|max| attempts < max)
            {
                return Some(sequence);
            }
            self.place(sequence, Place::Exhausted);
            let exhausted = StreamEvent::Exhausted { sequence, attempts };
            self.events.push((self.now, exhausted));
        }
        if self.is_held_back() {
            return None;
        }
        self.fresh.first_key_value().map(|(_, &sequence)| sequence)
    }

    /// Moves a message, and keeps what is known by place.
    fn place(&mut self, sequence: u64, to: Place) {
        let held = self.held(sequence);
        let from = std::mem::replace(&mut held.place, to);
        match from {
            Place::Later(at) => drop(self.timers.remove(&(at, sequence))),
            Place::Fresh(ticket) => drop(self.fresh.remove(&ticket)),
            Place::Leased(at) => {
                self.timers.remove(&(at, sequence));
                self.leased -= 1;
            }
            Place::BackingOff(at) => {
                self.timers.remove(&(at, sequence));
                self.backing_off -= 1;
            }
            Place::Again(ticket) => drop(self.again.remove(&ticket)),
            Place::Exhausted => self.exhausted -= 1,
            Place::Nowhere => {}
        }
        match to {
            Place::Later(at) => drop(self.timers.insert((at, sequence))),
            Place::Fresh(ticket) => drop(self.fresh.insert(ticket, sequence)),
            Place::Leased(at) => {
                self.timers.insert((at, sequence));
                self.leased += 1;
            }
            Place::BackingOff(at) => {
                self.timers.insert((at, sequence));
                self.backing_off += 1;
            }
            Place::Again(ticket) => drop(self.again.insert(ticket, sequence)),
            Place::Exhausted => self.exhausted += 1,
            Place::Nowhere => drop(self.messages.remove(&sequence)),
        }
    }

    fn held(&mut self, sequence: u64) -> &mut Held {
        self.messages
            .get_mut(&sequence)
            .expect("every index names messages of the stream")
    }

    fn ticket(&mut self) -> u64 {
        self.last_ticket += 1;
        self.last_ticket
    }

    fn window(&self) -> Duration {
        let age = self.settings.max_age.unwrap_or(Duration::MAX);
        self.settings.dedupe.min(age)
    }

    /// When the oldest message reaches the maximum age. Sequences are in the order of time.
    fn next_age(&self) -> Option<(Duration, u64)> {
        let age = self.settings.max_age?;
        let (&sequence, held) = self.messages.first_key_value()?;
        Some((held.sent.saturating_add(age), sequence))
    }
}
