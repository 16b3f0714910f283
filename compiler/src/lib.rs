//! The compiler of cloudc.

pub mod codes;
pub mod config;
pub mod diagnostic;
pub mod emit;
pub mod graph;
pub mod lower;
pub mod span;
