//! What must hold of any application, checked over what happened.
//!
//! Each check takes the facts of a world and returns everything that is wrong, in words.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::fmt::friendly::{Spacing, SpanPrinter};

use super::trace::{Event, Fate, Name, What, Who, clock};

/// Something that happened, as far as a check asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The virtual time since the world's start.
    pub at: Duration,
    /// What it was.
    pub what: Known,
}

/// What a fact can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// A queue took a message.
    Taken {
        /// Who sent it.
        by: Who,
        /// The queue.
        queue: Name,
        /// The message's number in the queue.
        message: u64,
        /// The payload, as JSON; empty where only the message counts.
        payload: String,
    },
    /// A message is where it belongs.
    Kept {
        /// The queue.
        queue: Name,
        /// The message's number in the queue.
        message: u64,
        /// How.
        how: Kept,
    },
    /// An effect outside of queues and caches.
    Effect {
        /// Who told it.
        by: Who,
        /// What it is: `charged`.
        name: String,
        /// What it was done to: an order's number.
        key: String,
    },
    /// A cache was asked for a key, and had a value.
    Found {
        /// Who asked.
        by: Who,
        /// The cache.
        cache: Name,
        /// The key, as JSON.
        key: String,
        /// How old the value was.
        age: Duration,
        /// How old it may get; none, when it is kept until it is removed.
        ttl: Option<Duration>,
    },
}

/// Where a message belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It is done.
    Done,
    /// It is among the dead letters.
    Buried,
    /// A rule of the queue or its handler dropped it.
    Dropped,
    /// It was older than its queue keeps them.
    TooOld,
    /// It waits, is delayed, or is with a handler: at the end of the world.
    Waiting,
    /// A fault took it: a restart that loses the tail.
    Taken,
}

impl Fact {
    /// What a trace's event says to the checks. It does not say how long a value may live, nor what waits
    /// at the end: these are the world's to add.
    pub fn of(event: &Event) -> Option<Self> {
        let what = match &event.what {
            What::Sent {
                by,
                queue,
                message,
                duplicate: false,
                payload,
            } => Known::Taken {
                by: by.clone(),
                queue: Name::clone(queue),
                message: *message,
                payload: payload.clone(),
            },
            What::Settled {
                queue,
                message,
                how: how @ (Fate::Acked | Fate::Dropped),
                ..
            } => Known::Kept {
                queue: Name::clone(queue),
                message: *message,
                how: match how {
                    Fate::Dropped => Kept::Dropped,
                    _ => Kept::Done,
                },
            },
            What::Aged { queue, message } => Known::Kept {
                queue: Name::clone(queue),
                message: *message,
                how: Kept::TooOld,
            },
            What::Effect { by, name, key } => Known::Effect {
                by: by.clone(),
                name: name.clone(),
                key: key.clone(),
            },
            _ => return None,
        };
        Some(Self { at: event.at, what })
    }
}

/// Each message that a queue took is done, dead-lettered, dropped or too old by a rule, or still waits.
pub fn nothing_lost(facts: &[Fact]) -> Vec<String> {
    let mut taken: BTreeMap<(&Name, u64), Message<'_>> = BTreeMap::new();
    for fact in facts {
        match &fact.what {
            Known::Taken {
                by, queue, message, ..
            } => {
                let entry = taken.entry((queue, *message)).or_default();
                entry.sent.get_or_insert(Doer { by, at: fact.at });
            }
            Known::Kept { queue, message, .. } => {
                taken.entry((queue, *message)).or_default().kept = true;
            }
            Known::Effect { .. } | Known::Found { .. } => {}
        }
    }
    let lost = taken.into_iter().filter(|(_, message)| !message.kept);
    lost.filter_map(|((queue, number), message)| {
        let sent = message.sent?;
        Some(format!(
            "#{number} of {queue}, sent by {sent}, is lost: it is not done, no dead letter, not dropped and not \
             too old, and it does not wait"
        ))
    })
    .collect()
}

/// What is known of a message.
#[derive(Default)]
struct Message<'a> {
    sent: Option<Doer<'a>>,
    kept: bool,
}

/// Each effect that was told with `cloudc::effect` happened at most once for each key.
pub fn one_effect_per_key(facts: &[Fact]) -> Vec<String> {
    let effects = facts.iter().filter_map(|fact| match &fact.what {
        Known::Effect { by, name, key } => {
            let doer = Doer { by, at: fact.at };
            Some((format!("{name} {key}"), doer))
        }
        _ => None,
    });
    more_than_one(effects)
}

/// A queue took at most one message for each key. The key is read from the payload; a message without one
/// is not looked at.
pub fn one_send_per_key(
    facts: &[Fact],
    queue: &str,
    key: impl Fn(&str) -> Option<String>,
) -> Vec<String> {
    let sends = facts.iter().filter_map(|fact| match &fact.what {
        Known::Taken {
            by,
            queue: at,
            payload,
            ..
        } if **at == *queue => {
            let doer = Doer { by, at: fact.at };
            Some((format!("{} to {queue}", key(payload)?), doer))
        }
        _ => None,
    });
    more_than_one(sends.map(|(send, doer)| (format!("sending {send}"), doer)))
}

/// No read of a cache found a value that was older than its time to live.
pub fn never_stale(facts: &[Fact]) -> Vec<String> {
    let stale = facts.iter().filter_map(|fact| match &fact.what {
        Known::Found {
            by,
            cache,
            key,
            age,
            ttl: Some(ttl),
        } if age > ttl => {
            let doer = Doer { by, at: fact.at };
            let (age, ttl) = (time(*age), time(*ttl));
            Some(format!(
                "{doer} read {key} of {cache}, {age} old: it lives for {ttl}"
            ))
        }
        _ => None,
    });
    stale.collect()
}

fn more_than_one<'a>(done: impl Iterator<Item = (String, Doer<'a>)>) -> Vec<String> {
    let mut doers: BTreeMap<String, Vec<Doer<'a>>> = BTreeMap::new();
    for (what, doer) in done {
        doers.entry(what).or_default().push(doer);
    }
    let repeated = doers.into_iter().filter(|(_, doers)| doers.len() > 1);
    repeated
        .map(|(what, doers)| {
            let many = doers.len();
            let doers: Vec<_> = doers.iter().map(ToString::to_string).collect();
            format!("{what} happened {many} times: by {}", doers.join(", by "))
        })
        .collect()
}

/// Who did something, and when.
struct Doer<'a> {
    by: &'a Who,
    at: Duration,
}

impl fmt::Display for Doer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = match self.by {
            Who::Test => "the test".to_owned(),
            Who::Call(call) => call.to_string(),
        };
        write!(f, "{by} at {}", clock(self.at))
    }
}

fn time(time: Duration) -> String {
    let printer = SpanPrinter::new().spacing(Spacing::None);
    printer.unsigned_duration_to_string(&time)
}
