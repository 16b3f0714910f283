//! The graph of an application: who triggers, sends to, reads and writes what.

mod build;
pub mod defaults;
mod find;
mod model;
pub mod quantity;
mod reach;
mod why;

pub use build::build;
pub use find::queue;
pub use model::*;
pub use why::{Answer, why};
