//! The calls of handlers that run.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::rngs::Xoshiro256PlusPlus;

use super::pace::{AtOnce, Chain};
use super::pods::Pod;
use crate::host::Taken;
use crate::testing::faults::CallPlan;
use crate::testing::trace;

/// A call of a handler.
pub(crate) struct Call {
    /// As the trace names it.
    pub(crate) name: Arc<trace::Call>,
    pub(crate) plan: CallPlan,
    /// The messages that it takes.
    pub(super) messages: Vec<Taken>,
    /// How many calls led to it, and when it began.
    pub(super) chain: Chain,
    pub(super) began: Duration,
    /// The pod it runs in, and the pod's life in which it began.
    pod: Arc<Pod>,
    life: u64,
    operations: AtomicU32,
    /// Its uses of queues and caches, and those of what it spawned.
    pub(super) uses: Mutex<AtOnce>,
    pub(super) polls: Mutex<AtOnce>,
    ended: AtomicBool,
    outlived: AtomicBool,
    rng: Arc<Mutex<Xoshiro256PlusPlus>>,
}

impl Call {
    pub(super) fn new(
        name: Arc<trace::Call>,
        plan: CallPlan,
        messages: Vec<Taken>,
        (chain, began): (Chain, Duration),
        pod: &Arc<Pod>,
        rng: Xoshiro256PlusPlus,
    ) -> Arc<Self> {
        Arc::new(Self {
            name,
            plan,
            messages,
            chain,
            began,
            pod: Arc::clone(pod),
            life: pod.life(),
            operations: AtomicU32::new(0),
            uses: Mutex::default(),
            polls: Mutex::default(),
            ended: AtomicBool::new(false),
            outlived: AtomicBool::new(false),
            rng: Arc::new(Mutex::new(rng)),
        })
    }

    /// Counts a use of a queue or cache, from 1.
    pub(super) fn next_operation(&self) -> u32 {
        self.operations.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Whether the pod died in which it ran: then it, and what it spawned, does nothing any more.
    pub(super) fn is_dead(&self) -> bool {
        self.pod.life() != self.life
    }

    pub(super) fn pod(&self) -> &Arc<Pod> {
        &self.pod
    }

    /// Says that the handler has ended. `false` if it had before.
    pub(super) fn end(&self) -> bool {
        !self.ended.swap(true, Ordering::Relaxed)
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    /// Says that something of it goes on after its end; `true` the first time that this is so.
    pub(super) fn outlives(&self) -> bool {
        self.has_ended() && !self.outlived.swap(true, Ordering::Relaxed)
    }

    pub(super) fn rng(&self) -> Arc<Mutex<Xoshiro256PlusPlus>> {
        Arc::clone(&self.rng)
    }
}
