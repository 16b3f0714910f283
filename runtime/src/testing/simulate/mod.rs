//! Many worlds, each with other faults and another schedule, and what they found.
//!
//! A world is a function of its seed. That is checked, because all else rests on it: a failure can be
//! run again, made smaller, and handed to somebody else as one command.

mod cause;
mod differ;
mod margin;
mod overrides;
pub mod quiet;
mod replay;
mod report;
mod search;
mod shrink;
mod sometimes;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::SystemTime;

pub use cause::Cause;
pub use overrides::{NoOverrides, Overrides};
pub use replay::Replay;
pub use report::{Problem, Report};
pub use sometimes::{Body, SiteId};

use self::search::Found;
use crate::testing::faults::{Fault, List, Plan, Rates};
use crate::testing::trace::Trace;

/// Makes a world and runs a test in it.
pub trait Runs {
    /// Runs the test once, in a world that is a function of the seed and the plan alone. It does not
    /// panic when the test does.
    fn run(&self, seed: u64, plan: Plan) -> Ran;
}

impl<F: Fn(u64, Plan) -> Ran> Runs for F {
    fn run(&self, seed: u64, plan: Plan) -> Ran {
        self(seed, plan)
    }
}

/// How a run went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ran {
    /// Why it failed, when it did.
    pub failure: Option<String>,
    /// The faults that took effect, in order.
    pub injected: Vec<Fault>,
    /// What happened.
    pub trace: Trace,
    /// Which event of the trace was the last one before it failed, counted from 0.
    pub failed_at: Option<usize>,
    /// The `sometimes!` that were reached, and whether each was ever true.
    pub sometimes: Vec<(SiteId, bool)>,
}

/// A test that is run in many worlds.
#[derive(Clone, Debug)]
pub struct Simulation<'a> {
    /// The package of the test, as cargo names it.
    pub package: &'a str,
    /// The path of the test in its crate, without the crate's name: `tests::never_charged_twice`.
    pub test: &'a str,
    /// How many seeds.
    pub runs: u64,
    /// The first seed; the others follow it.
    pub base: u64,
    /// How often something goes wrong.
    pub rates: Rates,
    /// What the environment asks for instead.
    pub overrides: Overrides,
    /// How many threads run worlds; at least one does.
    pub threads: usize,
    /// All `sometimes!` of the program.
    pub sites: &'a [SiteId],
    /// Where the test is.
    pub body: Body,
    /// The real time, by which a wall clock's time is known.
    pub now: SystemTime,
}

/// What a simulation did that found nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The first seed.
    pub base: u64,
    /// How many seeds were run.
    pub seeds: u64,
    /// How many faults took effect in all.
    pub faults: u64,
    /// The faults that `CLOUDC_FAULTS` asked for, if it did.
    pub asked: Option<Vec<Fault>>,
    /// Those of them that did not happen.
    pub absent: Vec<Fault>,
}

/// Runs a test in many worlds, or in the one that [`Overrides`] ask for.
///
/// Of all seeds that fail, the lowest is reported, however many threads there are.
///
/// # Errors
///
/// When a seed fails, when a run differs from the run before it with the same seed, or when a
/// `sometimes!` was never true.
pub fn simulate(
    simulation: &Simulation<'_>,
    runs: &(impl Runs + Sync),
) -> Result<Summary, Box<Report>> {
    let overrides = &simulation.overrides;
    let one = overrides.is_replay();
    let (base, seeds) = match overrides.seed {
        Some(seed) => (seed, 1),
        None if one => (simulation.base, 1),
        None => (simulation.base, simulation.runs),
    };
    let plan = |seed| match &overrides.faults {
        Some(faults) => Plan::exactly(seed, faults.clone()),
        None => Plan::random(seed, simulation.rates),
    };
    let searched = search::search(base, seeds, simulation.threads, &plan, runs);
    if let Some((index, found)) = searched.found {
        let seed = base.wrapping_add(index);
        let report = match found {
            Found::Differs(pair) => report::differs(simulation, seed, &pair),
            Found::Failed(ran) => failed(simulation, index, seed, ran, &plan, runs),
        };
        return Err(Box::new(report));
    }
    if !one {
        let missed = sometimes::missed(&searched.sites, simulation.sites, &simulation.body);
        if !missed.is_empty() {
            return Err(Box::new(report::sometimes(simulation, &missed)));
        }
    }
    let asked = overrides.faults.clone();
    let absent = absent(asked.as_deref(), &searched.first);
    Ok(Summary {
        base,
        seeds,
        faults: searched.faults,
        asked,
        absent,
    })
}

/// What is to say about a seed that fails.
fn failed(
    simulation: &Simulation<'_>,
    index: u64,
    seed: u64,
    ran: Ran,
    plan: &dyn Fn(u64) -> Plan,
    runs: &dyn Runs,
) -> Report {
    let again = runs.run(seed, plan(seed));
    if differ::differs(&ran, &again) {
        return report::differs(simulation, seed, &(ran, again));
    }
    if let Some(faults) = &simulation.overrides.faults {
        let absent = absent(Some(faults), &ran.injected);
        return report::replayed(simulation, seed, &ran, faults, &absent);
    }
    let shrunk = shrink::shrink(seed, &ran, runs);
    report::failed(simulation, index, seed, &ran, &shrunk)
}

/// What was asked for and did not happen.
fn absent(asked: Option<&[Fault]>, happened: &[Fault]) -> Vec<Fault> {
    let asked = asked.unwrap_or_default().iter();
    asked
        .filter(|fault| !happened.contains(fault))
        .cloned()
        .collect()
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base = self.base;
        match &self.asked {
            Some(faults) if faults.is_empty() => write!(f, "seed {base} without faults: passed")?,
            Some(faults) => write!(f, "seed {base} with {}: passed", List(faults))?,
            None if self.seeds == 1 => write!(f, "seed {base}: passed, {}", Many(self.faults))?,
            None => {
                let last = base.wrapping_add(self.seeds.saturating_sub(1));
                write!(f, "seeds {base} to {last}: passed, {}", Many(self.faults))?;
            }
        }
        match &*self.absent {
            [] => Ok(()),
            absent => write!(f, "; did not happen: {}", List(absent)),
        }
    }
}

/// `3 faults`.
struct Many(u64);

impl fmt::Display for Many {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("no faults"),
            1 => f.write_str("1 fault"),
            many => write!(f, "{many} faults"),
        }
    }
}
