//! What the environment asks for.

use std::env;
use std::ffi::OsString;

use crate::testing::faults::{Fault, parse_list};

/// What a person asks for instead of what a test would do by itself: `CLOUDC_SEED` and `CLOUDC_FAULTS`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Only this seed.
    pub seed: Option<u64>,
    /// Exactly these faults.
    pub faults: Option<Vec<Fault>>,
}

/// The environment asks for something that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoOverrides(String);

impl Overrides {
    /// What the variables of this process say. One that is not set, or empty in the case of the seed, asks
    /// for nothing; an empty `CLOUDC_FAULTS` asks for no faults at all.
    ///
    /// # Errors
    ///
    /// When one of them has not the right form; the text shows it.
    pub fn of_environment() -> Result<Self, NoOverrides> {
        Self::read(env::var_os("CLOUDC_SEED"), env::var_os("CLOUDC_FAULTS"))
    }

    /// As [`Overrides::of_environment`], from these values.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn read(seed: Option<OsString>, faults: Option<OsString>) -> Result<Self, NoOverrides> {
        let seed = seed.filter(|seed| !seed.is_empty());
        let seed = seed.map(|seed| {
            let text = seed.to_string_lossy();
            text.trim().parse().map_err(|_| {
                NoOverrides(format!(
                    "CLOUDC_SEED is `{text}`, which is no seed; write a whole number from 0 to {}, as a \
                     failed simulation prints it: CLOUDC_SEED=17",
                    u64::MAX
                ))
            })
        });
        let faults = faults.map(|faults| {
            parse_list(&faults.to_string_lossy()).map_err(|error| {
                NoOverrides(format!(
                    "CLOUDC_FAULTS cannot be read: {error}. Write faults with commas between them: \
                     CLOUDC_FAULTS='charge#3.1:lose-ack,charge#3.2:crash@2'"
                ))
            })
        });
        Ok(Self {
            seed: seed.transpose()?,
            faults: faults.transpose()?,
        })
    }

    /// Whether one world is asked for, not many.
    pub fn is_replay(&self) -> bool {
        self.seed.is_some() || self.faults.is_some()
    }
}
