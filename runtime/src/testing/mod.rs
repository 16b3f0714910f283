//! Tests of an application: a world for each, with emulated queues and caches and a clock of its own.
//!
//! With the feature `test`, which belongs into the `[dev-dependencies]`:
//!
//! ```
//! use cloudc::testing::hours;
//! use cloudc::{Cache, Queue, World, cache, function, queue};
//!
//! #[queue]
//! pub static ORDERS: Queue<String>;
//!
//! #[cache(ttl = "1h")]
//! pub static SHIPPED: Cache<String, bool>;
//!
//! #[function(queue = ORDERS)]
//! async fn ship(order: String) -> cloudc::Result<()> {
//!     SHIPPED.set(&order, &true).await
//! }
//!
//! #[cloudc::test]
//! async fn a_crash_is_survived(world: World) {
//!     world.faults().on(ship).delivery(1).crash_at_await(1);
//!     ORDERS.send(&"a bicycle".to_owned()).await?;
//!     world.until_idle().await;
//!     assert_eq!(world.cache(&SHIPPED).get(&"a bicycle".to_owned()), Some(true));
//!     world.advance(hours(2)).await;
//!     assert!(world.cache(&SHIPPED).is_empty());
//! }
//! # fn main() {}
//! ```
//!
//! | what | where |
//! | --- | --- |
//! | a test in a world of its own | [`#[cloudc::test]`](macro@crate::test) |
//! | many worlds, each with other faults and another schedule | [`#[cloudc::simulate]`](macro@crate::simulate) |
//! | requests, time, and a look at queues and caches | [`World`] |
//! | what goes wrong on purpose | [`faults`], by [`World::faults`] |
//! | what happened | [`trace`], by [`World::trace`] |
//! | what always holds | [`World::assert_nothing_lost`] and its neighbours |
//! | what a simulation has to have seen | [`sometimes!`](crate::sometimes) |

mod agreement;
mod case;
pub mod checks;
mod cron;
pub mod emulator;
pub mod faults;
mod harness;
pub mod simulate;
pub mod trace;
mod world;
mod worlds;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::sometimes::Site;

pub use case::{Case, Ended, Simulation};
pub use harness::{simulate, test};
pub use world::{Answer, CacheView, DeadLetter, Http, QueueView, Sending, World};
pub(crate) use worlds::current;

/// Told of each condition that `sometimes!` looks at.
pub(crate) fn sometimes_hit(site: &'static Site, condition: bool) {
    if let Some(world) = current() {
        world.sometimes(site, condition);
    }
}

/// So many seconds.
pub const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// So many minutes.
pub const fn minutes(minutes: u64) -> Duration {
    seconds(minutes * 60)
}

/// So many hours.
pub const fn hours(hours: u64) -> Duration {
    minutes(hours * 60)
}

/// So many days of 24 hours.
pub const fn days(days: u64) -> Duration {
    hours(days * 24)
}

/// What a panic left behind in a lock is still what happened.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
