//! The command that runs a world again.

use std::fmt;

use crate::testing::faults::{Fault, List};

/// The command that runs a test in one world again, as text.
#[derive(Clone, Copy, Debug)]
pub struct Replay<'a> {
    /// The world's seed.
    pub seed: u64,
    /// The faults that are asked for; without, what the seed has.
    pub faults: Option<&'a [Fault]>,
    /// The package of the test.
    pub package: &'a str,
    /// The path of the test in its crate.
    pub test: &'a str,
}

impl fmt::Display for Replay<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CLOUDC_SEED={} ", self.seed)?;
        if let Some(faults) = self.faults {
            write!(f, "CLOUDC_FAULTS='{}' ", List(faults))?;
        }
        write!(f, "cargo test -p {} -- --exact {}", self.package, self.test)
    }
}
