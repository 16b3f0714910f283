//! Where a call of a resource finds what serves it: the world of the current test, or the backends
//! that the shim connected.

use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use rand::{Rng as _, rngs::ThreadRng};

use crate::backend::{Broker, Store};

/// What serves the queues and caches of a program.
#[derive(Clone)]
pub(crate) struct Backends {
    pub(crate) broker: Arc<dyn Broker>,
    pub(crate) store: Arc<dyn Store>,
}

/// What the shim connected, for all of the program.
static CONNECTED: OnceLock<Backends> = OnceLock::new();

/// Serves all calls of this program from now on. `false` if others do already.
#[cfg(all(feature = "shim", feature = "test"))]
pub(crate) fn connect(backends: Backends) -> bool {
    CONNECTED.set(backends).is_ok()
}

/// What serves a call that is made here and now.
pub(crate) fn backends() -> Option<Backends> {
    #[cfg(feature = "test")]
    if let Some(world) = crate::testing::current() {
        return world.backends();
    }
    CONNECTED.get().cloned()
}

/// An id for a message, that no other message has.
pub(crate) fn message_id() -> String {
    #[cfg(feature = "test")]
    if let Some(world) = crate::testing::current() {
        return world.message_id();
    }
    let mut bytes = [0; 16];
    ThreadRng::default().fill_bytes(&mut bytes);
    format!("{:032x}", u128::from_be_bytes(bytes))
}

/// The time: that of the clock on the wall, or in a test that of its world, which moves only when
/// everything waits.
///
/// Use it instead of [`SystemTime::now`], and a test can move it and run twice in the same way.
pub fn now() -> SystemTime {
    #[cfg(feature = "test")]
    if let Some(world) = crate::testing::current() {
        return world.now();
    }
    SystemTime::now()
}

/// Random numbers: real ones, or in a test those that follow from the world's seed.
///
/// ```
/// use rand::RngExt as _;
///
/// let winner: u32 = cloudc::rng().random_range(0..100);
/// # assert!(winner < 100);
/// ```
pub fn rng() -> Rng {
    #[cfg(feature = "test")]
    if let Some(world) = crate::testing::current() {
        return Rng(Source::World(world.rng()));
    }
    Rng(Source::Thread(ThreadRng::default()))
}

/// Says that something was done outside of queues and caches, such as `effect("charged", "order-7")`.
///
/// In a test the world takes note, and can tell what was done to the same key twice. Elsewhere it does
/// nothing.
pub fn effect(name: &str, key: impl std::fmt::Display) {
    #[cfg(feature = "test")]
    if let Some(world) = crate::testing::current() {
        world.effect(name, key.to_string());
    }
    #[cfg(not(feature = "test"))]
    let _ = (name, key);
}

/// The random numbers of [`rng`]; what they can do is in the traits of the crate `rand`.
#[derive(Debug)]
pub struct Rng(Source);

#[derive(Debug)]
enum Source {
    Thread(ThreadRng),
    #[cfg(feature = "test")]
    World(Arc<std::sync::Mutex<rand::rngs::Xoshiro256PlusPlus>>),
}

impl rand::TryRng for Rng {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        self.with(|rng| rng.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.with(|rng| rng.next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.with(|rng| rng.fill_bytes(bytes))
    }
}

impl Rng {
    fn with<T>(
        &mut self,
        draw: impl FnOnce(&mut dyn rand::Rng) -> T,
    ) -> Result<T, std::convert::Infallible> {
        Ok(match &mut self.0 {
            Source::Thread(rng) => draw(rng),
            #[cfg(feature = "test")]
            Source::World(rng) => draw(&mut *crate::testing::lock(rng)),
        })
    }
}
