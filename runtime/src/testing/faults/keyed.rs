//! Random decisions by key.
//!
//! Each decision has a generator of its own, made from the world's seed and from what it decides. With
//! one stream for all, leaving out one fault would shift every decision behind it, and no list of faults
//! could be shrunk.

use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;

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
    let function = fnv(call.function.as_bytes());
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
    let hash = key.iter().fold(0, |hash, part| mix(hash ^ *part));
    Xoshiro256PlusPlus::seed_from_u64(hash)
}

/// FNV-1a: std's hasher may change with each version of Rust.
pub(crate) fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// A step of SplitMix64.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
