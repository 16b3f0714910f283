//! The graph of an application.

pub mod defaults;
mod model;
<<<<<<< HEAD
pub(crate) mod reach;
=======
pub mod quantity;
>>>>>>> checks

pub use model::*;
