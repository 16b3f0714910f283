//! The compiler of cloudc.

pub mod check;
pub mod codes;
pub mod diagnostic;
pub mod graph;
pub mod lift;
pub mod load;
pub mod project;
pub mod resolve;
pub mod report;
pub mod span;
pub mod text;
