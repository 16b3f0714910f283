//! Makes the faults of a failing run fewer.

use std::collections::BTreeMap;

use super::{Ran, Runs};
use crate::testing::faults::{Fault, Plan};

/// So many runs are made at most, and one more to tell of.
const MOST_RUNS: usize = 200;

/// So many faults are tried alone; of more, the last ones, which are nearest to the failure.
const MOST_ALONE: usize = 50;

/// A failing run with few faults.
#[derive(Debug)]
pub(super) struct Shrunk {
    /// Without any of them, it does not fail; unless the runs were used up.
    pub(super) faults: Vec<Fault>,
    /// The run with exactly these. None, when the faults alone do not make it fail.
    pub(super) ran: Option<Ran>,
}

/// Looks for the fewest faults with which a seed fails. First a run counts that fails in the same words;
/// when none with fewer faults does, one that fails at all.
pub(super) fn shrink(seed: u64, whole: &Ran, runs: &dyn Runs) -> Shrunk {
    let mut tries = Tries {
        seed,
        runs,
        words: whole.failure.as_deref().map(first_words),
        same: true,
        known: BTreeMap::new(),
    };
    let faults = whole.injected.clone();
    let mut fewest = tries.fewest(&faults);
    if fewest.len() == faults.len() {
        tries.same = false;
        fewest = tries.fewest(&faults);
    }
    let ran = tries.run(&fewest);
    let ran = ran.failure.is_some().then_some(ran);
    Shrunk {
        faults: fewest,
        ran,
    }
}

struct Tries<'a> {
    seed: u64,
    runs: &'a dyn Runs,
    /// How the whole run failed.
    words: Option<String>,
    /// Whether a run has to fail in these words.
    same: bool,
    /// How each run that was made failed; the traces of all would fill the memory.
    known: BTreeMap<Vec<Fault>, Option<String>>,
}

impl Tries<'_> {
    /// The fewest of these faults that fail.
    fn fewest(&mut self, faults: &[Fault]) -> Vec<Fault> {
        if !self.fails(faults) {
            return faults.to_vec();
        }
        if self.fails(&[]) {
            return Vec::new();
        }
        let alone = faults.iter().rev().take(MOST_ALONE);
        for fault in alone {
            let one = std::slice::from_ref(fault);
            if self.fails(one) {
                return one.to_vec();
            }
        }
        self.without_parts(faults.to_vec())
    }

    /// Leaves out halves, quarters, and so on to single ones, as long as it still fails (`ddmin`).
    fn without_parts(&mut self, mut faults: Vec<Fault>) -> Vec<Fault> {
        let mut parts = 2;
        while faults.len() > 1 {
            let size = faults.len().div_ceil(parts);
            let fewer = (0..faults.len()).step_by(size).find_map(|start| {
                let mut fewer = faults.clone();
                fewer.drain(start..(start + size).min(faults.len()));
                self.fails(&fewer).then_some(fewer)
            });
            match fewer {
                Some(fewer) => {
                    faults = fewer;
                    parts = parts.saturating_sub(1).max(2);
                }
                None if size == 1 => break,
                None => parts = (parts * 2).min(faults.len()),
            }
        }
        faults
    }

    fn run(&self, faults: &[Fault]) -> Ran {
        self.runs.run(self.seed, Plan::exactly(self.seed, faults))
    }

    fn fails(&mut self, faults: &[Fault]) -> bool {
        if !self.known.contains_key(faults) {
            if self.known.len() == MOST_RUNS {
                return false;
            }
            let failure = self.run(faults).failure;
            self.known.insert(faults.to_vec(), failure);
        }
        let failure = self.known.get(faults).and_then(Option::as_deref);
        failure.is_some_and(|failure| !self.same || Some(first_words(failure)) == self.words)
    }
}

/// The first line without its numbers: `order 7 was charged twice` and `order 9 was charged twice` are
/// the same failure.
fn first_words(failure: &str) -> String {
    let line = failure.lines().next().unwrap_or_default();
    line.split(|character: char| character.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("0")
}
