//! What holds in every good application, asserted over everything that happened in a world.

use serde::de::DeserializeOwned;

use super::World;
use super::inside::Inside;
use crate::Queue;
use crate::testing::checks::{self, Fact, Kept, Known};
use crate::testing::trace::{Event, Name, What};

/// Checks over everything that happened so far. Each panics with all that it finds.
impl World {
    /// Asserts that every message which a queue took is done, was given up by a rule of its queue, or still waits for
    /// a delivery. A simulation asserts it at its end.
    ///
    /// # Panics
    ///
    /// When one is nowhere.
    #[track_caller]
    pub fn assert_nothing_lost(&self) {
        judge("messages are lost", &nothing_lost(&self.inside));
    }

    /// Asserts that each effect that the application told by [`cloudc::effect`](crate::effect) happened
    /// at most once for each key.
    ///
    /// # Panics
    ///
    /// When one happened twice.
    #[track_caller]
    pub fn assert_one_effect_per_key(&self) {
        let facts = self.inside.facts();
        judge(
            "effects happened more than once",
            &checks::one_effect_per_key(&facts),
        );
    }

    /// Asserts that a queue took at most one message for each key, which is made of the payload. A payload
    /// that does not decode is passed over.
    ///
    /// # Panics
    ///
    /// When it took two.
    #[track_caller]
    pub fn assert_one_send_per_key<T, K>(&self, queue: &'static Queue<T>, key: impl Fn(&T) -> K)
    where
        T: DeserializeOwned,
        K: std::fmt::Display,
    {
        let facts = self.inside.facts();
        let key = |payload: &str| {
            let payload = serde_json::from_str(payload).ok()?;
            Some(key(&payload).to_string())
        };
        judge(
            "messages were sent more than once",
            &checks::one_send_per_key(&facts, queue.name(), key),
        );
    }

    /// Asserts that no read of a cache found a value older than the cache's time to live.
    ///
    /// # Panics
    ///
    /// When one did: a value that was set for a time of its own, by `set_for`, that is longer.
    #[track_caller]
    pub fn assert_never_stale(&self) {
        let facts = self.inside.facts();
        judge("values were stale", &checks::never_stale(&facts));
    }
}

#[track_caller]
fn judge(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

/// What [`World::assert_nothing_lost`] finds.
pub(crate) fn nothing_lost(inside: &Inside) -> Vec<String> {
    // Without its begin, a trace accuses those whose end alone is in it; the counters do not.
    if inside.with_trace(|trace| trace.dropped()) > 0 {
        return inside.unaccounted();
    }
    checks::nothing_lost(&inside.facts())
}

impl Inside {
    /// The trace as the checks read it, and what waits at its end.
    fn facts(&self) -> Vec<Fact> {
        let mut facts: Vec<Fact> = self.with_trace(|trace| {
            let events = trace.events();
            events.filter_map(|event| self.fact(event)).collect()
        });
        let at = self.elapsed();
        for queue in &self.app.queues {
            let waiting = self.look(queue.name, |stream, now| {
                let messages = stream.messages(now);
                messages.map(|message| message.sequence).collect::<Vec<_>>()
            });
            let name = Name::from(queue.name);
            facts.extend(waiting.into_iter().map(|message| Fact {
                at,
                what: Known::Kept {
                    queue: Name::clone(&name),
                    message,
                    how: Kept::Waiting,
                },
            }));
        }
        facts
    }

    fn fact(&self, event: &Event) -> Option<Fact> {
        let What::Read {
            by,
            cache,
            key,
            age: Some(age),
        } = &event.what
        else {
            return match &event.what {
                // A restart that was to lose it, and did: the test asked for that.
                What::Lost { queue, message } => Some(Fact {
                    at: event.at,
                    what: Known::Kept {
                        queue: Name::clone(queue),
                        message: *message,
                        how: Kept::Taken,
                    },
                }),
                _ => Fact::of(event),
            };
        };
        let what = Known::Found {
            by: by.clone(),
            cache: Name::clone(cache),
            key: key.clone(),
            age: *age,
            ttl: self.app.cache(cache).and_then(|cache| cache.ttl),
        };
        Some(Fact { at: event.at, what })
    }

    /// The queues whose numbers do not add up.
    fn unaccounted(&self) -> Vec<String> {
        let queues = self.app.queues.iter();
        queues
            .filter_map(|queue| {
                let lost = self.look(queue.name, |stream, now| {
                    let left = stream.len(now) as u64;
                    let counts = stream.counts();
                    let known = counts.acked + counts.terminated + counts.aged + counts.lost;
                    counts.published.saturating_sub(known + left)
                });
                (lost > 0).then(|| format!("{lost} messages of {} are nowhere", queue.name))
            })
            .collect()
    }
}
