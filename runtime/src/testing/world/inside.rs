//! What a world consists of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::{Duration, SystemTime};

use rand::SeedableRng as _;
use rand::rngs::Xoshiro256PlusPlus;
use tokio::runtime::{Handle, RuntimeMetrics};
use tokio::sync::Notify;

use super::calls::Call;
use super::client::{Client, text, who};
use super::families::Families;
use super::http::Service;
use super::pace::{Chain, Pace};
use crate::app::App;
use crate::backend::{Failure, Outgoing};
use crate::context::Backends;
use crate::sometimes::Site;
use crate::testing::agreement::Agreement;
use crate::testing::case::Case;
use crate::testing::emulator::{Emulator, Happening};
use crate::testing::faults::{Fault, Faults, Plan};
use crate::testing::lock;
use crate::testing::simulate::SiteId;
use crate::testing::trace::{Event, Name, Trace, What, Who};

/// What a world consists of.
pub(crate) struct Inside {
    pub(super) app: &'static App,
    pub(super) emulator: Emulator,
    pub(super) plan: Plan,
    pub(crate) faults: Faults,
    pub(super) agreement: Option<&'static Agreement>,
    pub(super) families: Families,
    pub(super) seed: u64,
    /// The test's path, and the package and the crate that it belongs to.
    pub(super) test: &'static str,
    pub(super) package: &'static str,
    pub(super) crate_name: &'static str,
    /// Told when nothing can run any more.
    pub(super) rest: Arc<Notify>,
    thread: usize,
    pub(super) runtime: Handle,
    pub(super) metrics: RuntimeMetrics,
    start: SystemTime,
    rng: Arc<Mutex<Xoshiro256PlusPlus>>,
    /// These hold the world in turn, until it ends.
    backends: Mutex<Option<Backends>>,
    services: Mutex<Services>,
    pub(super) trace: Mutex<Trace>,
    pub(super) injected: Mutex<Vec<Fault>>,
    /// The calls that hold a message, by queue, number and delivery.
    pub(super) holders: Mutex<BTreeMap<(Name, u64, u32), Arc<Call>>>,
    /// When a message was sent that a call sent, and the calls that led to it, until it is settled.
    pub(super) chains: Mutex<BTreeMap<(Name, u64), (Duration, Chain)>>,
    /// How often each function was called that takes no messages.
    pub(super) runs: Mutex<BTreeMap<&'static str, u64>>,
    ids: AtomicU64,
    pub(super) publishes: AtomicU64,
    /// Until when the broker is away.
    pub(super) away_until: Mutex<Duration>,
    closed: AtomicBool,
    /// How often the test waits for the world.
    waits: AtomicUsize,
    /// Counts everything that happens.
    stirs: AtomicU64,
    /// Calls and jobs that run.
    pub(super) running: AtomicUsize,
    /// Calls that run in tasks of their own.
    pub(super) tasks: AtomicUsize,
    /// Tasks of the world itself.
    pub(super) own_tasks: AtomicUsize,
    pub(super) pace: Mutex<Pace>,
    pub(super) changed: Notify,
    aborted: OnceLock<String>,
    pub(crate) abort: Notify,
    pub(super) refusals: Mutex<BTreeSet<String>>,
    pub(super) warnings: Mutex<BTreeSet<String>>,
    sometimes: Mutex<BTreeMap<SiteId, bool>>,
}

thread_local! {
    /// Lies in another place in each thread.
    static HERE: u8 = const { 0 };
}

/// Which thread this is. It costs nothing, as the id of a thread would.
fn here() -> usize {
    HERE.with(|here| std::ptr::from_ref(here).addr())
}

/// The services of the application, by name.
pub(super) type Services = BTreeMap<String, Arc<Service>>;

/// What a world is made of.
pub(crate) struct Making {
    pub(crate) seed: u64,
    pub(crate) start: SystemTime,
    pub(crate) case: Case,
    pub(crate) plan: Plan,
}

impl Inside {
    pub(super) fn new(
        app: &'static App,
        emulator: Emulator,
        agreement: Option<&'static Agreement>,
        making: Making,
        rest: &Arc<Notify>,
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
            test: making.case.path(),
            package: making.case.package,
            crate_name: making.case.crate_name(),
            rest: Arc::clone(rest),
            thread: here(),
            runtime: Handle::current(),
            metrics: Handle::current().metrics(),
            start: making.start,
            rng: Arc::new(Mutex::new(Xoshiro256PlusPlus::seed_from_u64(making.seed))),
            backends: Mutex::default(),
            services: Mutex::default(),
            trace: Mutex::default(),
            injected: Mutex::default(),
            holders: Mutex::default(),
            chains: Mutex::default(),
            runs: Mutex::default(),
            ids: AtomicU64::new(0),
            publishes: AtomicU64::new(0),
            away_until: Mutex::default(),
            closed: AtomicBool::new(false),
            waits: AtomicUsize::new(0),
            stirs: AtomicU64::new(0),
            running: AtomicUsize::new(0),
            tasks: AtomicUsize::new(0),
            own_tasks: AtomicUsize::new(0),
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

    /// Connects the queues and caches, and the services.
    pub(super) fn connect(self: &Arc<Self>, services: Services) {
        let client = Arc::new(Client::new(self));
        *lock(&self.backends) = Some(Backends {
            broker: Some(Arc::clone(&client) as Arc<_>),
            store: Some(client),
        });
        *lock(&self.services) = services;
    }

    /// Lets go of what holds the world in a circle: nothing of it would ever be freed.
    pub(crate) fn disconnect(&self) {
        let backends = lock(&self.backends).take();
        let services = std::mem::take(&mut *lock(&self.services));
        drop((backends, services));
    }

    pub(crate) fn backends(&self) -> Option<Backends> {
        lock(&self.backends).clone()
    }

    pub(super) fn service(&self, name: &str) -> Option<Arc<Service>> {
        lock(&self.services).get(name).cloned()
    }

    /// The names of the services, sorted.
    pub(super) fn services(&self) -> Vec<String> {
        lock(&self.services).keys().cloned().collect()
    }

    /// Whether this is the thread of the world, and no blocking one.
    pub(super) fn is_at_home(&self) -> bool {
        here() == self.thread
    }

    pub(crate) fn elapsed(&self) -> Duration {
        // A plain thread that was handed the world is in no runtime, and would see the clock on the wall.
        let _clock = (!self.is_at_home()).then(|| self.runtime.enter());
        self.emulator.now()
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.start + self.elapsed()
    }

    pub(crate) fn message_id(&self) -> String {
        format!("m{}", self.ids.fetch_add(1, Ordering::Relaxed) + 1)
    }

    pub(crate) fn rng(&self) -> Arc<Mutex<Xoshiro256PlusPlus>> {
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

    pub(crate) fn sometimes(&self, site: &'static Site, condition: bool) {
        *lock(&self.sometimes).entry(site.into()).or_default() |= condition;
        if let Some(agreement) = self.agreement.filter(|_| condition) {
            agreement.held(site);
        }
    }

    /// Ends the world: what still happens while its tasks are dropped is nobody's business.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    /// Writes an event into the trace.
    pub(super) fn note(&self, what: What) {
        if self.closed.load(Ordering::Relaxed) {
            return;
        }
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

    pub(crate) fn aborted(&self) -> Option<&str> {
        self.aborted.get().map(String::as_str)
    }

    pub(crate) fn trace(&self) -> Trace {
        lock(&self.trace).clone()
    }

    pub(crate) fn take_trace(&self) -> Trace {
        std::mem::take(&mut *lock(&self.trace))
    }

    pub(crate) fn with_trace<T>(&self, look: impl FnOnce(&Trace) -> T) -> T {
        look(&lock(&self.trace))
    }

    /// The faults that took effect.
    pub(crate) fn injected(&self) -> Vec<Fault> {
        lock(&self.injected).clone()
    }

    pub(crate) fn refusals(&self) -> Vec<String> {
        lock(&self.refusals).iter().cloned().collect()
    }

    pub(crate) fn warnings(&self) -> Vec<String> {
        lock(&self.warnings).iter().cloned().collect()
    }

    pub(crate) fn sometimes_seen(&self) -> Vec<(SiteId, bool)> {
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
        self.send(&queue.into(), &Who::Test, vec![message], false)?;
        Ok(())
    }

    /// Evicts an entry of a cache, or all of them.
    pub(super) fn evict(&self, cache: &str, key: Option<&[u8]>) {
        // The cache is one of the application's. What is evicted, the observer is told.
        let _ = self.emulator.store(cache, |store, _| match key {
            Some(key) => _ = store.evict(key),
            None => _ = store.evict_all(),
        });
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
            if let Some(what) = what(happening) {
                inside.note(what);
            }
            inside.changed.notify_waiters();
        }
    })
}

fn what(happening: Happening) -> Option<What> {
    Some(match happening {
        Happening::LeaseExpired {
            queue,
            sequence,
            attempt,
        } => What::LeaseExpired {
            queue,
            message: sequence,
            attempt,
        },
        Happening::Aged { queue, sequence } => What::Aged {
            queue,
            message: sequence,
        },
        Happening::Lost { queue, sequence } => What::Lost {
            queue,
            message: sequence,
        },
        Happening::Evicted { cache, key } => What::Evicted {
            cache,
            key: text(&key),
        },
        Happening::EntryExpired { cache, key } => What::EntryExpired {
            cache,
            key: text(&key),
        },
        // A world's queues have no bound: their consumers count.
        Happening::Exhausted { .. } => return None,
    })
}
