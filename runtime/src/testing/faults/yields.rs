//! How long a handler lets others go first.

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;

use super::keyed::{self, Decision};
use crate::testing::trace::Call;

/// How often a call yields to others before each of its polls. Each seed gives another schedule; without
/// one nobody yields, and tasks run in the order in which they became ready.
#[derive(Clone, Debug)]
pub struct Yields {
    generator: Option<Xoshiro256PlusPlus>,
}

impl Yields {
    /// Never.
    pub fn none() -> Self {
        Self { generator: None }
    }

    pub(super) fn seeded(seed: u64, call: &Call) -> Self {
        Self {
            generator: Some(keyed::for_call(seed, call, Decision::Yield)),
        }
    }

    /// How often before the next poll, from 0 to 3: half of the time not at all.
    #[expect(clippy::should_implement_trait, reason = "the stream has no end")]
    pub fn next(&mut self) -> u32 {
        match &mut self.generator {
            None => 0,
            Some(generator) => [0, 0, 0, 0, 1, 1, 2, 3][generator.random_range(0..8_usize)],
        }
    }
}
