//! What `#[cloudc::test]` expands to.

use std::any::Any;
use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use futures_util::FutureExt as _;
use tokio::runtime::{Builder, Handle};
use tokio::sync::Notify;

use super::case::{Case, Ended, Simulation};
use super::faults::{Plan, Rates};
use super::simulate::quiet::Quiet;
use super::simulate::{self, Overrides, Problem, Ran, Replay, SiteId};
use super::trace::Line;
use super::world::{Inside, Making, World, nothing_lost};
use super::{lock, worlds};
use crate::hash;
use crate::host::panic_text;
use crate::sometimes;

/// So much of a trace is shown when a test fails: the last lines.
const SHOWN: usize = 200;

/// Runs a test in a world of its own.
///
/// # Panics
///
/// When the test fails, or its world finds something that it should have.
pub fn test<F, B>(case: Case, body: F)
where
    F: FnOnce(World) -> B,
    B: Future<Output: Ended>,
{
    let overrides = Overrides::of_environment().unwrap_or_else(|error| panic!("{error}"));
    let seed = overrides.seed.or(case.seed);
    let seed = seed.unwrap_or_else(|| hash::fnv(case.name.as_bytes()));
    let faults = overrides.faults;
    let plan = match &faults {
        Some(faults) => Plan::exactly(seed, faults.clone()),
        None => Plan::none(),
    };
    let making = Making {
        seed,
        start: case.start(),
        case,
        plan,
    };
    let mut run = run(making, body);
    warn(&case, &run.warnings());
    let Some(failure) = run.failure() else {
        return;
    };
    run.print_trace();
    let replay = Replay {
        seed,
        faults: faults.as_deref(),
        package: case.package,
        test: case.path(),
    };
    eprintln!("\nthe world's seed was {seed}; once more: {replay}");
    match failure {
        // What the test itself panicked with: it was printed then, with its place.
        Failure::Panic(panic) => resume_unwind(panic),
        Failure::Text(text) => panic!("{text}"),
    }
}

/// Past the test harness: it keeps to itself what a test that passes prints.
fn warn<'a>(case: &Case, warnings: impl IntoIterator<Item = &'a String>) {
    for warning in warnings {
        // Where nobody can be told, the test goes on.
        let _ = writeln!(io::stderr(), "warning: {}: {warning}", case.path());
    }
}

/// Runs a test in many worlds, each with other faults and another schedule.
///
/// At the end of each, the world comes to rest, and no message may be lost.
///
/// # Panics
///
/// When one of them fails, with all that is to know of it.
pub fn simulate<F, B>(simulation: Simulation, body: F)
where
    F: Fn(World) -> B + Sync,
    B: Future<Output: Ended>,
{
    let case = &simulation.case;
    let overrides = Overrides::of_environment().unwrap_or_else(|error| panic!("{error}"));
    let sites: Vec<_> = sometimes::sites().into_iter().map(SiteId::from).collect();
    let worlds = InWorlds {
        case: *case,
        start: case.start(),
        body,
        warnings: Mutex::default(),
    };
    let searched = simulate::simulate(
        &simulate::Simulation {
            package: case.package,
            test: case.path(),
            runs: simulation.runs.into(),
            base: case.seed.unwrap_or(0),
            rates: Rates::default(),
            overrides,
            threads: std::thread::available_parallelism().map_or(1, NonZero::get),
            sites: &sites,
            body: simulate::Body {
                file: case.file,
                first: case.line,
                last: simulation.last_line,
            },
            now: SystemTime::now(),
        },
        &worlds,
    );
    warn(case, &*lock(&worlds.warnings));
    match searched {
        Ok(summary) => println!("{summary}"),
        Err(report) => {
            eprintln!("{report}");
            match &report.problem {
                Problem::Failed { seed, failure, .. } => panic!("seed {seed}: {failure}"),
                Problem::Differs { seed, .. } => panic!("seed {seed} gives another run each time"),
                Problem::Never(sites) => panic!("{} `sometimes!` were never true", sites.len()),
            }
        }
    }
}

/// Runs a simulation's body in worlds.
struct InWorlds<F> {
    case: Case,
    start: SystemTime,
    body: F,
    warnings: Mutex<BTreeSet<String>>,
}

impl<F, B> simulate::Runs for InWorlds<F>
where
    F: Fn(World) -> B + Sync,
    B: Future<Output: Ended>,
{
    fn run(&self, seed: u64, plan: Plan) -> Ran {
        let quiet = Quiet::begin();
        let making = Making {
            seed,
            start: self.start,
            case: self.case,
            plan,
        };
        let mut run = run(making, async |world: World| {
            (self.body)(world.clone()).await.ended()?;
            world.until_idle().await;
            let lost = nothing_lost(&world.inside());
            if lost.is_empty() {
                Ok(())
            } else {
                Err(format!("messages are lost: {}", lost.join("; ")))
            }
        });
        lock(&self.warnings).extend(run.warnings());
        let failed_at = run.failed_at();
        let failure = run.failure().map(|failure| match failure {
            Failure::Text(text) => text,
            Failure::Panic(panic) => match quiet.take().pop() {
                Some(caught) => format!("{} ({})", caught.message, caught.location),
                None => panic_text(&*panic),
            },
        });
        let Some(inside) = run.inside else {
            return Ran {
                failure,
                ..Ran::default()
            };
        };
        Ran {
            failed_at: failed_at.filter(|_| failure.is_some()),
            failure,
            injected: inside.injected(),
            trace: inside.take_trace(),
            sometimes: inside.sometimes_seen(),
        }
    }
}

/// A test that was run in a world, which is over.
pub(crate) struct Run {
    /// `None` when there was no world.
    inside: Option<Arc<Inside>>,
    body: Result<(), Failure>,
    /// How many events there were when the body had ended.
    events: usize,
}

/// Why a test failed.
pub(crate) enum Failure {
    /// It panicked.
    Panic(Box<dyn Any + Send>),
    /// In words.
    Text(String),
}

/// Runs a test in a world that is a function of what it is made of.
pub(crate) fn run<F, B>(making: Making, body: F) -> Run
where
    F: FnOnce(World) -> B,
    B: Future<Output: Ended>,
{
    if Handle::try_current().is_ok() {
        return Run::failed(match worlds::current() {
            Some(_) => {
                "a world cannot start inside of another one: a test has one world, and calls no test"
            }
            None => {
                "a world cannot start inside of a tokio runtime, because it brings its own; write \
                 `#[cloudc::test]` in place of `#[tokio::test]`"
            }
        });
    }
    let rest = Arc::new(Notify::new());
    let at_rest = Arc::clone(&rest);
    // No sockets: they do not hold a clock that stands still, so time would run away from them.
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .on_thread_park(move || at_rest.notify_waiters())
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return Run::failed(format!("cannot start a runtime for the world: {error}")),
    };
    let id = runtime.handle().id();
    let run = runtime.block_on(async {
        let world = match World::start(making, &rest) {
            Ok(world) => world,
            Err(reason) => return Run::failed(reason),
        };
        let inside = world.inside();
        let body = world.clone().body(async move { body(world).await.ended() });
        let body = AssertUnwindSafe(body).catch_unwind();
        let body = tokio::select! {
            biased;
            () = inside.abort.notified() => Ok(Ok(())),
            body = body => body,
        };
        let body = match body {
            Ok(Ok(())) => Ok(()),
            Ok(Err(text)) => Err(Failure::Text(text)),
            Err(panic) => Err(Failure::Panic(panic)),
        };
        inside.close();
        let events = inside.with_trace(|trace| trace.events().len());
        Run {
            inside: Some(inside),
            body,
            events,
        }
    });
    // Whatever still runs ends here; a thread that blocks is not waited for.
    runtime.shutdown_background();
    worlds::remove(id);
    if let Some(inside) = &run.inside {
        inside.disconnect();
    }
    run
}

impl Run {
    fn failed(reason: impl Into<String>) -> Self {
        Self {
            inside: None,
            body: Err(Failure::Text(reason.into())),
            events: 0,
        }
    }

    /// What the world saw that is worth a word.
    pub(crate) fn warnings(&self) -> Vec<String> {
        self.inside
            .as_ref()
            .map(|inside| inside.warnings())
            .unwrap_or_default()
    }

    /// The last event before the body had ended.
    fn failed_at(&self) -> Option<usize> {
        self.events.checked_sub(1)
    }

    /// Why it failed: because the world gave up, because the graph lacks a use, by the test's own word, or
    /// because a fault that the test asked for did not happen.
    pub(crate) fn failure(&mut self) -> Option<Failure> {
        let body = std::mem::replace(&mut self.body, Ok(()));
        let Some(inside) = &self.inside else {
            return body.err();
        };
        if let Some(reason) = inside.aborted() {
            return Some(Failure::Text(reason.to_owned()));
        }
        let refusals = inside.refusals();
        if !refusals.is_empty() {
            return Some(Failure::Text(refusals.join("\n\n")));
        }
        if let Err(failure) = body {
            return Some(failure);
        }
        let unused = inside.faults.unused();
        (!unused.is_empty()).then(|| Failure::Text(unused.join("\n")))
    }

    fn print_trace(&self) {
        let Some(inside) = &self.inside else {
            return;
        };
        inside.with_trace(|trace| {
            let events = trace.events();
            let left_out = events.len().saturating_sub(SHOWN);
            eprintln!("\nwhat happened in the world:");
            if left_out + trace.dropped() > 0 {
                eprintln!(
                    "({} earlier events are left out)",
                    left_out + trace.dropped()
                );
            }
            for event in events.skip(left_out) {
                eprintln!("{}", Line(event));
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn a_world_that_is_over_is_freed() {
        let making = Making {
            seed: 1,
            start: SystemTime::UNIX_EPOCH,
            case: Case {
                name: "cloudc::a_world_that_is_over_is_freed",
                package: "cloudc",
                file: file!(),
                line: line!(),
                seed: None,
                start: None,
            },
            plan: Plan::none(),
        };
        let run = run(making, async |world: World| world.until_idle().await);
        let inside = run.inside.as_ref().map(Arc::downgrade);
        let inside = inside.expect("there was a world");
        assert!(inside.upgrade().is_some(), "its end is looked at");
        drop(run);
        assert!(inside.upgrade().is_none());
    }
}
