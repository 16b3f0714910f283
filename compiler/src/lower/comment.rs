//! The first lines of a file: what in the user's source it comes from.

use crate::graph::{Function, Operation, Queue, Resource, Trigger, Workload, WorkloadKind};

use super::context::Context;
use super::links::Link;

/// A workload: its functions, each with its trigger, path and doc, and what they use.
pub(super) fn workload(cx: Context<'_>, workload: &Workload, links: &[Link]) -> String {
    let kind = match workload.kind {
        WorkloadKind::Service => "The HTTP service",
        WorkloadKind::Consumer => "The queue function",
        WorkloadKind::Schedule => "The schedule function",
    };
    let mut text = format!("{kind} `{}`.", workload.name);
    for id in &workload.functions {
        let Some(function) = cx.graph.functions.get(id.0) else {
            continue;
        };
        text.push_str(&format!("\n\n{}: {}", trigger(cx, function), function.path));
        if !function.doc.is_empty() {
            text.push_str(&format!("\n  {}", function.doc));
        }
        for edge in cx.graph.edges_of(*id) {
            text.push_str(&format!("\n  {}", usage(cx, edge.operation, edge.resource)));
        }
    }
    text.push_str(&notes(links));
    text
}

/// What is to be said about connections, each a paragraph.
pub(super) fn notes(links: &[Link]) -> String {
    let notes = links.iter().filter_map(|link| link.note.as_deref());
    notes.map(|note| format!("\n\n{note}")).collect()
}

fn trigger(cx: Context<'_>, function: &Function) -> String {
    match &function.trigger {
        Trigger::Http { method, path } => format!("{method} {path}"),
        Trigger::Queue { queue, .. } => {
            let queue = cx.graph.queues.get(queue.0);
            format!("queue {}", queue.map_or("?", |queue| &queue.name))
        }
        Trigger::Schedule { cron, timezone } => format!("{cron} ({})", timezone.value),
    }
}

fn usage(cx: Context<'_>, operation: Operation, resource: Resource) -> String {
    let graph = cx.graph;
    let name = match resource {
        Resource::Queue(id) => graph.queues.get(id.0).map(|queue| &queue.name),
        Resource::Cache(id) => graph.caches.get(id.0).map(|cache| &cache.name),
    };
    let verb = match operation {
        Operation::Send => "sends to queue",
        Operation::Read => "reads cache",
        Operation::Write => "writes cache",
    };
    format!("{verb} {}", name.map_or("?", String::as_str))
}

/// A queue: its path and doc.
pub(super) fn queue(queue: &Queue) -> String {
    let mut text = format!("queue {}: {}", queue.name, queue.path);
    if !queue.doc.is_empty() {
        text.push_str(&format!("\n  {}", queue.doc));
    }
    text
}
