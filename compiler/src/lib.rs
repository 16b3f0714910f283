//! The compiler of cloudc.

pub mod codes;
pub mod diagnostic;
pub mod graph;
pub mod new;
pub mod render;
pub mod span;
