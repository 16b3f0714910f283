//! The graph as JSON: for other programs, and for the runtime, which reads it to know what it runs.
//!
//! The schema, version 1:
//!
//! ```text
//! version, app
//! functions  name, path, doc, at, workload, trigger
//!            trigger: kind "http" (method, path), "queue" (queue, batch), "schedule" (cron, timezone)
//! workloads  name, kind "service" | "consumer" | "schedule", functions, scale (min, max),
//!            concurrency, timeout_ms, memory, cpu, sandbox "none" | "gvisor",
//!            visibility "public" | "private"
//! queues     name, path, doc, at, payload, max_deliveries, ack_wait_ms, dead_letter,
//!            dedupe_window_ms, max_age_ms
//! caches     name, path, doc, at, key, value, ttl_ms
//! edges      function, operation "send" | "read" | "write", resource (kind "queue" | "cache", name),
//!            chain: the calls that prove the edge, each with from, to, at
//! ```
//!
//! Every key is always there; `null` stands for what the user left open: no upper limit of pods
//! (`max`), one message a call (`batch`), no bound of deliveries (`max_deliveries`), no end of a
//! message's or an entry's life (`max_age_ms`, `ttl_ms`), and `visibility` of what answers no requests.
//! Lists are sorted by name, edges by function, resource and operation. Durations are whole
//! milliseconds. `at` is `file:line`, the file relative to the workspace's folder. A change that an
//! existing reader would trip over raises `version`; a new key does not.

use std::time::Duration;

use serde::Serialize;

use super::words;
use crate::graph::{
    Cache, Edge, Function, Graph, Queue, Sandbox, Trigger, Visibility, Workload, WorkloadKind,
};
use crate::span::Sources;

/// The version of the schema that [`json`] writes.
pub const VERSION: u32 = 1;

/// The graph as JSON, indented by two spaces.
pub fn json(graph: &Graph, sources: &Sources) -> String {
    let document = Document::of(graph, sources);
    // Strings, numbers, lists: nothing here that JSON could refuse.
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    app: &'a str,
    functions: Vec<FunctionJson<'a>>,
    workloads: Vec<WorkloadJson<'a>>,
    queues: Vec<QueueJson<'a>>,
    caches: Vec<CacheJson<'a>>,
    edges: Vec<EdgeJson<'a>>,
}

#[derive(Serialize)]
struct FunctionJson<'a> {
    name: &'a str,
    path: &'a str,
    doc: &'a str,
    at: String,
    workload: &'a str,
    trigger: TriggerJson<'a>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum TriggerJson<'a> {
    Http { method: &'a str, path: &'a str },
    Queue { queue: &'a str, batch: Option<u32> },
    Schedule { cron: &'a str, timezone: &'a str },
}

#[derive(Serialize)]
struct WorkloadJson<'a> {
    name: &'a str,
    kind: &'static str,
    functions: Vec<&'a str>,
    scale: ScaleJson,
    concurrency: u32,
    timeout_ms: u64,
    memory: &'a str,
    cpu: &'a str,
    sandbox: &'static str,
    /// `null` for what answers no requests.
    visibility: Option<&'static str>,
}

#[derive(Serialize)]
struct ScaleJson {
    min: u32,
    max: Option<u32>,
}

#[derive(Serialize)]
struct QueueJson<'a> {
    name: &'a str,
    path: &'a str,
    doc: &'a str,
    at: String,
    payload: &'a str,
    max_deliveries: Option<u32>,
    ack_wait_ms: u64,
    dead_letter: bool,
    dedupe_window_ms: u64,
    max_age_ms: Option<u64>,
}

#[derive(Serialize)]
struct CacheJson<'a> {
    name: &'a str,
    path: &'a str,
    doc: &'a str,
    at: String,
    key: &'a str,
    value: &'a str,
    ttl_ms: Option<u64>,
}

#[derive(Serialize)]
struct EdgeJson<'a> {
    function: &'a str,
    operation: &'static str,
    resource: ResourceJson<'a>,
    chain: Vec<StepJson<'a>>,
}

#[derive(Serialize)]
struct ResourceJson<'a> {
    kind: &'static str,
    name: &'a str,
}

#[derive(Serialize)]
struct StepJson<'a> {
    from: &'a str,
    to: &'a str,
    at: String,
}

impl<'a> Document<'a> {
    fn of(graph: &'a Graph, sources: &Sources) -> Self {
        Document {
            version: VERSION,
            app: &graph.app,
            functions: (graph.functions.iter())
                .map(|it| FunctionJson::of(graph, sources, it))
                .collect(),
            workloads: (graph.workloads.iter())
                .map(|it| WorkloadJson::of(graph, it))
                .collect(),
            queues: (graph.queues.iter())
                .map(|it| QueueJson::of(sources, it))
                .collect(),
            caches: (graph.caches.iter())
                .map(|it| CacheJson::of(sources, it))
                .collect(),
            edges: (graph.edges.iter())
                .map(|it| EdgeJson::of(graph, sources, it))
                .collect(),
        }
    }
}

impl<'a> FunctionJson<'a> {
    fn of(graph: &'a Graph, sources: &Sources, function: &'a Function) -> Self {
        FunctionJson {
            name: &function.name,
            path: &function.path,
            doc: &function.doc,
            at: words::place(sources, function.span),
            workload: &graph.workloads[function.workload.0].name,
            trigger: match &function.trigger {
                Trigger::Http { method, path } => TriggerJson::Http { method, path },
                Trigger::Queue { queue, batch } => TriggerJson::Queue {
                    queue: &graph.queues[queue.0].name,
                    batch: batch.as_ref().map(|batch| batch.value),
                },
                Trigger::Schedule { cron, timezone } => TriggerJson::Schedule {
                    cron,
                    timezone: &timezone.value,
                },
            },
        }
    }
}

impl<'a> WorkloadJson<'a> {
    fn of(graph: &'a Graph, workload: &'a Workload) -> Self {
        let limits = &workload.limits;
        WorkloadJson {
            name: &workload.name,
            kind: words::kind(workload.kind),
            functions: (workload.functions.iter())
                .map(|id| graph.functions[id.0].name.as_str())
                .collect(),
            scale: ScaleJson {
                min: limits.scale.min,
                max: limits.scale.max,
            },
            concurrency: limits.concurrency,
            timeout_ms: millis(limits.timeout),
            memory: &limits.memory,
            cpu: &limits.cpu,
            sandbox: match limits.sandbox {
                Sandbox::None => "none",
                Sandbox::Gvisor => "gvisor",
            },
            visibility: (workload.kind == WorkloadKind::Service).then_some(
                match limits.visibility {
                    Visibility::Public => "public",
                    Visibility::Private => "private",
                },
            ),
        }
    }
}

impl<'a> QueueJson<'a> {
    fn of(sources: &Sources, queue: &'a Queue) -> Self {
        QueueJson {
            name: &queue.name,
            path: &queue.path,
            doc: &queue.doc,
            at: words::place(sources, queue.span),
            payload: &queue.payload,
            max_deliveries: queue.max_deliveries.as_ref().map(|bound| bound.value),
            ack_wait_ms: millis(queue.ack_wait),
            dead_letter: queue.dead_letter,
            dedupe_window_ms: millis(queue.dedupe_window),
            max_age_ms: queue.max_age.map(millis),
        }
    }
}

impl<'a> CacheJson<'a> {
    fn of(sources: &Sources, cache: &'a Cache) -> Self {
        CacheJson {
            name: &cache.name,
            path: &cache.path,
            doc: &cache.doc,
            at: words::place(sources, cache.span),
            key: &cache.key,
            value: &cache.value,
            ttl_ms: cache.ttl.map(millis),
        }
    }
}

impl<'a> EdgeJson<'a> {
    fn of(graph: &'a Graph, sources: &Sources, edge: &'a Edge) -> Self {
        let (kind, name) = words::resource(graph, edge.resource);
        EdgeJson {
            function: &graph.functions[edge.function.0].name,
            operation: words::operation(edge.operation),
            resource: ResourceJson { kind, name },
            chain: (edge.chain.iter())
                .map(|step| StepJson {
                    from: &step.from,
                    to: &step.to,
                    at: words::place(sources, step.span),
                })
                .collect(),
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn shop() {
        let (graph, sources) = fixture::shop();
        insta::assert_snapshot!(json(&graph, &sources));
    }

    #[test]
    fn hello() {
        let (graph, sources) = fixture::hello();
        insta::assert_snapshot!(json(&graph, &sources));
    }
}
