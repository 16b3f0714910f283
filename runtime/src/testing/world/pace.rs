//! Ends of what has no end. What happens without any time going by is bounded: the world's clock moves only when
//! everything waits, so a circle of messages or a loop of looks would go on for ever.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::calls::Call;
use super::inside::Inside;
use crate::registry::ResourceKind;
use crate::testing::lock;
use crate::testing::trace::{self, Name};

/// A chain of so many calls, each of a message of the one before, in which no time goes by, has no end. Nor has one
/// that a test waits for, however much time goes by.
const LONGEST_CHAIN: u32 = 10_000;
/// Nor have so many calls without any time going by: where each sends two, the chain is short.
const MOST_CALLS: u64 = 250_000;
/// Nor has a call, or a test, that uses queues and caches so often without any time going by.
const MOST_USES: u64 = 125_000;
/// Nor have all of them together.
const MOST_USES_OF_ALL: u64 = 1_000_000;
/// Nor has a handler, or a test, that is polled so often without any time going by: it yields in a loop.
const MOST_POLLS: u64 = 250_000;
/// A message that was delivered so often will not get better.
const MOST_DELIVERIES: u32 = 1_000;

/// How much happened since the clock moved.
#[derive(Default)]
pub(super) struct Pace {
    at: Duration,
    calls: BTreeMap<Name, u64>,
    total: u64,
    /// The longest chain of calls so far, however much time went by, and the last function in it.
    longest: Option<(u32, Name)>,
    /// Polls of the test's body.
    polls: AtOnce,
    /// Uses of queues and caches: the test's own, and all.
    by_test: AtOnce,
    uses: AtOnce,
}

/// How many calls led to a call, each by a message.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Chain {
    /// Without any time going by.
    pub(super) depth: u32,
    /// However much time went by.
    pub(super) length: u32,
}

/// Counts what happens at one instant.
#[derive(Default)]
pub(super) struct AtOnce {
    at: Duration,
    count: u64,
}

impl AtOnce {
    /// Counts one more, and says which one it is.
    fn next(&mut self, now: Duration) -> u64 {
        if self.at != now {
            *self = Self { at: now, count: 0 };
        }
        self.count += 1;
        self.count
    }
}

impl Inside {
    /// Ends the test when calls go round in a circle.
    pub(super) fn bound_call(&self, call: &trace::Call, Chain { depth, length }: Chain) {
        if depth == LONGEST_CHAIN {
            self.give_up(format!(
                "a chain of {LONGEST_CHAIN} calls, each of a message that the one before has sent, led to `{}` \
                 without any time going by: functions send to each other in a circle",
                call.function
            ));
        }
        let mut pace = lock(&self.pace);
        let now = self.elapsed();
        if pace.at != now {
            pace.at = now;
            pace.total = 0;
            pace.calls.clear();
        }
        if pace.longest.as_ref().is_none_or(|(most, _)| length > *most) {
            pace.longest = Some((length, Name::clone(&call.function)));
        }
        pace.total += 1;
        *pace.calls.entry(Name::clone(&call.function)).or_default() += 1;
        if pace.total == MOST_CALLS {
            let most = pace.calls.iter().max_by_key(|(_, calls)| **calls);
            let (name, calls) = most.map_or(("", 0), |(name, calls)| (&**name, *calls));
            self.give_up(format!(
                "{MOST_CALLS} calls began without any time going by, {calls} of them of `{name}`: functions \
                 send to each other in a circle"
            ));
        }
        if call.attempt == MOST_DELIVERIES {
            self.give_up(format!(
                "message {} was delivered {MOST_DELIVERIES} times to `{}`, which fails each time; its \
                 queue has no `max_deliveries` or `dead_letter` that would end this",
                call.run, call.function
            ));
        }
    }

    /// How long the longest chain of calls is so far.
    pub(super) fn longest_chain(&self) -> u32 {
        let pace = lock(&self.pace);
        pace.longest.as_ref().map_or(0, |(length, _)| *length)
    }

    /// Ends a test that waits for the last call of a chain that has none. It was so long when the test began to wait.
    pub(super) fn bound_idle(&self, before: u32) {
        let pace = lock(&self.pace);
        let Some((length, name)) = &pace.longest else {
            return;
        };
        if length - before < LONGEST_CHAIN {
            return;
        }
        let reason = format!(
            "a chain of {LONGEST_CHAIN} calls, each of a message that the one before has sent, led to `{name}`, and \
             the world is still not idle: functions send to each other in a circle. `World::advance` lets time go \
             by without waiting for an end"
        );
        drop(pace);
        self.give_up(reason);
    }

    /// Counts a poll of a call or of the test's body, and ends the test when it is polled again and again: nothing
    /// that waits for time, not even a timeout, gets its turn.
    pub(super) fn bound_poll(&self, call: Option<&Arc<Call>>) {
        let now = self.elapsed();
        let polls = match call {
            Some(call) => lock(&call.polls).next(now),
            None => lock(&self.pace).polls.next(now),
        };
        if polls == MOST_POLLS {
            let who = match call {
                Some(call) => format!("`{}`", call.name.function),
                None => "the test".to_owned(),
            };
            self.give_up(format!(
                "{who} was polled {MOST_POLLS} times without any time going by: a loop that only yields. The clock of \
                 a world moves when everything waits: wait for what it looks for, or with `tokio::time::sleep`"
            ));
        }
    }

    /// Counts a use of a queue or cache, and ends the test when they have no end.
    ///
    /// # Errors
    ///
    /// Then, with what is wrong: nothing more is to happen.
    pub(super) fn bound_use(
        &self,
        call: Option<&Arc<Call>>,
        kind: ResourceKind,
        name: &str,
    ) -> Result<(), String> {
        let now = self.elapsed();
        let mut pace = lock(&self.pace);
        let all = pace.uses.next(now);
        let own = match call {
            Some(call) => lock(&call.uses).next(now),
            None => pace.by_test.next(now),
        };
        if own <= MOST_USES && all <= MOST_USES_OF_ALL {
            return Ok(());
        }
        let who = match call {
            Some(call) => format!("`{}`", call.name.function),
            None => "the test".to_owned(),
        };
        let what = match kind {
            ResourceKind::Queue => "queue",
            ResourceKind::Cache => "cache",
        };
        let reason = if own > MOST_USES {
            format!(
                "{who} used queues and caches {MOST_USES} times without any time going by, at last the {what} \
                 `{name}`. A use takes no time in a world: wait with `tokio::time::sleep` between two looks, or \
                 let a queue trigger what has to wait"
            )
        } else {
            format!(
                "queues and caches were used {MOST_USES_OF_ALL} times without any time going by, at last the \
                 {what} `{name}` by {who}. A use takes no time in a world: wait with `tokio::time::sleep` between \
                 two looks, or let a queue trigger what has to wait"
            )
        };
        self.give_up(reason.clone());
        Err(reason)
    }

    /// As [`Inside::bound_use`], for a look that waits for nothing.
    ///
    /// # Panics
    ///
    /// At the end of what has no end.
    #[track_caller]
    pub(super) fn bound_look(&self, kind: ResourceKind, name: &str) {
        let call = self.families.caller();
        if let Err(reason) = self.bound_use(call.as_ref(), kind, name) {
            panic!("{reason}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_later_is_counted_anew() {
        let mut uses = AtOnce::default();
        let mut next = |second| uses.next(Duration::from_secs(second));
        assert_eq!((next(0), next(0), next(0)), (1, 2, 3));
        assert_eq!((next(1), next(1)), (1, 2));
    }
}
