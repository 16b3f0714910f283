//! The lines of a drawing: what a function does with a resource, one line for each pair.

use std::collections::BTreeMap;

use crate::graph::{FunctionId, Graph, Operation, Resource, Trigger};

/// What a line means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Meaning {
    /// The queue triggers the function.
    Triggers,
    /// The function sends to the queue.
    Sends,
    /// The function reads the cache.
    Reads,
    /// The function writes the cache.
    Writes,
    /// The function reads and writes the cache: one line, where two would only cover each other.
    ReadsAndWrites,
}

impl Meaning {
    /// The words on the line.
    pub(super) fn words(self) -> &'static str {
        match self {
            Meaning::Triggers => "triggers",
            Meaning::Sends => "sends",
            Meaning::Reads => "reads",
            Meaning::Writes => "writes",
            Meaning::ReadsAndWrites => "reads, writes",
        }
    }
}

/// One line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Link {
    pub(super) function: FunctionId,
    pub(super) resource: Resource,
    pub(super) meaning: Meaning,
}

/// Every line of a graph, sorted by function, resource and meaning.
pub(super) fn links(graph: &Graph) -> Vec<Link> {
    let mut used: BTreeMap<(FunctionId, Resource), Meaning> = BTreeMap::new();
    for edge in &graph.edges {
        let meaning = match edge.operation {
            Operation::Send => Meaning::Sends,
            Operation::Read => Meaning::Reads,
            Operation::Write => Meaning::Writes,
        };
        used.entry((edge.function, edge.resource))
            .and_modify(|known| {
                if *known != meaning {
                    *known = Meaning::ReadsAndWrites;
                }
            })
            .or_insert(meaning);
    }
    let used = used
        .into_iter()
        .map(|((function, resource), meaning)| Link {
            function,
            resource,
            meaning,
        });
    let mut links: Vec<Link> = triggers(graph).chain(used).collect();
    links.sort_unstable();
    links
}

fn triggers(graph: &Graph) -> impl Iterator<Item = Link> {
    graph
        .functions
        .iter()
        .enumerate()
        .filter_map(|(index, function)| match function.trigger {
            Trigger::Queue { queue, .. } => Some(Link {
                function: FunctionId(index),
                resource: Resource::Queue(queue),
                meaning: Meaning::Triggers,
            }),
            Trigger::Http { .. } | Trigger::Schedule { .. } => None,
        })
}
