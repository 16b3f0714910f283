//! What `#[cloudc::test]` expands to.

use std::any::Any;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;

use futures_util::FutureExt as _;
use tokio::runtime::{Builder, Handle};

use super::case::{Case, Ended};
use super::faults::Plan;
use super::trace::Line;
use super::world::{Inside, Making, World};
use super::worlds;

/// So much of a trace is shown when a test fails: the last lines.
const SHOWN: usize = 200;

/// Runs a test in a world of its own.
///
/// # Panics
///
/// When the test fails, or its world finds something that it should have.
pub fn test<F, B>(case: &Case, body: F)
where
    F: FnOnce(World) -> B,
    B: Future<Output: Ended>,
{
    let seed = case
        .seed
        .unwrap_or_else(|| super::faults::hash(case.name.as_bytes()));
    let plan = Plan::none();
    let making = Making {
        seed,
        start: case.start(),
        plan,
    };
    let mut run = run(making, body);
    for warning in run.warnings() {
        eprintln!("warning: {warning}");
    }
    let Some(failure) = run.failure() else {
        return;
    };
    run.print_trace();
    eprintln!(
        "\nthe world's seed was {seed}; once more: CLOUDC_SEED={seed} cargo test -p {} -- --exact {}",
        case.package,
        case.path()
    );
    match failure {
        // What the test itself panicked with: it was printed then, with its place.
        Failure::Panic(panic) => resume_unwind(panic),
        Failure::Text(text) => panic!("{text}"),
    }
}

/// A test that was run in a world, which is over.
pub(crate) struct Run {
    /// `None` when there was no world.
    inside: Option<Arc<Inside>>,
    body: Result<(), Failure>,
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
    // No sockets: they do not hold a clock that stands still, so time would run away from them.
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return Run::failed(format!("cannot start a runtime for the world: {error}")),
    };
    let id = runtime.handle().id();
    let run = runtime.block_on(async {
        let world = match World::start(making) {
            Ok(world) => world,
            Err(reason) => return Run::failed(reason),
        };
        let inside = world.inside();
        let body = AssertUnwindSafe(async { body(world).await.ended() }).catch_unwind();
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
        Run {
            inside: Some(inside),
            body,
        }
    });
    // Whatever still runs ends here; a thread that blocks is not waited for.
    runtime.shutdown_background();
    worlds::remove(id);
    run
}

impl Run {
    fn failed(reason: impl Into<String>) -> Self {
        Self {
            inside: None,
            body: Err(Failure::Text(reason.into())),
        }
    }

    /// What the world saw that is worth a word.
    pub(crate) fn warnings(&self) -> Vec<String> {
        self.inside
            .as_ref()
            .map(|inside| inside.warnings())
            .unwrap_or_default()
    }

    /// The world, if there was one.
    pub(crate) fn inside(&self) -> Option<&Arc<Inside>> {
        self.inside.as_ref()
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
