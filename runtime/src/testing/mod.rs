//! Tests of an application: a world for each, with emulated backends and a clock of its own.

#[expect(
    dead_code,
    reason = "the emulated backends, which call it, stand elsewhere"
)]
mod agreement;
