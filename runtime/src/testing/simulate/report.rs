//! What a simulation found, for a person.

use std::fmt::{self, Write as _};

use super::cause::Cause;
use super::differ::{self, Difference};
use super::margin::Marked;
use super::shrink::Shrunk;
use super::sometimes::Missed;
use super::{Ran, Replay, Simulation, SiteId};
use crate::testing::faults::{Fault, List, Words};
use crate::testing::trace::{Event, Line, clock, words_of};

/// What a simulation found: data for programs, and as text all that a person needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What it is.
    pub problem: Problem,
    text: String,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A seed fails.
    Failed {
        /// The seed.
        seed: u64,
        /// Faults that make it fail, as few as were found.
        faults: Vec<Fault>,
        /// Why it fails with these.
        failure: String,
    },
    /// Two runs of a seed differ.
    Differs {
        /// The seed.
        seed: u64,
        /// What probably makes them differ.
        cause: Cause,
    },
    /// These were never true.
    Never(Vec<SiteId>),
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Report {}

/// A seed failed, and its faults are as few as can be.
pub(super) fn failed(
    simulation: &Simulation<'_>,
    index: u64,
    seed: u64,
    whole: &Ran,
    shrunk: &Shrunk,
) -> Report {
    let mut text = Text::default();
    let test = simulation.test;
    match (simulation.overrides.is_replay(), index + 1, simulation.runs) {
        (true, ..) => text.line(format_args!("{test} failed with seed {seed}.")),
        (false, tried, runs) => text.line(format_args!(
            "{test} failed with seed {seed}, after {tried} of {runs} seeds."
        )),
    }
    let ran = shrunk.ran.as_ref().unwrap_or(whole);
    text.failure(ran);
    if first_line(ran) != first_line(whole) {
        text.part(format_args!(
            "With all of its faults it fails otherwise: {}",
            first_line(whole)
        ));
    }
    let (before, after) = (whole.injected.len(), shrunk.faults.len());
    match (before, after, &shrunk.ran) {
        (0, ..) => text.part(format_args!(
            "Nothing went wrong on purpose: the schedule of this seed is enough."
        )),
        (_, _, None) => text.part(format_args!(
            "It fails as this seed has it, and not when the same faults are asked for as a list:"
        )),
        (before, 0, _) => text.part(format_args!(
            "None of its {before} faults is needed: the schedule of this seed is enough."
        )),
        (1, ..) => text.part(format_args!("It needs its fault:")),
        (before, after, _) if before == after => {
            text.part(format_args!("It needs all of its {before} faults:"));
        }
        (before, after, _) => {
            text.part(format_args!("Of its {before} faults, it needs {after}:"));
        }
    }
    text.faults(&shrunk.faults);
    text.trace(ran);
    let faults = shrunk.ran.as_ref().map(|_| &*shrunk.faults);
    text.command(simulation, seed, faults);
    text.report(Problem::Failed {
        seed,
        faults: shrunk.faults.clone(),
        failure: ran.failure.clone().unwrap_or_default(),
    })
}

/// A seed failed with the faults that were asked for.
pub(super) fn replayed(
    simulation: &Simulation<'_>,
    seed: u64,
    ran: &Ran,
    asked: &[Fault],
    absent: &[Fault],
) -> Report {
    let mut text = Text::default();
    let test = simulation.test;
    let faults = match asked.len() {
        0 => "no faults".to_owned(),
        1 => "1 fault".to_owned(),
        many => format!("{many} faults"),
    };
    text.line(format_args!(
        "{test} failed, replayed with seed {seed} and {faults}."
    ));
    text.failure(ran);
    if !asked.is_empty() {
        text.part(format_args!("The faults that were asked for:"));
        text.faults(asked);
    }
    if !absent.is_empty() {
        text.part(format_args!(
            "Of these, some did not happen: {}",
            List(absent)
        ));
    }
    text.trace(ran);
    text.command(simulation, seed, Some(asked));
    text.report(Problem::Failed {
        seed,
        faults: asked.to_vec(),
        failure: ran.failure.clone().unwrap_or_default(),
    })
}

/// Two runs of a seed differ.
pub(super) fn differs(simulation: &Simulation<'_>, seed: u64, pair: &(Ran, Ran)) -> Report {
    let (first, second) = pair;
    let difference = differ::difference(first, second);
    let cause = Cause::of(&difference, (first, second), simulation.now);
    let mut text = Text::default();
    text.line(format_args!(
        "{} is not deterministic: two runs of seed {seed} differ, so no failure could be run again.",
        simulation.test
    ));
    if difference.first.is_empty() && difference.second.is_empty() {
        text.part(format_args!(
            "The same happened, but the first run {}",
            end(first)
        ));
        text.line(format_args!("and the second {}.", end(second)));
    } else {
        parting(&mut text, &difference);
    }
    text.part(format_args!("{cause}"));
    text.command(simulation, seed, simulation.overrides.faults.as_deref());
    text.report(Problem::Differs { seed, cause })
}

fn parting(text: &mut Text, difference: &Difference<'_>) {
    if !difference.before.is_empty() {
        text.part(format_args!("Both runs:"));
        text.line(format_args!(""));
        match difference.earlier {
            0 => {}
            1 => text.line(format_args!("  (1 event is left out)")),
            many => text.line(format_args!("  ({many} events are left out)")),
        }
        for event in &difference.before {
            text.line(format_args!("  {}", Line(event)));
        }
    }
    for (which, rest) in [("first", &difference.first), ("second", &difference.second)] {
        text.part(format_args!("The {which} run then:"));
        text.line(format_args!(""));
        text.line(format_args!("> {}", Next(rest.first().copied())));
    }
}

/// How a run ended.
fn end(ran: &Ran) -> String {
    match &ran.failure {
        None => "passed".to_owned(),
        Some(failure) => format!("failed ({failure})"),
    }
}

/// What was never true.
pub(super) fn sometimes(simulation: &Simulation<'_>, missed: &[Missed]) -> Report {
    let mut text = Text::default();
    let (test, runs) = (simulation.test, simulation.runs);
    let seeds = if runs == 1 { "seed" } else { "seeds" };
    text.line(format_args!(
        "{test} passed with {runs} {seeds}, but what shall be true sometimes never was:"
    ));
    text.line(format_args!(""));
    let sites: Vec<_> = missed
        .iter()
        .map(|missed| missed.site.to_string())
        .collect();
    let width = sites.iter().map(String::len).max().unwrap_or_default();
    for (site, missed) in sites.iter().zip(missed) {
        let how = if missed.reached {
            "reached, and never true"
        } else {
            "not even reached"
        };
        text.line(format_args!("  {site:<width$}  {how}"));
    }
    text.part(format_args!(
        "So the simulation does not come where it is meant to. Let it do more (more orders, more time, \
         more `runs`), or correct the condition."
    ));
    let sites = missed.iter().map(|missed| missed.site).collect();
    text.report(Problem::Never(sites))
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn line(&mut self, line: fmt::Arguments<'_>) {
        writeln!(self.0, "{line}").expect("a string takes all");
    }

    /// A line with an empty one before it.
    fn part(&mut self, line: fmt::Arguments<'_>) {
        self.line(format_args!("\n{line}"));
    }

    fn failure(&mut self, ran: &Ran) {
        self.line(format_args!(""));
        for line in ran.failure.as_deref().unwrap_or_default().lines() {
            let margin = if line.is_empty() { "" } else { "  " };
            self.line(format_args!("{margin}{line}"));
        }
    }

    fn faults(&mut self, faults: &[Fault]) {
        let texts: Vec<_> = faults.iter().map(ToString::to_string).collect();
        let width = texts.iter().map(String::len).max().unwrap_or_default();
        if !faults.is_empty() {
            self.line(format_args!(""));
        }
        for (text, fault) in texts.iter().zip(faults) {
            self.line(format_args!("  {text:<width$}  {}", Words(fault)));
        }
    }

    fn trace(&mut self, ran: &Ran) {
        if ran.trace.events().len() == 0 {
            return;
        }
        let failed = ran.failed_at.map_or("", |_| ", `>` where it failed");
        self.part(format_args!("What happened (`!` is a fault{failed}):\n"));
        let marked = Marked {
            trace: &ran.trace,
            failed_at: ran.failed_at,
        };
        write!(self.0, "{marked}").expect("a string takes all");
    }

    fn command(&mut self, simulation: &Simulation<'_>, seed: u64, faults: Option<&[Fault]>) {
        let replay = Replay {
            seed,
            faults,
            package: simulation.package,
            test: simulation.test,
        };
        self.part(format_args!("To run it again:\n\n  {replay}"));
    }

    fn report(self, problem: Problem) -> Report {
        Report {
            problem,
            text: self.0,
        }
    }
}

/// What a run goes on with.
struct Next<'a>(Option<&'a Event>);

impl fmt::Display for Next<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("nothing more: it ended here"),
            // Whole values: what differs may stand far behind.
            Some(event) => {
                let (who, words) = words_of(event);
                write!(f, "{}  {who:<18}  {words}", clock(event.at))
            }
        }
    }
}

fn first_line(ran: &Ran) -> &str {
    let failure = ran.failure.as_deref().unwrap_or_default();
    failure.lines().next().unwrap_or_default()
}
