//! Whose doing something is: the test's, a call's, or that of a task which one of them spawned.
//!
//! tokio tells nobody who spawned a task, and the id of a task is all that is known in it. But ids count up, and a
//! mark is an id that is taken without a task of the world's: with one before and one behind each poll of the test
//! and of a handler, the ids between the two are those of what was spawned in it, on blocking threads as well.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::hash::{Hash as _, Hasher};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::{Id, LocalSet};

use super::calls::Call;
use super::watch;
use crate::testing::lock;
use crate::testing::trace::Name;
use crate::testing::world::Inside;

/// Who does something.
#[derive(Clone)]
pub(super) enum Doer {
    Test,
    Call(Arc<Call>),
}

impl Doer {
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Test, Self::Test) => true,
            (Self::Call(one), Self::Call(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

thread_local! {
    /// Who is polled on this thread.
    static POLLED: RefCell<Option<Doer>> = const { RefCell::new(None) };
    static MARKS: RefCell<Marks> = RefCell::default();
}

/// While it lives, what happens on this thread is this one's doing.
pub(super) struct Polling {
    inside: Arc<Inside>,
    before: Option<Doer>,
    watched: watch::Watched,
}

impl Polling {
    pub(super) fn begin(inside: &Arc<Inside>, doer: Doer) -> Self {
        let watched = watch::begin(inside.test, &doer);
        inside.turn(Some(&doer));
        Self {
            inside: Arc::clone(inside),
            before: POLLED.replace(Some(doer)),
            watched,
        }
    }

    /// How long it has taken by now, on the clock on the wall.
    pub(super) fn took(&self) -> Duration {
        self.watched.began.elapsed()
    }
}

impl Drop for Polling {
    fn drop(&mut self) {
        self.inside.turn(self.before.as_ref());
        POLLED.set(self.before.take());
    }
}

/// Who spawned which tasks.
#[derive(Default)]
pub(super) struct Families {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// Sorted, as ids count up.
    turns: Vec<Turn>,
    /// How many tasks there were when the last of them began, or went on.
    strays: usize,
    /// Whether somebody is polled, and it is no pause between two polls.
    is_polled: bool,
    /// Whose tasks may be alive.
    candidates: Vec<Candidate>,
    /// Tasks that were spawned in no turn: by tasks, or by threads. It stays who they were taken to be.
    adopted: BTreeMap<u64, Adopted>,
}

/// Whose doing it is to take an id from this mark on, up to the next turn's. The world's own tasks may be among
/// them, which ask for nobody.
struct Turn {
    after: u64,
    /// `None` for tasks.
    of: Option<Doer>,
}

struct Candidate {
    doer: Doer,
    /// What it spawned has an id before this mark, and what that spawns has one behind it.
    before: u64,
    /// How many tasks it spawned.
    spawned: usize,
}

struct Adopted {
    by: Option<Doer>,
    is_sure: bool,
}

/// Tasks that are not the world's own.
#[derive(Clone, Copy)]
pub(super) struct Strays {
    /// With those in which calls run, which come and go between turns.
    pub(super) all: usize,
    /// Without.
    pub(super) left: usize,
}

impl Families {
    /// Whose doing something is that happens here and now; `None` for the test.
    pub(super) fn caller(&self) -> Option<Arc<Call>> {
        let polled = POLLED.with_borrow(Clone::clone);
        let doer = polled.or_else(|| lock(&self.known).doer(number(tokio::task::try_id()?)));
        match doer? {
            Doer::Test => None,
            Doer::Call(call) => Some(call),
        }
    }

    /// Whether the current task may well be another one's than [`Families::caller`] says.
    pub(super) fn is_guess(&self) -> bool {
        let id = tokio::task::try_id().map(number);
        let known = lock(&self.known);
        let adopted = id.and_then(|id| known.adopted.get(&id));
        adopted.is_some_and(|adopted| !adopted.is_sure)
    }

    /// Says who is polled from now on.
    pub(super) fn turn(&self, to: Option<&Doer>, strays: Strays) {
        let mut known = lock(&self.known);
        if !known.goes_on(to, strays) {
            known.turn(MARKS.with_borrow_mut(Marks::next), to, strays);
        }
    }

    /// Who may have spawned one of the tasks that are left, and whether the test may have.
    pub(super) fn suspects(&self, left: usize) -> (Vec<Name>, bool) {
        lock(&self.known).suspects(left)
    }
}

impl Known {
    /// Whether no mark is needed. The test is polled again and again, and no task is alive that could spawn others
    /// between two polls: all that is the test's.
    fn goes_on(&mut self, to: Option<&Doer>, strays: Strays) -> bool {
        let goes_on = strays.left == 0
            && !matches!(to, Some(Doer::Call(_)))
            && matches!(
                self.turns.last(),
                Some(Turn {
                    of: Some(Doer::Test),
                    ..
                })
            );
        if goes_on {
            self.candidates.clear();
            self.strays = strays.all;
            self.is_polled = to.is_some();
        }
        goes_on
    }

    fn turn(&mut self, mark: u64, to: Option<&Doer>, strays: Strays) {
        if strays.left == 0 {
            self.candidates.clear();
        }
        let spawned = strays.all.saturating_sub(self.strays);
        if let Some(Turn { of: Some(doer), .. }) = self.turns.last()
            && self.is_polled
            && spawned > 0
        {
            self.candidates.push(Candidate {
                doer: doer.clone(),
                before: mark,
                spawned,
            });
        }
        // One in which nobody took an id is nobody's business any more.
        self.turns.pop_if(|turn| turn.after + 1 == mark);
        if !self.goes_on(to, strays) {
            self.strays = strays.all;
            self.is_polled = to.is_some();
            self.turns.push(Turn {
                after: mark,
                of: to.cloned(),
            });
        }
    }

    fn doer(&mut self, id: u64) -> Option<Doer> {
        let next = self.turns.partition_point(|turn| turn.after < id);
        let (before, _) = self.turns.split_at(next);
        if let Some(Turn { of: Some(doer), .. }) = before.last() {
            return Some(doer.clone());
        }
        if let Some(adopted) = self.adopted.get(&id) {
            return adopted.by.clone();
        }
        let mut candidates = self.candidates.iter().filter(|one| one.before < id);
        let adopted = match candidates.next_back() {
            Some(latest) => Adopted {
                is_sure: candidates.all(|other| other.doer.is(&latest.doer)),
                by: Some(latest.doer.clone()),
            },
            // It comes from a thread: those are not counted.
            None => Adopted {
                is_sure: false,
                by: before.iter().rev().find_map(|turn| turn.of.clone()),
            },
        };
        let by = adopted.by.clone();
        self.adopted.insert(id, adopted);
        by
    }

    fn suspects(&self, left: usize) -> (Vec<Name>, bool) {
        let mut names = Vec::new();
        let mut by_test = 0;
        for candidate in &self.candidates {
            match &candidate.doer {
                Doer::Test => by_test += candidate.spawned,
                Doer::Call(call) if call.has_ended() => {
                    names.push(Name::clone(&call.name.function));
                }
                Doer::Call(_) => {}
            }
        }
        if left <= by_test {
            names.clear();
        }
        names.sort();
        names.dedup();
        (names, by_test > 0)
    }
}

/// So many marks are made before the memory of their tasks is given back.
const MARKS_AT_ONCE: u32 = 64;

/// Takes ids of tasks. Each is of a task that never runs, in a set that is nobody's.
#[derive(Default)]
struct Marks {
    set: LocalSet,
    made: u32,
}

impl Marks {
    fn next(&mut self) -> u64 {
        if self.made == MARKS_AT_ONCE {
            *self = Self::default();
        }
        self.made += 1;
        number(self.set.spawn_local(std::future::ready(())).id())
    }
}

/// The number of an id. tokio shows it as text, and hands it to a hasher, which is faster.
fn number(id: Id) -> u64 {
    struct Number(u64);

    impl Hasher for Number {
        fn finish(&self) -> u64 {
            self.0
        }

        fn write(&mut self, bytes: &[u8]) {
            self.0 = bytes
                .iter()
                .rev()
                .fold(0, |number, byte| number << 8 | u64::from(*byte));
        }

        fn write_u64(&mut self, number: u64) {
            self.0 = number;
        }
    }

    let mut number = Number(0);
    id.hash(&mut number);
    number.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_an_id_is_the_one_that_it_shows() {
        let mut marks = Marks::default();
        for _ in 0..1_000 {
            let id = marks.set.spawn_local(std::future::ready(())).id();
            assert_eq!(number(id).to_string(), id.to_string());
        }
        let first = marks.next();
        assert!(marks.next() > first);
    }

    #[test]
    fn marks_give_their_memory_back() {
        let mut marks = Marks::default();
        let numbers: Vec<_> = (0..2_000).map(|_| marks.next()).collect();
        assert!(numbers.is_sorted());
        assert!((1..=MARKS_AT_ONCE).contains(&marks.made), "{}", marks.made);
    }
}
