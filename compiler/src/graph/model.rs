//! The graph as plain data: what the application consists of, and who uses what.
//!
//! Everything is sorted by name, and ids are indexes into the graph's own lists, so the same
//! application gives the same graph on any machine.

use std::time::Duration;

use crate::span::Span;

/// Index into [`Graph::functions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionId(pub usize);

/// Index into [`Graph::workloads`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkloadId(pub usize);

/// Index into [`Graph::queues`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueId(pub usize);

/// Index into [`Graph::caches`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CacheId(pub usize);

/// A whole application.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    /// The application's name: the root package's, with `-` for `_`.
    pub app: String,
    /// Sorted by name.
    pub functions: Vec<Function>,
    /// Sorted by name.
    pub workloads: Vec<Workload>,
    /// Sorted by name.
    pub queues: Vec<Queue>,
    /// Sorted by name.
    pub caches: Vec<Cache>,
    /// Sorted by function, then resource, then operation. No two are equal in these three.
    pub edges: Vec<Edge>,
}

/// A value the user wrote, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it was written: the value itself, without its key.
    pub span: Span,
}

/// A handler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// `place-order`: unique in the application.
    pub name: String,
    /// Where the name comes from: the value of `name = "…"`, or the function's identifier.
    pub span: Span,
    /// The path in Rust, with the crate's name in front: `shop::orders::place_order`.
    pub path: String,
    /// The first paragraph of its doc comment, on one line; empty without one.
    pub doc: String,
    /// What starts it.
    pub trigger: Trigger,
    /// Where the trigger was written: the value of `http`, `queue` or `schedule`.
    pub trigger_span: Span,
    /// The workload that runs it.
    pub workload: WorkloadId,
    /// The knobs as written on this function.
    pub knobs: Knobs,
}

/// What starts a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// A request.
    Http {
        /// Upper case: `POST`.
        method: String,
        /// As axum writes it: `/orders/{id}`.
        path: String,
    },
    /// A message.
    Queue {
        /// The queue.
        queue: QueueId,
        /// The most messages that one call takes; `None` for one message a call.
        batch: Option<Setting<u32>>,
    },
    /// A point in time.
    Schedule {
        /// Five fields: minute, hour, day of month, month, day of week.
        cron: String,
        /// An IANA name; `Etc/UTC` unless the user said otherwise.
        timezone: Setting<String>,
    },
}

/// The knobs that a function may turn, as written; `None` where the user said nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Knobs {
    /// How few and how many pods.
    pub scale: Option<Setting<Scale>>,
    /// Calls at the same time in one pod.
    pub concurrency: Option<Setting<u32>>,
    /// How long one call may take.
    pub timeout: Option<Setting<Duration>>,
    /// A Kubernetes quantity: what a pod requests, and its limit.
    pub memory: Option<Setting<String>>,
    /// A Kubernetes quantity: what a pod requests.
    pub cpu: Option<Setting<String>>,
    /// How the pod is isolated.
    pub sandbox: Option<Setting<Sandbox>>,
    /// Who may call an HTTP service.
    pub visibility: Option<Setting<Visibility>>,
}

/// Pods at the least and at the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// At the least; 0 where the workload may sleep.
    pub min: u32,
    /// At the most; `None` for no limit.
    pub max: Option<u32>,
}

/// How a pod is isolated from its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sandbox {
    /// The cluster's own container runtime.
    None,
    /// gVisor, by the RuntimeClass `gvisor`.
    Gvisor,
}

/// Who may call an HTTP service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Anyone who reaches the cluster's ingress.
    Public,
    /// Only pods of the cluster.
    Private,
}

/// Something that is deployed and scaled by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// Unique in the application: the service's name, or its one function's.
    pub name: String,
    /// Where the name comes from.
    pub span: Span,
    /// What runs in it.
    pub kind: WorkloadKind,
    /// Sorted. A service has one or more, other kinds exactly one.
    pub functions: Vec<FunctionId>,
    /// The knobs with the defaults filled in.
    pub limits: Limits,
}

/// What kind of workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorkloadKind {
    /// Answers HTTP.
    Service,
    /// Consumes one queue.
    Consumer,
    /// Runs at points in time.
    Schedule,
}

/// A workload's knobs with the defaults filled in (the defaults stand at `graph::defaults`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Pods at the least and at the most.
    pub scale: Scale,
    /// Calls at the same time in one pod.
    pub concurrency: u32,
    /// How long one call may take.
    pub timeout: Duration,
    /// A Kubernetes quantity.
    pub memory: String,
    /// A Kubernetes quantity.
    pub cpu: String,
    /// How the pod is isolated.
    pub sandbox: Sandbox,
    /// Who may call it; means nothing but for a service.
    pub visibility: Visibility,
}

/// A work queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// `orders`: unique among the queues.
    pub name: String,
    /// Where the name comes from.
    pub span: Span,
    /// The path in Rust: `shop::queues::ORDERS`.
    pub path: String,
    /// The first paragraph of its doc comment.
    pub doc: String,
    /// The payload's type as written: `Order`.
    pub payload: String,
    /// Deliveries before a message counts as failed; `None` for no bound.
    pub max_deliveries: Option<Setting<u32>>,
    /// How long the broker waits for an acknowledgement before it delivers again.
    pub ack_wait: Duration,
    /// Where the ack wait was written; the queue's name where it is the default.
    pub ack_wait_span: Span,
    /// Whether failed messages are kept in a stream of their own.
    pub dead_letter: bool,
    /// How long the broker remembers message ids, to drop duplicates.
    pub dedupe_window: Duration,
    /// How long a message is kept at the most; `None` for as long as it takes.
    pub max_age: Option<Duration>,
}

/// A cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    /// `prices`: unique among the caches.
    pub name: String,
    /// Where the name comes from.
    pub span: Span,
    /// The path in Rust: `shop::PRICES`.
    pub path: String,
    /// The first paragraph of its doc comment.
    pub doc: String,
    /// The key's type as written.
    pub key: String,
    /// The value's type as written.
    pub value: String,
    /// How long an entry lives; `None` for as long as memory lasts.
    pub ttl: Option<Duration>,
}

/// What a function may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Put a message into a queue.
    Send,
    /// Look into a cache.
    Read,
    /// Change a cache.
    Write,
}

/// A queue or a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// A queue.
    Queue(QueueId),
    /// A cache.
    Cache(CacheId),
}

/// A function uses a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Who.
    pub function: FunctionId,
    /// What it does.
    pub operation: Operation,
    /// With what.
    pub resource: Resource,
    /// The proof: the calls that lead from the function to the use. The first step is in the
    /// function itself; the last is the use.
    pub chain: Vec<Step>,
}

/// One step of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The item in which the call or use is written: `shop::orders::place_order`.
    pub from: String,
    /// What is called or used: `shop::stock::reserve`, `ORDERS.send`.
    pub to: String,
    /// The call or use.
    pub span: Span,
}

impl Graph {
    /// The edges of one function.
    pub fn edges_of(&self, function: FunctionId) -> impl Iterator<Item = &Edge> {
        let start = self.edges.partition_point(|edge| edge.function < function);
        self.edges
            .iter()
            .skip(start)
            .take_while(move |edge| edge.function == function)
    }

    /// The functions that a queue triggers.
    pub fn consumers(&self, queue: QueueId) -> impl Iterator<Item = (FunctionId, &Function)> {
        self.functions
            .iter()
            .enumerate()
            .filter(move |(_, function)| {
                matches!(function.trigger, Trigger::Queue { queue: of, .. } if of == queue)
            })
            .map(|(index, function)| (FunctionId(index), function))
    }

    /// What a workload may do with which resource: the union over its functions, sorted, each once.
    pub fn uses(&self, workload: WorkloadId) -> Vec<(Resource, Operation)> {
        let mut uses: Vec<_> = self
            .workloads
            .get(workload.0)
            .into_iter()
            .flat_map(|workload| &workload.functions)
            .flat_map(|function| self.edges_of(*function))
            .map(|edge| (edge.resource, edge.operation))
            .collect();
        uses.sort_unstable();
        uses.dedup();
        uses
    }
}
