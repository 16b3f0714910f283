//! What the attributes say of a test, and what a test's body returns.

use std::fmt::Debug;
use std::time::SystemTime;

use jiff::Timestamp;

/// A test: what `#[cloudc::test]` says of it.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// The path in Rust, with the crate's name in front: `shop::tests::an_order_is_charged`. The test
    /// harness calls it by what follows the crate's name.
    pub name: &'static str,
    /// The package that the test belongs to.
    pub package: &'static str,
    /// The source file, as rustc was given it.
    pub file: &'static str,
    /// The line of the function's name, from 1.
    pub line: u32,
    /// What every choice follows from; `None` for what follows from the name.
    pub seed: Option<u64>,
    /// When the world starts: a time of RFC 3339, `2026-03-28T00:00:00Z`.
    pub start: Option<&'static str>,
}

/// When a world starts whose test says nothing of it: the first of January 2026, in UTC.
const START: Timestamp = Timestamp::constant(1_767_225_600, 0);

impl Case {
    /// The path as the test harness has it: without the crate's name.
    pub(crate) fn path(&self) -> &'static str {
        let path = self.name.split_once("::");
        path.map_or(self.name, |(_, path)| path)
    }

    /// The crate's name.
    pub(crate) fn crate_name(&self) -> &'static str {
        self.name.split("::").next().unwrap_or_default()
    }

    /// When the world starts.
    ///
    /// # Panics
    ///
    /// When `start` is no time.
    pub(crate) fn start(&self) -> SystemTime {
        let start = self.start.map_or(Ok(START), str::parse);
        match start {
            Ok(start) => start.into(),
            Err(error) => panic!(
                "{:?} is no time to start at: {error}; write one as `start = \"2026-03-28T00:00:00Z\"`",
                self.start.unwrap_or_default()
            ),
        }
    }
}

/// A simulation: what `#[cloudc::simulate]` says of it.
#[derive(Clone, Copy, Debug)]
pub struct Simulation {
    /// The test; its seed is that of the first run.
    pub case: Case,
    /// How many worlds it runs in, at least 1.
    pub runs: u32,
    /// The line of the body's closing brace: what is between it and [`Case::line`] is the body.
    pub last_line: u32,
}

/// What the body of a test returns: nothing, or whether it failed.
#[diagnostic::on_unimplemented(
    message = "a test cannot return `{Self}`",
    label = "neither `()` nor `Result<(), E>`",
    note = "return `()`, or `Result<(), E>` where `E` implements `Debug`"
)]
pub trait Ended {
    /// # Errors
    ///
    /// What the body failed with, for a person.
    fn ended(self) -> Result<(), String>;
}

impl Ended for () {
    fn ended(self) -> Result<(), String> {
        Ok(())
    }
}

impl<E: Debug> Ended for Result<(), E> {
    fn ended(self) -> Result<(), String> {
        self.map_err(|error| format!("{error:?}"))
    }
}
