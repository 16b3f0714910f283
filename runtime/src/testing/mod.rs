//! Tests of an application: a world for each, with emulated backends and a clock of its own.

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
use simulate::SiteId;

pub use case::{Case, Ended, Simulation};
pub use harness::{simulate, test};
pub use world::{Answer, CacheView, DeadLetter, Http, QueueView, Sending, World};
pub(crate) use worlds::current;

/// Told of each condition that `sometimes!` looks at.
pub(crate) fn sometimes_hit(site: &'static Site, condition: bool) {
    if let Some(world) = current() {
        world.sometimes(SiteId::from(site), condition);
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
