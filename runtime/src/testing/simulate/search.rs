//! Looks for a seed that fails, on all cores.

use std::collections::BTreeMap;
use std::panic;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use super::{Ran, Runs, SiteId, differ};
use crate::testing::faults::{Fault, Plan};

/// Each seed with such a number is run twice. The first one is run once more at the very end: of a clock that tells
/// whole seconds, two runs at the same time see nothing.
const CHECKED: u64 = 100;

/// What a search found.
#[derive(Debug, Default)]
pub(super) struct Searched {
    /// The lowest seed, counted from 0, with which something is wrong.
    pub(super) found: Option<(u64, Found)>,
    /// How many faults took effect.
    pub(super) faults: u64,
    /// Each `sometimes!` that was reached, and whether it was ever true.
    pub(super) sites: BTreeMap<SiteId, bool>,
    /// The faults of the first seed.
    pub(super) first: Vec<Fault>,
    /// How the first seed went, when nothing is wrong with it.
    kept: Option<Ran>,
}

/// What is wrong with a seed.
#[derive(Debug)]
pub(super) enum Found {
    /// It fails.
    Failed(Ran),
    /// Two runs differ.
    Differs(Box<(Ran, Ran)>),
}

/// Runs seeds until one fails. Those below a seed that fails are all run, so that which one is found does
/// not depend on which thread is faster.
pub(super) fn search(
    base: u64,
    seeds: u64,
    threads: usize,
    plan: &(dyn Fn(u64) -> Plan + Sync),
    runs: &(impl Runs + Sync),
) -> Searched {
    let next = AtomicU64::new(0);
    let lowest = AtomicU64::new(seeds);
    let work = || {
        let mut mine = Searched::default();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= lowest.load(Ordering::Relaxed) {
                return mine;
            }
            let seed = base.wrapping_add(index);
            let ran = runs.run(seed, plan(seed));
            mine.count(index, &ran);
            match judge(index, ran, || runs.run(seed, plan(seed))) {
                Ok(ran) if index == 0 => mine.kept = Some(ran),
                Ok(_) => {}
                Err(found) => {
                    lowest.fetch_min(index, Ordering::Relaxed);
                    mine.found = Some((index, *found));
                    return mine;
                }
            }
        }
    };
    let all = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        let all = workers.into_iter().map(thread::ScopedJoinHandle::join);
        all.collect::<Result<Vec<_>, _>>()
    });
    let mut all = match all {
        Ok(all) => all.into_iter().fold(Searched::default(), Searched::and),
        Err(payload) => panic::resume_unwind(payload),
    };
    if let Some(first) = all.kept.take()
        && all.found.is_none()
        && seeds > 1
    {
        let again = runs.run(base, plan(base));
        if differ::differs(&first, &again) {
            all.found = Some((0, Found::Differs(Box::new((first, again)))));
        }
    }
    all
}

/// The run as it was, if nothing is wrong with it.
fn judge(index: u64, ran: Ran, again: impl FnOnce() -> Ran) -> Result<Ran, Box<Found>> {
    if index.is_multiple_of(CHECKED) {
        let again = again();
        if differ::differs(&ran, &again) {
            return Err(Box::new(Found::Differs(Box::new((ran, again)))));
        }
    }
    if ran.failure.is_some() {
        return Err(Box::new(Found::Failed(ran)));
    }
    Ok(ran)
}

impl Searched {
    fn count(&mut self, index: u64, ran: &Ran) {
        self.faults += ran.injected.len() as u64;
        for (site, held) in &ran.sometimes {
            *self.sites.entry(*site).or_default() |= held;
        }
        if index == 0 {
            self.first.clone_from(&ran.injected);
        }
    }

    fn and(mut self, other: Self) -> Self {
        self.faults += other.faults;
        for (site, held) in other.sites {
            *self.sites.entry(site).or_default() |= held;
        }
        self.first.extend(other.first);
        self.kept = self.kept.or(other.kept);
        self.found = match (self.found, other.found) {
            (Some(mine), Some(theirs)) if theirs.0 < mine.0 => Some(theirs),
            (Some(mine), _) => Some(mine),
            (None, theirs) => theirs,
        };
        self
    }
}
