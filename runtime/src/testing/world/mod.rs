//! A world: an application as it runs in a cluster, in one thread and on a clock of its own.

mod acts;
mod asserts;
mod calls;
mod client;
mod explore;
mod families;
mod host;
mod http;
mod idle;
mod inside;
mod leases;
mod look;
mod pace;
mod pods;
mod schedules;
mod watch;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::Notify;

pub(crate) use asserts::nothing_lost;
pub use http::{Answer, Http, Sending};
pub(crate) use inside::{Inside, Making};
pub use look::{CacheView, DeadLetter, QueueView};

use super::emulator::store::{Memory, Policy};
use super::emulator::{Emulator, StreamSettings};
use super::faults::{Fault, Faults};
use super::trace::Trace;
use super::{agreement, worlds};
use crate::app::{App, Kind};
use crate::registry::Trigger;
use crate::{Cache, Queue};

/// The application under test, as it runs in a cluster: its services, consumers and schedules, on
/// emulated queues and caches.
///
/// A test gets one by `#[cloudc::test]`. Its clock stands still while anything can run, and jumps to what is
/// due next when nothing can; no test ever sleeps. Everything in it happens in one thread and follows
/// from its seed, so it happens again in the same way.
///
/// Calls of queues and caches in the test itself reach the world without further ado:
/// `ORDERS.send(&order).await?`.
#[derive(Clone)]
pub struct World {
    inside: Arc<Inside>,
}

impl World {
    /// Makes the world of the current runtime, which tells `rest` when nothing can run any more.
    pub(crate) fn start(making: Making, rest: &Arc<Notify>) -> Result<Self, String> {
        let app = App::linked();
        if let Some(fault) = app.faults.first() {
            return Err(fault.clone());
        }
        let agreement = agreement::agreement()?;
        let streams = app.queues.iter().map(|queue| {
            let settings = StreamSettings {
                // As the provisioner sets it up: the consumer counts, so that a message whose pod died in its last
                // delivery comes once more and is kept as a dead letter.
                max_deliveries: None,
                ack_wait: queue.ack_wait,
                dedupe: queue.dedupe,
                max_age: queue.max_age,
            };
            (queue.name.to_owned(), settings)
        });
        let caches = app.caches.iter().map(|cache| cache.name.to_owned());
        let inside = Arc::new_cyclic(|inside| {
            let observer = inside::observer(inside.clone());
            let emulator = Emulator::new(streams, caches, Some(observer));
            for queue in &app.queues {
                // As the provisioner sets it up: messages that wait for their time hold back no others.
                let _ =
                    emulator.stream(queue.name, |stream, _| stream.set_max_unsettled(usize::MAX));
            }
            Inside::new(app, emulator, agreement, making, rest)
        });
        if !worlds::add(&inside) {
            return Err("this runtime has a world already: a test has one world".to_owned());
        }
        inside.connect(http::services(&inside));
        for workload in &app.workloads {
            pods::start(&inside, workload);
            schedules::start(&inside, workload)?;
        }
        inside.spawn(idle::watch(Arc::clone(&inside)));
        Ok(Self { inside })
    }

    pub(crate) fn inside(&self) -> Arc<Inside> {
        Arc::clone(&self.inside)
    }

    /// The body of the test whose world this is.
    pub(crate) fn body<F: Future>(&self, body: F) -> impl Future<Output = F::Output> + use<F> {
        explore::Body::new(body, &self.inside)
    }

    /// Requests to the application's own service, which is named after its package: the test's.
    ///
    /// # Panics
    ///
    /// When there is none, or nothing says which one it is.
    #[track_caller]
    pub fn http(&self) -> Http {
        match self.own_service().or_else(|| self.only_service()) {
            Some(name) => self.service(&name),
            None => panic!(
                "the application has no service of its own{}",
                self.services()
            ),
        }
    }

    /// Requests to a service that functions were moved to with `service = "…"`.
    ///
    /// # Panics
    ///
    /// When there is no such service.
    #[track_caller]
    pub fn service(&self, name: &str) -> Http {
        match self.inside.service(name) {
            Some(service) => Http::new(&self.inside, &service),
            None => panic!("there is no service `{name}`{}", self.services()),
        }
    }

    /// The service of the test's own package. It is named after the package, or after the crate where that has
    /// another name; a package of tests alone has that of the one crate that it tests.
    fn own_service(&self) -> Option<String> {
        let services = self.inside.services();
        let named = |name: &str| {
            let name = name.replace('_', "-");
            services.iter().find(|service| **service == name).cloned()
        };
        named(self.inside.package)
            .or_else(|| named(self.inside.crate_name))
            .or_else(|| self.only_crate())
    }

    /// The service that is named after a crate of its functions, if there is one alone.
    fn only_crate(&self) -> Option<String> {
        let app = self.inside.app;
        let mut named = app.workloads.iter().filter(|workload| {
            let functions = workload.functions.iter();
            let mut paths = functions.filter_map(|index| Some(app.functions.get(*index)?.path));
            let own = |path: &str| {
                let crate_name = path.split("::").next().unwrap_or_default();
                crate_name.replace('_', "-") == workload.name
            };
            workload.kind == Kind::Service && paths.any(own)
        });
        let one = named.next()?;
        named.next().is_none().then(|| one.name.clone())
    }

    fn only_service(&self) -> Option<String> {
        let services = self.inside.services();
        services.first().filter(|_| services.len() == 1).cloned()
    }

    fn services(&self) -> String {
        let names: Vec<_> = self
            .inside
            .services()
            .iter()
            .map(|name| format!("`{name}`"))
            .collect();
        if names.is_empty() {
            "; no HTTP function is linked into this test: a test in `tests/` has to use the crate, for \
             example by `use shop as _;`"
                .to_owned()
        } else {
            format!("; there is {}", names.join(", "))
        }
    }

    /// A look at a queue.
    pub fn queue<T>(&self, queue: &'static Queue<T>) -> QueueView<T> {
        QueueView {
            inside: Arc::clone(&self.inside),
            queue,
        }
    }

    /// A look at a cache.
    pub fn cache<K, V>(&self, cache: &'static Cache<K, V>) -> CacheView<K, V> {
        CacheView {
            inside: Arc::clone(&self.inside),
            cache,
        }
    }

    /// Lets things go wrong. What a test asks for has to happen, or the test fails.
    pub fn faults(&self) -> Faults {
        self.inside.faults.clone()
    }

    /// Restarts the broker: it is away for this time. Consumers wait, and senders as well, for five seconds at the
    /// most: then they get an error, and do not know whether their message was taken.
    pub fn restart_broker(&self, away: Duration) {
        self.inside.restart(away, None);
    }

    /// Restarts the broker, which loses what it took in the last `losing`: a broker that does not sync
    /// before it answers. cloudc's bundled one does.
    pub fn restart_broker_losing(&self, away: Duration, losing: Duration) {
        self.inside.restart(away, Some(losing));
    }

    /// Bounds the memory of a cache, in bytes of keys and values. A store that is full evicts what was
    /// not used for the longest time, as the bundled one does (`allkeys-lru`).
    pub fn limit_memory<K, V>(&self, cache: &'static Cache<K, V>, bytes: usize) {
        let memory = Memory {
            bytes,
            policy: Policy::EvictLeastRecent,
        };
        // The caches of a program are all linked into it.
        let _ = self
            .inside
            .emulator
            .store(cache.name(), |store, _| store.set_memory(Some(memory)));
    }

    /// Lets this much time go by. What is due on the way happens in its order: schedules, retries, ack
    /// waits, entries that expire, and timers of the application.
    pub async fn advance(&self, time: Duration) {
        idle::advance(&self.inside, time).await;
    }

    /// Lets time go by until nothing runs, and no message waits for a delivery. It takes as long as
    /// handlers, retries and ack waits take. Schedules that are not due, and messages that were sent
    /// with a delay, are not waited for.
    ///
    /// Tasks that handlers left behind get a millisecond to do what they still do.
    pub async fn until_idle(&self) {
        idle::until_idle(&self.inside).await;
    }

    /// Runs a schedule function now, as its `Job` would, with the tries again after a failure.
    ///
    /// # Panics
    ///
    /// When the function has no schedule.
    #[track_caller]
    pub fn run<F>(&self, _schedule: F) -> impl Future<Output = ()> + use<F> {
        let path = std::any::type_name::<F>();
        let app = self.inside.app;
        let function = app.functions.iter().find(|function| function.path == path);
        let Some(function) =
            function.filter(|function| matches!(function.trigger, Trigger::Schedule { .. }))
        else {
            panic!("`{path}` is no function with a schedule");
        };
        let schedule = schedules::Schedule {
            name: function.name,
            trigger: function.trigger,
            timeout: app.workloads[function.workload].timeout,
            pod: pods::Pod::new(function.name),
        };
        let inside = Arc::clone(&self.inside);
        async move {
            let _waiting = inside.waiting();
            schedules::job(Arc::clone(&inside), Arc::new(schedule)).await;
        }
    }

    /// The time in the world. It starts at the same moment each time, that of `start = "…"` or the
    /// first of January 2026.
    pub fn now(&self) -> SystemTime {
        self.inside.now()
    }

    /// How much time has gone by since the world's start.
    pub fn elapsed(&self) -> Duration {
        self.inside.elapsed()
    }

    /// The seed that everything follows from.
    pub fn seed(&self) -> u64 {
        self.inside.seed
    }

    /// What happened so far.
    pub fn trace(&self) -> Trace {
        self.inside.trace()
    }

    /// The faults that took effect so far.
    pub fn injected(&self) -> Vec<Fault> {
        self.inside.injected()
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("seed", &self.inside.seed)
            .field("elapsed", &self.elapsed())
            .finish_non_exhaustive()
    }
}
