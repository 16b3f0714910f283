//! The graph of an application.

mod model;
pub(crate) mod reach;

pub use model::*;
