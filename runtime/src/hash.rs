//! Hashes that stay what they are, on any machine and with any version of Rust: what follows from them
//! must come again in the same way.

/// FNV-1a: std's hasher may change with each version of Rust.
pub(crate) fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Several numbers as one.
pub(crate) fn combined(parts: &[u64]) -> u64 {
    parts.iter().fold(0, |hash, part| mix(hash ^ *part))
}

/// A step of SplitMix64.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
