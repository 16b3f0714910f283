//! Tests of an application: a world for each, with emulated backends and a clock of its own.

mod case;
mod cron;
// Until there are worlds.
mod stub;

pub use case::{Case, Ended, Simulation};
pub(crate) use stub::sometimes_hit;
pub use stub::{World, simulate, test};
