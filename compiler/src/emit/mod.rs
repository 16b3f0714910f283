//! From objects to bytes, and from bytes to a folder.

pub mod yaml;

use std::collections::BTreeMap;

/// Files by their path in the output folder, with `/` between the parts.
pub type Tree = BTreeMap<String, Vec<u8>>;
