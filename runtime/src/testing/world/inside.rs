//! What a world consists of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, SystemTime};

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tokio::runtime::Handle;
use tokio::sync::Notify;

use super::calls::{Call, Families};
use super::client::{Client, text, who};
use super::pods::Pod;
use crate::app::App;
use crate::backend::{Failure, Lease, Outgoing, Published};
use crate::context::Backends;
use crate::host;
use crate::testing::agreement::Agreement;
use crate::testing::emulator::Emulator;
use crate::testing::faults::{
    CallKind, CallLimits, Fault, Faults, Kind, OperationFault, Plan, RestartFault,
};
use crate::testing::trace::{self, End, Event, Name, Trace, What, Who};
use crate::testing::{Site, lock};

/// So many calls without any time going by are no progress any more.
const MOST_CALLS_AT_ONCE: u64 = 100_000;
/// A message that was delivered so often will not get better.
const MOST_DELIVERIES: u32 = 1_000;

/// What a world consists of.
pub(crate) struct Inside {
    pub(super) app: &'static App,
    pub(super) emulator: Arc<Emulator>,
    pub(super) plan: Plan,
    pub(super) faults: Faults,
    pub(super) agreement: Option<&'static Agreement>,
    pub(super) families: Families,
    pub(super) seed: u64,
    runtime: Handle,
    start: SystemTime,
    rng: Arc<Mutex<StdRng>>,
    backends: OnceLock<Backends>,
    services: OnceLock<BTreeMap<String, Arc<super::http::Service>>>,
    trace: Mutex<Trace>,
    injected: Mutex<Vec<Fault>>,
    /// The calls that hold a message, by queue, number and delivery.
    holders: Mutex<BTreeMap<(Name, u64, u32), Arc<Call>>>,
    /// How often each function was called that takes no messages.
    runs: Mutex<BTreeMap<&'static str, u64>>,
    ids: AtomicU64,
    publishes: AtomicU64,
    /// How often the test waits for the world.
    waits: AtomicUsize,
    /// Counts everything that happens.
    stirs: AtomicU64,
    /// Calls and jobs that run.
    running: AtomicUsize,
    /// Calls that run in tasks of their own.
    tasks: AtomicUsize,
    /// Tasks of the world itself.
    own_tasks: AtomicUsize,
    last_mark: AtomicU64,
    pace: Mutex<Pace>,
    pub(super) changed: Notify,
    aborted: OnceLock<String>,
    pub(super) abort: Notify,
    refusals: Mutex<BTreeSet<String>>,
    warnings: Mutex<BTreeSet<String>>,
    sometimes: Mutex<BTreeMap<Site, bool>>,
}

/// How many calls began since the clock moved.
#[derive(Default)]
struct Pace {
    at: Duration,
    calls: BTreeMap<Name, u64>,
    total: u64,
}

/// What a world is made of.
pub(crate) struct Making {
    pub(crate) seed: u64,
    pub(crate) start: SystemTime,
    pub(crate) plan: Plan,
}

impl Inside {
    pub(super) fn new(
        app: &'static App,
        emulator: Arc<Emulator>,
        agreement: Option<&'static Agreement>,
        making: Making,
    ) -> Self {
        let handlers = app.functions.iter();
        Self {
            app,
            emulator,
            plan: making.plan,
            faults: Faults::new(handlers.map(|function| (function.path, function.name))),
            agreement,
            families: Families::default(),
            seed: making.seed,
            runtime: Handle::current(),
            start: making.start,
            rng: Arc::new(Mutex::new(StdRng::seed_from_u64(making.seed))),
            backends: OnceLock::new(),
            services: OnceLock::new(),
            trace: Mutex::default(),
            injected: Mutex::default(),
            holders: Mutex::default(),
            runs: Mutex::default(),
            ids: AtomicU64::new(0),
            publishes: AtomicU64::new(0),
            waits: AtomicUsize::new(0),
            stirs: AtomicU64::new(0),
            running: AtomicUsize::new(0),
            tasks: AtomicUsize::new(0),
            own_tasks: AtomicUsize::new(0),
            last_mark: AtomicU64::new(0),
            pace: Mutex::default(),
            changed: Notify::new(),
            aborted: OnceLock::new(),
            abort: Notify::new(),
            refusals: Mutex::default(),
            warnings: Mutex::default(),
            sometimes: Mutex::default(),
        }
    }
}

impl Inside {
    /// Starts a task of the world's own.
    pub(super) fn spawn(self: &Arc<Self>, task: impl Future<Output = ()> + Send + 'static) {
        self.own_tasks.fetch_add(1, Ordering::Relaxed);
        self.runtime.spawn(task);
    }

    /// Connects the queues and caches, and the services; once.
    pub(super) fn connect(
        self: &Arc<Self>,
        services: BTreeMap<String, Arc<super::http::Service>>,
    ) {
        let client = Arc::new(Client::new(self));
        let backends = Backends {
            broker: Arc::clone(&client) as Arc<_>,
            store: client,
        };
        // A world is connected by the one who makes it, and nobody else.
        let _ = self.backends.set(backends);
        let _ = self.services.set(services);
    }

    pub(crate) fn backends(&self) -> Option<Backends> {
        self.backends.get().cloned()
    }

    pub(super) fn services(&self) -> Option<&BTreeMap<String, Arc<super::http::Service>>> {
        self.services.get()
    }

    /// Ends what holds the world in a circle.
    pub(crate) fn elapsed(&self) -> Duration {
        self.emulator.now()
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.start + self.elapsed()
    }

    pub(crate) fn message_id(&self) -> String {
        format!("m{}", self.ids.fetch_add(1, Ordering::Relaxed) + 1)
    }

    pub(crate) fn rng(&self) -> Arc<Mutex<StdRng>> {
        match self.families.caller() {
            Some(call) => call.rng(),
            None => Arc::clone(&self.rng),
        }
    }

    pub(crate) fn effect(&self, name: &str, key: String) {
        let call = self.families.caller();
        // What a dead pod still does, it does to nobody.
        if call.as_ref().is_some_and(|call| call.is_dead()) {
            return;
        }
        self.note(What::Effect {
            by: who(call.as_ref()),
            name: name.to_owned(),
            key,
        });
    }

    pub(crate) fn sometimes(&self, site: Site, condition: bool) {
        *lock(&self.sometimes).entry(site).or_default() |= condition;
    }

    /// Writes an event into the trace.
    pub(super) fn note(&self, what: What) {
        let at = self.elapsed();
        lock(&self.trace).push(Event { at, what });
    }

    /// Says that something happens: the world is not idle.
    pub(super) fn stir(&self) {
        self.stirs.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn stirs(&self) -> u64 {
        self.stirs.load(Ordering::Relaxed)
    }

    /// Calls and jobs that run.
    pub(super) fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }

    /// Something that runs from here to the end of what is returned.
    pub(super) fn busy(self: &Arc<Self>) -> Busy {
        self.running.fetch_add(1, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }

    /// Says that the test cannot go on. The first reason counts.
    pub(super) fn give_up(&self, reason: String) {
        let _ = self.aborted.set(reason);
        self.abort.notify_one();
    }

    pub(super) fn aborted(&self) -> Option<&str> {
        self.aborted.get().map(String::as_str)
    }

    pub(super) fn trace(&self) -> Trace {
        lock(&self.trace).clone()
    }

    pub(super) fn with_trace<T>(&self, look: impl FnOnce(&Trace) -> T) -> T {
        look(&lock(&self.trace))
    }

    /// The faults that took effect.
    pub(super) fn injected(&self) -> Vec<Fault> {
        lock(&self.injected).clone()
    }

    pub(super) fn refusals(&self) -> Vec<String> {
        lock(&self.refusals).iter().cloned().collect()
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        lock(&self.warnings).iter().cloned().collect()
    }

    pub(super) fn sometimes_seen(&self) -> Vec<(Site, bool)> {
        let seen = lock(&self.sometimes);
        seen.iter().map(|(site, ever)| (*site, *ever)).collect()
    }
}

/// See [`Inside::busy`].
pub(super) struct Busy(Arc<Inside>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
        self.0.stir();
        self.0.changed.notify_waiters();
    }
}

impl Inside {
    /// Something of the test waits for the world, from here to the end of what is returned: so the
    /// world's clock may run as long as it takes.
    pub(super) fn waiting(self: &Arc<Self>) -> Waiting {
        self.waits.fetch_add(1, Ordering::Relaxed);
        Waiting(Arc::clone(self))
    }

    pub(super) fn is_waited_for(&self) -> bool {
        self.waits.load(Ordering::Relaxed) > 0
    }

    /// Starts a task of the world's own that comes to an end.
    pub(super) fn spawn_for_now(
        self: &Arc<Self>,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> tokio::task::JoinHandle<()> {
        self.own_tasks.fetch_add(1, Ordering::Relaxed);
        let inside = Arc::clone(self);
        self.runtime.spawn(async move {
            task.await;
            inside.own_tasks.fetch_sub(1, Ordering::Relaxed);
        })
    }

    /// Puts bytes into a queue.
    pub(super) fn send_bytes(&self, queue: &str, payload: Vec<u8>) -> Result<(), Failure> {
        let message = Outgoing {
            id: self.message_id(),
            keyed: false,
            payload,
            headers: BTreeMap::new(),
            delay: Duration::ZERO,
        };
        self.send(&queue.into(), &Who::Test, vec![message])?;
        Ok(())
    }

    /// Evicts an entry of a cache, or all of them.
    pub(super) fn evict(&self, cache: &str, key: Option<&[u8]>) {
        let keys = self.emulator.store(cache, |store, now| match key {
            Some(key) => {
                let there = store.evict(key);
                if there { vec![key.to_vec()] } else { Vec::new() }
            }
            None => {
                let keys = store.keys(now);
                store.evict_all();
                keys
            }
        });
        for key in keys {
            self.note(What::Evicted {
                cache: cache.into(),
                key: text(&key),
            });
        }
    }
}

/// See [`Inside::waiting`].
pub(super) struct Waiting(Arc<Inside>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waits.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Writes into the trace what happens in the emulator on its own.
pub(super) fn observer(inside: Weak<Inside>) -> Box<dyn Fn(Duration, Happening) + Send + Sync> {
    Box::new(move |_, happening| {
        if let Some(inside) = inside.upgrade() {
            inside.stir();
            inside.note(what(happening));
            inside.changed.notify_waiters();
        }
    })
}
