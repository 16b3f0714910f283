//! The application that is linked into this program, with the defaults filled in: what the compiler
//! writes into `graph.json`, from the attributes alone. Plain `cargo test` has no graph.

mod build;
mod defaults;
#[cfg(test)]
mod tests;

use std::sync::OnceLock;
use std::time::Duration;

pub use crate::cron::Cron;
pub use crate::registry::Trigger;

/// An application. Lists are sorted by name, and indexes are into its own lists.
#[derive(Debug, Default)]
pub struct App {
    /// The handlers.
    pub functions: Vec<Function>,
    /// What runs them.
    pub workloads: Vec<Workload>,
    /// The queues.
    pub queues: Vec<Queue>,
    /// The caches.
    pub caches: Vec<Cache>,
    /// What is wrong with it, each in a sentence without a full stop: two things of one name, a queue
    /// that two functions consume or that is not there. Of two things of one name both are in the
    /// lists. `cloudc check` says more, and where.
    pub faults: Vec<String>,
}

/// A handler.
#[derive(Debug)]
pub struct Function {
    /// `place-order`.
    pub name: &'static str,
    /// The path in Rust: `shop::orders::place_order`.
    pub path: &'static str,
    /// What starts it, and how to call it.
    pub trigger: &'static Trigger,
    /// Index into [`App::workloads`].
    pub workload: usize,
}

/// What is deployed and scaled by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// The service's name, or its one function's. A service that no attribute names is called like the
    /// crate of its functions, with `-` for `_`: that is the package's name, but where `[lib]` has
    /// another one.
    pub name: String,
    /// What runs in it.
    pub kind: Kind,
    /// Indexes into [`App::functions`], ascending. A service has one or more, other kinds exactly one.
    pub functions: Vec<usize>,
    /// Calls at the same time in one pod.
    pub concurrency: u32,
    /// How long one call may take.
    pub timeout: Duration,
    /// Pods at the least and at the most.
    pub scale: Scale,
}

/// Kinds of workloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Answers HTTP.
    Service,
    /// Consumes one queue.
    Consumer,
    /// Runs at points in time.
    Schedule,
}

/// Pods at the least and at the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// At the least; 0 where the workload may sleep.
    pub min: u32,
    /// At the most; `None` for no limit.
    pub max: Option<u32>,
}

/// A queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// `orders`.
    pub name: &'static str,
    /// The path in Rust: `shop::queues::ORDERS`.
    pub path: &'static str,
    /// Deliveries before a message counts as failed; `None` for no bound.
    pub max_deliveries: Option<u32>,
    /// How long the broker waits for an acknowledgement before it delivers again.
    pub ack_wait: Duration,
    /// Whether failed messages are kept.
    pub dead_letter: bool,
    /// How long the broker remembers message ids, to drop duplicates.
    pub dedupe: Duration,
    /// How long a message is kept at the most; `None` for as long as it takes.
    pub max_age: Option<Duration>,
    /// The function that it triggers: an index into [`App::functions`]; `None` for a queue that nobody
    /// consumes. Of two consumers it is the first.
    pub consumer: Option<usize>,
}

/// A cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    /// `prices`.
    pub name: &'static str,
    /// The path in Rust: `shop::prices::PRICES`.
    pub path: &'static str,
    /// How long an entry lives; `None` for as long as memory lasts.
    pub ttl: Option<Duration>,
}

impl App {
    /// All that is linked into this program.
    pub fn linked() -> &'static Self {
        static LINKED: OnceLock<App> = OnceLock::new();
        LINKED.get_or_init(|| {
            build::build(&crate::registry::functions(), &crate::registry::resources())
        })
    }

    /// The queue of this name.
    pub fn queue(&self, name: &str) -> Option<&Queue> {
        let at = self.queues.binary_search_by(|queue| queue.name.cmp(name));
        self.queues.get(at.ok()?)
    }

    /// The queue that triggers a function.
    pub fn queue_of(&self, function: &Function) -> Option<&Queue> {
        let consumed = |queue: &&Queue| {
            let consumer = queue.consumer.and_then(|index| self.functions.get(index));
            consumer.is_some_and(|consumer| consumer.name == function.name)
        };
        self.queues.iter().find(consumed)
    }

    /// The cache of this name.
    pub fn cache(&self, name: &str) -> Option<&Cache> {
        let at = self.caches.binary_search_by(|cache| cache.name.cmp(name));
        self.caches.get(at.ok()?)
    }

    /// The function of this name.
    pub fn function(&self, name: &str) -> Option<&Function> {
        let functions = &self.functions;
        let at = functions.binary_search_by(|function| function.name.cmp(name));
        functions.get(at.ok()?)
    }
}
