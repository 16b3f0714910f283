//! The stream against a naive one: lists that are searched, and a clock that ticks.

use std::time::Duration;

use proptest::prelude::*;

use super::tests::message;
use super::{Counts, Stream, StreamSettings, Taken};
use crate::backend::{Outgoing, Settlement};

/// One operation; times in milliseconds.
#[derive(Clone, Debug)]
enum Step {
    Publish {
        id: u8,
        delay: u64,
    },
    Fetch(usize),
    /// Of the deliveries so far.
    Settle(prop::sample::Index, Settlement),
    Redeliver(prop::sample::Index),
    Restart {
        lose: Option<u64>,
    },
    Wait(u64),
}

#[derive(Clone, Copy, PartialEq)]
enum Where {
    New,
    Later(u64),
    Leased(u64),
    Delayed(u64),
    Again,
    Exhausted,
}

struct Message {
    sequence: u64,
    sent: u64,
    attempts: u32,
    at: Where,
}

/// `messages` are in the order of sequences; `new` and `again` are queues of sequences.
struct Model {
    max_deliveries: u32,
    ack_wait: u64,
    window: u64,
    max_age: u64,
    max_unsettled: usize,
    now: u64,
    last: u64,
    messages: Vec<Message>,
    new: Vec<u64>,
    again: Vec<u64>,
    ids: Vec<(String, u64, u64)>,
    counts: Counts,
}

impl Model {
    fn find(&mut self, sequence: u64) -> Option<&mut Message> {
        self.messages.iter_mut().find(|m| m.sequence == sequence)
    }

    fn remove(&mut self, sequence: u64) {
        self.messages.retain(|m| m.sequence != sequence);
        self.new.retain(|&s| s != sequence);
        self.again.retain(|&s| s != sequence);
    }

    fn tick(&mut self) {
        let now = self.now;
        let aged = |m: &&Message| m.sent + self.max_age <= now;
        let aged: Vec<u64> = self
            .messages
            .iter()
            .filter(aged)
            .map(|m| m.sequence)
            .collect();
        for sequence in aged {
            self.remove(sequence);
            self.counts.aged += 1;
        }
        for message in &mut self.messages {
            match message.at {
                Where::Later(at) if at <= now => {
                    message.at = Where::New;
                    self.new.push(message.sequence);
                }
                Where::Leased(at) | Where::Delayed(at) if at <= now => {
                    self.counts.leases_expired += u64::from(matches!(message.at, Where::Leased(_)));
                    message.at = Where::Again;
                    self.again.push(message.sequence);
                }
                _ => {}
            }
        }
        let window = self.window;
        self.ids.retain(|(_, _, at)| at + window > now);
    }

    fn publish(&mut self, id: &str, delay: u64) -> Taken {
        if let Some((_, sequence, _)) = self.ids.iter().find(|(known, ..)| known == id) {
            self.counts.duplicates += 1;
            return Taken::Duplicate(*sequence);
        }
        self.counts.published += 1;
        self.last += 1;
        self.ids.push((id.to_owned(), self.last, self.now));
        let at = if delay == 0 {
            self.new.push(self.last);
            Where::New
        } else {
            Where::Later(self.now + delay)
        };
        self.messages.push(Message {
            sequence: self.last,
            sent: self.now,
            attempts: 0,
            at,
        });
        Taken::New(self.last)
    }

    fn fetch(&mut self, most: usize) -> Vec<(u64, u32)> {
        let mut fetched = Vec::new();
        while fetched.len() < most {
            let unsettled =
                |m: &&Message| matches!(m.at, Where::Leased(_) | Where::Delayed(_) | Where::Again);
            let unsettled = self.messages.iter().filter(unsettled).count();
            let sequence = if !self.again.is_empty() {
                self.again.remove(0)
            } else if !self.new.is_empty() && unsettled < self.max_unsettled {
                self.new.remove(0)
            } else {
                break;
            };
            let until = Where::Leased(self.now + self.ack_wait);
            let max = self.max_deliveries;
            let message = self.find(sequence).unwrap();
            if message.attempts == max {
                message.at = Where::Exhausted;
                continue;
            }
            message.at = until;
            message.attempts += 1;
            let attempt = message.attempts;
            fetched.push((sequence, attempt));
            self.counts.deliveries += 1;
            self.counts.redeliveries += u64::from(attempt > 1);
        }
        fetched
    }

    fn settle(&mut self, sequence: u64, how: Settlement) {
        let (now, ack_wait) = (self.now, self.ack_wait);
        let Some(message) = self.find(sequence) else {
            return;
        };
        let at = message.at;
        let goes_on = matches!(at, Where::Leased(_) | Where::Delayed(_));
        match how {
            Settlement::Done | Settlement::Dropped => {
                self.remove(sequence);
                let done = how == Settlement::Done;
                self.counts.acked += u64::from(done);
                self.counts.terminated += u64::from(!done);
            }
            Settlement::Progress if goes_on => message.at = Where::Leased(now + ack_wait),
            Settlement::Retry(delay) if goes_on || at == Where::Again => {
                message.at = Where::Delayed(now + u64::try_from(delay.as_millis()).unwrap());
                self.again.retain(|&s| s != sequence);
                self.tick();
            }
            Settlement::Returned if goes_on => {
                message.at = Where::Again;
                self.again.push(sequence);
            }
            _ => {}
        }
    }

    fn redeliver(&mut self, sequence: u64) -> bool {
        match self.find(sequence) {
            Some(message) if matches!(message.at, Where::Leased(_)) => {
                message.at = Where::Again;
                self.again.push(sequence);
                self.counts.leases_expired += 1;
                true
            }
            _ => false,
        }
    }

    fn restart(&mut self, since: u64) {
        let lost = |m: &&Message| m.sent >= since;
        let lost: Vec<u64> = self
            .messages
            .iter()
            .filter(lost)
            .map(|m| m.sequence)
            .collect();
        for sequence in lost {
            self.remove(sequence);
            self.counts.lost += 1;
        }
        self.ids.retain(|(_, _, at)| *at < since);
    }
}

fn settlement() -> impl Strategy<Value = Settlement> {
    prop_oneof![
        3 => Just(Settlement::Done),
        2 => (0u64..30).prop_map(|delay| Settlement::Retry(Duration::from_millis(delay))),
        2 => Just(Settlement::Returned),
        1 => Just(Settlement::Dropped),
        1 => Just(Settlement::Progress),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0u8..30, prop_oneof![3 => Just(0u64), 1 => 1u64..40])
            .prop_map(|(id, delay)| Step::Publish { id, delay }),
        4 => (0usize..5).prop_map(Step::Fetch),
        6 => (any::<prop::sample::Index>(), settlement()).prop_map(|(i, how)| Step::Settle(i, how)),
        1 => any::<prop::sample::Index>().prop_map(Step::Redeliver),
        1 => prop::option::of(0u64..20).prop_map(|lose| Step::Restart { lose }),
        4 => (1u64..25).prop_map(Step::Wait),
    ]
}

/// Runs the steps on both, and compares all that can be seen after each of them.
fn compare(
    max_deliveries: Option<u32>,
    max_age: Option<u64>,
    max_unsettled: usize,
    steps: &[Step],
) -> Result<(), TestCaseError> {
    let ms = Duration::from_millis;
    let (ack_wait, dedupe) = (10, 50);
    let mut stream = Stream::new(StreamSettings {
        max_deliveries,
        ack_wait: ms(ack_wait),
        dedupe: ms(dedupe),
        max_age: max_age.map(ms),
    });
    stream.set_max_unsettled(max_unsettled);
    let mut model = Model {
        max_deliveries: max_deliveries.unwrap_or(u32::MAX),
        ack_wait,
        window: dedupe.min(max_age.unwrap_or(u64::MAX)),
        max_age: max_age.unwrap_or(1 << 40),
        max_unsettled,
        now: 0,
        last: 0,
        messages: Vec::new(),
        new: Vec::new(),
        again: Vec::new(),
        ids: Vec::new(),
        counts: Counts::default(),
    };
    let mut deliveries: Vec<(u64, u32)> = Vec::new();
    for step in steps {
        let now = ms(model.now);
        match step {
            Step::Publish { id, delay } => {
                let sent = Outgoing {
                    delay: ms(*delay),
                    ..message(&id.to_string())
                };
                let taken = stream.publish(now, sent);
                prop_assert_eq!(taken, model.publish(&id.to_string(), *delay));
            }
            Step::Fetch(most) => {
                let fetched: Vec<(u64, u32)> = stream
                    .fetch(now, *most)
                    .iter()
                    .map(|one| (one.sequence, one.delivery.attempt))
                    .collect();
                prop_assert_eq!(&fetched, &model.fetch(*most));
                deliveries.extend(fetched);
            }
            Step::Settle(index, how) if !deliveries.is_empty() => {
                let (sequence, attempt) = *index.get(&deliveries);
                stream.settle(now, sequence, attempt, *how);
                model.settle(sequence, *how);
            }
            Step::Redeliver(index) if !deliveries.is_empty() => {
                let (sequence, _) = *index.get(&deliveries);
                prop_assert_eq!(stream.redeliver(sequence), model.redeliver(sequence));
            }
            Step::Restart { lose } => {
                let since = lose.map(|lose| model.now.saturating_sub(lose));
                stream.restart(now, since.map(ms));
                if let Some(since) = since {
                    model.restart(since);
                }
            }
            Step::Wait(millis) => {
                for _ in 0..*millis {
                    model.now += 1;
                    model.tick();
                }
            }
            Step::Settle(..) | Step::Redeliver(..) => {}
        }
        let now = ms(model.now);
        let count = |at: fn(&Where) -> bool| model.messages.iter().filter(|m| at(&m.at)).count();
        let waits = model.new.len() + model.again.len();
        prop_assert_eq!(stream.pending(now), waits);
        prop_assert_eq!(
            stream.in_flight(now),
            count(|at| matches!(at, Where::Leased(_)))
        );
        prop_assert_eq!(
            stream.delayed(now),
            count(|at| matches!(at, Where::Later(_)))
        );
        prop_assert_eq!(
            stream.retrying(now),
            count(|at| matches!(at, Where::Delayed(_)))
        );
        prop_assert_eq!(stream.exhausted(), count(|at| *at == Where::Exhausted));
        prop_assert_eq!(stream.counts(), &model.counts);
        let seen: Vec<_> = stream
            .messages(now)
            .map(|m| (m.sequence, m.attempts))
            .collect();
        let expected: Vec<_> = model
            .messages
            .iter()
            .map(|m| (m.sequence, m.attempts))
            .collect();
        prop_assert_eq!(seen, expected);
        let times = model.messages.iter().filter_map(|m| match m.at {
            Where::Later(at) | Where::Leased(at) | Where::Delayed(at) => Some(at),
            _ => None,
        });
        let ages = model.messages.first().map(|m| m.sent + model.max_age);
        let next = times.chain(ages.filter(|_| max_age.is_some())).min();
        prop_assert_eq!(stream.next_event(now), next.map(ms));
        prop_assert_eq!(stream.ids.len(), model.ids.len());
        stream.take_events();
    }
    // Nothing is kept of what is gone.
    let counts = stream.counts();
    let gone = counts.acked + counts.terminated + counts.aged + counts.lost;
    prop_assert_eq!(counts.published - gone, stream.messages.len() as u64);
    let indexed = stream.fresh.len() + stream.again.len() + stream.timers.len();
    prop_assert_eq!(indexed + stream.exhausted, stream.messages.len());
    Ok(())
}

proptest! {
    #[test]
    fn it_does_what_a_naive_stream_does(
        max_deliveries in prop::option::of(1u32..4),
        max_age in prop::option::of(20u64..80),
        max_unsettled in prop_oneof![Just(1_000usize), 1usize..6],
        steps in prop::collection::vec(step(), 0..120),
    ) {
        compare(max_deliveries, max_age, max_unsettled, &steps)?;
    }
}
