//! The `cloudc` command.
fn main() {}
