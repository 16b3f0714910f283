//! Tests of an application: a world for each, with emulated backends and a clock of its own.

mod agreement;
mod cron;
pub mod emulator;
pub mod faults;
pub mod trace;
