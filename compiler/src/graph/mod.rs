//! The graph of an application.

mod model;
pub mod quantity;

pub use model::*;
