//! The graph of an application.

pub mod defaults;
mod model;
pub mod quantity;

pub use model::*;
