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

pub use case::{Case, Ended};
pub use harness::test;
pub use world::{Answer, CacheView, DeadLetter, Http, QueueView, Sending, World};
pub(crate) use worlds::current;

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
