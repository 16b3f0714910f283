//! The calls of handlers that run, and whose doing something is.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use rand::rngs::Xoshiro256PlusPlus;
use tokio::runtime::Handle;

use super::pods::Pod;
use crate::host::Taken;
use crate::testing::faults::CallPlan;
use crate::testing::lock;
use crate::testing::trace;

/// A call of a handler.
pub(crate) struct Call {
    /// As the trace names it.
    pub(crate) name: Arc<trace::Call>,
    pub(crate) plan: CallPlan,
    /// The messages that it takes.
    pub(super) messages: Vec<Taken>,
    /// How many calls led to it without any time going by.
    pub(super) depth: u32,
    /// The pod it runs in, and the pod's life in which it began.
    pod: Arc<Pod>,
    life: u64,
    operations: AtomicU32,
    ended: AtomicBool,
    outlived: AtomicBool,
    rng: Arc<Mutex<Xoshiro256PlusPlus>>,
}

impl Call {
    pub(super) fn new(
        name: Arc<trace::Call>,
        plan: CallPlan,
        messages: Vec<Taken>,
        depth: u32,
        pod: &Arc<Pod>,
        rng: Xoshiro256PlusPlus,
    ) -> Arc<Self> {
        Arc::new(Self {
            name,
            plan,
            messages,
            depth,
            pod: Arc::clone(pod),
            life: pod.life(),
            operations: AtomicU32::new(0),
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

    /// Says that something of it goes on after its end; `true` the first time that this is so.
    pub(super) fn outlives(&self) -> bool {
        self.ended.load(Ordering::Relaxed) && !self.outlived.swap(true, Ordering::Relaxed)
    }

    pub(super) fn rng(&self) -> Arc<Mutex<Xoshiro256PlusPlus>> {
        Arc::clone(&self.rng)
    }
}

thread_local! {
    /// The call whose handler is being polled on this thread.
    static POLLED: RefCell<Option<Arc<Call>>> = const { RefCell::new(None) };
}

/// While it lives, what happens on this thread is this call's doing.
pub(super) struct Polling(Option<Arc<Call>>);

impl Polling {
    pub(super) fn begin(call: &Arc<Call>) -> Self {
        Self(POLLED.replace(Some(Arc::clone(call))))
    }
}

impl Drop for Polling {
    fn drop(&mut self) {
        POLLED.set(self.0.take());
    }
}

/// Which tasks are whose. tokio tells nobody who spawned a task; but ids count up, so the tasks that a
/// handler spawns while it is polled have ids from after the last one seen before the poll, up to the
/// one of a task that is spawned right after it.
#[derive(Default)]
pub(super) struct Families {
    /// Sorted, as ids count up.
    spawned: Mutex<Vec<Spawned>>,
}

struct Spawned {
    after: u64,
    before: u64,
    by: Arc<Call>,
}

impl Families {
    /// Whose doing something is that happens here and now; `None` for the test.
    pub(super) fn caller(&self) -> Option<Arc<Call>> {
        if let Some(call) = POLLED.with_borrow(Clone::clone) {
            return Some(call);
        }
        let id = number(tokio::task::try_id()?)?;
        let spawned = lock(&self.spawned);
        let next = spawned.partition_point(|family| family.before <= id);
        let family = spawned.get(next).filter(|family| family.after < id)?;
        Some(Arc::clone(&family.by))
    }

    /// The id of a task that is spawned now, so that it stands between those before and those after.
    pub(super) fn mark(runtime: &Handle) -> u64 {
        number(runtime.spawn(async {}).id()).unwrap_or_default()
    }

    /// Takes note that a call spawned the tasks between two marks.
    pub(super) fn add(&self, after: u64, before: u64, by: &Arc<Call>) {
        let by = Arc::clone(by);
        lock(&self.spawned).push(Spawned { after, before, by });
    }

    /// The functions whose tasks may still run.
    pub(super) fn ended(&self) -> Vec<trace::Name> {
        let spawned = lock(&self.spawned);
        let ended = spawned
            .iter()
            .filter(|family| family.by.ended.load(Ordering::Relaxed));
        let mut names: Vec<_> = ended
            .map(|family| trace::Name::clone(&family.by.name.function))
            .collect();
        names.sort();
        names.dedup();
        names
    }
}

/// tokio shows the number of an id as text only.
fn number(id: tokio::task::Id) -> Option<u64> {
    id.to_string().parse().ok()
}
