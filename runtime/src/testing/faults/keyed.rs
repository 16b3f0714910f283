//! Random decisions by key.
//!
//! Each decision has a generator of its own, made from the world's seed and from what it decides. With
//! one stream for all, leaving out one fault would shift every decision behind it, and no list of faults
//! could be shrunk.

use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;

use crate::hash;
use crate::testing::trace::Call;

/// What is decided.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Decision {
    Fault = 1,
    Yield = 2,
    Restart = 3,
    /// What the call itself draws.
    Own = 4,
}

/// For a decision about a call.
pub(crate) fn for_call(seed: u64, call: &Call, decision: Decision) -> Xoshiro256PlusPlus {
    let function = hash::fnv(call.function.as_bytes());
    generator(&[
        seed,
        decision as u64,
        function,
        call.run,
        u64::from(call.attempt),
    ])
}

/// For a decision about the world.
pub(super) fn for_world(seed: u64, decision: Decision) -> Xoshiro256PlusPlus {
    generator(&[seed, decision as u64])
}

/// The generator is one whose numbers stay what they are, on any machine and in any version of `rand`:
/// a seed that was written down must find the same world again.
fn generator(key: &[u64]) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(hash::combined(key))
}
