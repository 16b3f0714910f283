//! Worlds: an application as it runs in a cluster, in one thread and on a clock of its own.

mod app;
mod bad_input;
mod faults;
mod http;
mod queues;
mod time;
mod worlds;

use app::{COUNTS, Order};
use cloudc::World;

fn order(id: &str) -> Order {
    Order {
        id: id.to_owned(),
        pieces: 3,
    }
}

/// How often something was done.
fn count(world: &World, what: &str) -> Option<u32> {
    world.cache(&COUNTS).get(&what.to_owned())
}
