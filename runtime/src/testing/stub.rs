//! Stands in for the worlds: a body runs on a paused clock, in a world that has nothing.

use std::future::Future;

use super::case::{Case, Ended, Simulation};
use crate::sometimes::Site;

/// A world that has nothing.
#[derive(Debug)]
pub struct World {
    _private: (),
}

/// Runs a body once.
///
/// # Panics
///
/// When the body fails.
pub fn test<B, F>(case: Case, body: B)
where
    B: Fn(World) -> F + Send + Sync + 'static,
    F: Future<Output: Ended> + 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime");
    if let Err(error) = runtime.block_on(body(World { _private: () })).ended() {
        panic!("{} failed: {error}", case.name);
    }
}

/// Runs a body as often as is said.
///
/// # Panics
///
/// When the body fails.
pub fn simulate<B, F>(simulation: Simulation, body: B)
where
    B: Fn(World) -> F + Send + Sync + 'static,
    F: Future<Output: Ended> + 'static,
{
    let body = std::sync::Arc::new(body);
    for _ in 0..simulation.runs {
        let body = std::sync::Arc::clone(&body);
        test(simulation.case, move |world| body(world));
    }
}

/// Told of each condition that `sometimes!` looks at.
pub(crate) fn sometimes_hit(_site: &'static Site, _condition: bool) {}
