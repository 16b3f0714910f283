//! Tests of an application: a world for each, with emulated backends and a clock of its own.

pub mod checks;
pub mod faults;
pub mod simulate;
pub mod trace;
