//! How the renderers say things, so that all of them say them alike.

use crate::graph::{
    Cache, Function, Graph, Limits, Operation, Queue, Resource, Sandbox, Scale, Trigger,
    Visibility, Workload, WorkloadKind,
};
use crate::span::{Sources, Span};
use crate::text::duration;

/// What starts a function: `POST /orders`, `orders, 50 at a time`, `0 3 * * * Asia/Shanghai`.
pub(super) fn trigger(graph: &Graph, function: &Function) -> String {
    match &function.trigger {
        Trigger::Http { method, path } => format!("{method} {path}"),
        Trigger::Queue { queue, batch } => {
            let queue = &graph.queues[queue.0].name;
            match batch {
                Some(batch) => format!("{queue}, {} at a time", batch.value),
                None => queue.clone(),
            }
        }
        Trigger::Schedule { cron, timezone } => format!("{cron} {}", timezone.value),
    }
}

/// `src/orders.rs:12`.
pub(super) fn place(sources: &Sources, span: Span) -> String {
    let place = sources.location(span);
    format!("{}:{}", place.file, place.line)
}

/// `service`, `consumer` or `schedule`.
pub(super) fn kind(kind: WorkloadKind) -> &'static str {
    match kind {
        WorkloadKind::Service => "service",
        WorkloadKind::Consumer => "consumer",
        WorkloadKind::Schedule => "schedule",
    }
}

/// `send`, `read` or `write`.
pub(super) fn operation(operation: Operation) -> &'static str {
    match operation {
        Operation::Send => "send",
        Operation::Read => "read",
        Operation::Write => "write",
    }
}

/// The kind and the name of a resource: `queue` and `orders`.
pub(super) fn resource(graph: &Graph, resource: Resource) -> (&'static str, &str) {
    match resource {
        Resource::Queue(id) => ("queue", &graph.queues[id.0].name),
        Resource::Cache(id) => ("cache", &graph.caches[id.0].name),
    }
}

/// A workload's limits in the order in which people ask for them.
pub(super) fn limits(workload: &Workload) -> Vec<String> {
    let Limits {
        scale,
        concurrency,
        timeout,
        memory,
        cpu,
        sandbox,
        visibility,
    } = &workload.limits;
    let mut words = Vec::new();
    if workload.kind != WorkloadKind::Schedule {
        words.push(pods(*scale));
        words.push(format!("{concurrency} at once"));
    }
    words.push(duration(*timeout));
    words.push(memory.clone());
    words.push(format!("cpu {cpu}"));
    if *sandbox == Sandbox::Gvisor {
        words.push("gvisor".to_owned());
    }
    if workload.kind == WorkloadKind::Service && *visibility == Visibility::Private {
        words.push("private".to_owned());
    }
    words
}

/// `0–50 pods`; `1+ pods` without an upper limit.
pub(super) fn pods(scale: Scale) -> String {
    match scale.max {
        Some(1) if scale.min == 1 => "1 pod".to_owned(),
        Some(max) if max == scale.min => format!("{max} pods"),
        Some(max) => format!("{}–{max} pods", scale.min),
        None => format!("{}+ pods", scale.min),
    }
}

/// What a queue promises.
pub(super) fn queue(queue: &Queue) -> Vec<String> {
    let mut words = vec![queue.payload.clone()];
    if let Some(deliveries) = &queue.max_deliveries {
        words.push(match deliveries.value {
            1 => "1 delivery".to_owned(),
            many => format!("{many} deliveries"),
        });
    }
    words.push(format!("ack in {}", duration(queue.ack_wait)));
    if queue.dead_letter {
        words.push("dead letter".to_owned());
    }
    if let Some(age) = queue.max_age {
        words.push(format!("kept {}", duration(age)));
    }
    words
}

/// What a cache holds.
pub(super) fn cache(cache: &Cache) -> Vec<String> {
    let mut words = vec![format!("{} → {}", cache.key, cache.value)];
    if let Some(ttl) = cache.ttl {
        words.push(format!("for {}", duration(ttl)));
    }
    words
}

/// `1 queue`, `2 queues`.
pub(super) fn count(number: usize, one: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        many => format!("{many} {one}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_without_an_upper_limit_say_so() {
        let scale = |min, max| pods(Scale { min, max });
        assert_eq!(scale(0, Some(50)), "0–50 pods");
        assert_eq!(scale(2, None), "2+ pods");
        assert_eq!(scale(1, Some(1)), "1 pod");
        assert_eq!(scale(3, Some(3)), "3 pods");
    }
}
