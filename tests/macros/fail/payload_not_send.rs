use std::cell::Cell;

use cloudc::{Cache, cache};

#[cache]
pub static COUNTS: Cache<String, Cell<u32>>;

fn main() {}
