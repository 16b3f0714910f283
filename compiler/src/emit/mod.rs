//! From objects to bytes, and from bytes to a folder.

mod marker;
pub mod shim;
mod write;
pub mod yaml;

use std::collections::BTreeMap;

pub use marker::MARKER;
pub use write::{check, write};

/// Files by their path in the output folder, with `/` between the parts.
pub type Tree = BTreeMap<String, Vec<u8>>;
