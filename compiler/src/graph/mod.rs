//! The graph of an application.

mod model;

pub use model::*;
