//! Queues that left the graph. Nobody makes or uses them any more, but a broker may hold their messages: the provisioner
//! deletes their streams once they are empty, or at once where the user said so.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::EnvVar;

use crate::config::Retired;
use crate::graph::Graph;

use super::context::Context;
use super::links;
use super::names;

/// The queues to be retired, sorted by name, each once. Not those that are in the graph again, nor those that a program
/// which still runs sends to or takes from: what it sends would be lost with the stream.
pub(super) fn queues(cx: Context<'_>) -> Vec<Retired> {
    let mut queues: BTreeMap<&str, Retired> = BTreeMap::new();
    for retired in &cx.settings.retired {
        let known = queues
            .entry(&retired.queue)
            .or_insert_with(|| retired.clone());
        known.dead_letter |= retired.dead_letter;
        known.delete |= retired.delete;
    }
    let is_free = |retired: &Retired| {
        let is_there = |queue: &crate::graph::Queue| queue.name == retired.queue;
        !cx.graph.queues.iter().any(is_there) && !is_in_use(cx, retired)
    };
    queues.into_values().filter(is_free).collect()
}

fn is_in_use(cx: Context<'_>, retired: &Retired) -> bool {
    let subject = names::subject(cx.app(), &retired.queue);
    let pulls = format!(
        "{}{}.",
        super::permissions::PULL,
        names::stream(cx.app(), &retired.queue)
    );
    let running = cx.settings.running.iter().flat_map(|all| &all.nats);
    // The operator's right to send dead letters again is no use of its own.
    let running = running.filter(|(user, _)| **user != names::operator(cx.app()));
    let mut subjects = running.flat_map(|(_, user)| &user.publish);
    subjects.any(|used| *used == subject || used.starts_with(&pulls))
}

/// The streams of a retired queue, without those that a queue of the graph has now: the failed messages of `orders` are in a
/// stream with the name of a queue `orders-dead`.
pub(super) fn streams(graph: &Graph, retired: &Retired) -> Vec<String> {
    let app = &graph.app;
    let current: BTreeSet<String> = graph
        .queues
        .iter()
        .flat_map(|queue| {
            let dead = names::dead_stream(app, &queue.name);
            let dead = queue.dead_letter.then_some(dead);
            dead.into_iter().chain([names::stream(app, &queue.name)])
        })
        .collect();
    let dead = names::dead_stream(app, &retired.queue);
    let dead = retired.dead_letter.then_some(dead);
    let all = [Some(names::stream(app, &retired.queue)), dead];
    let free = |stream: &String| !current.contains(stream);
    all.into_iter().flatten().filter(free).collect()
}

/// What the provisioner is told: `orders:dead,parcels:dead:delete`. `None` where there is nothing to tell.
pub(super) fn variable(cx: Context<'_>) -> Option<EnvVar> {
    let words = |retired: &Retired| {
        let dead = if retired.dead_letter { ":dead" } else { "" };
        let delete = if retired.delete { ":delete" } else { "" };
        format!("{}{dead}{delete}", retired.queue)
    };
    let all: Vec<String> = queues(cx).iter().map(words).collect();
    (!all.is_empty()).then(|| links::variable("CLOUDC_RETIRED", &all.join(",")))
}

/// For the first lines of the provisioner's file.
pub(super) fn about(cx: Context<'_>) -> String {
    let paragraph = |retired: &Retired| {
        let streams = streams(cx.graph, retired).join(", ");
        let when = if retired.delete {
            "with all that is in it"
        } else {
            "once it is empty"
        };
        format!(
            "\n\nqueue {} left the graph\n  deletes, each {when}: stream {streams}",
            retired.queue
        )
    };
    queues(cx).iter().map(paragraph).collect()
}
