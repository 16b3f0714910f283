//! The graph as a tree, for a terminal.

use super::words;
use crate::graph::{
    CacheId, FunctionId, Graph, Operation, QueueId, Resource, Workload, WorkloadKind,
};
use crate::span::Sources;

/// The graph as plain text: each workload with its functions and what they use, then the queues and
/// the caches with who uses them.
pub fn tree(graph: &Graph, sources: &Sources) -> String {
    let mut text = format!(
        "{}: {}, {}, {}, {}\n",
        graph.app,
        words::count(graph.functions.len(), "function"),
        words::count(graph.workloads.len(), "workload"),
        words::count(graph.queues.len(), "queue"),
        words::count(graph.caches.len(), "cache"),
    );
    let trees = (graph
        .workloads
        .iter()
        .map(|it| workload(graph, sources, it)))
    .chain((0..graph.queues.len()).map(|index| queue(graph, sources, index)))
    .chain((0..graph.caches.len()).map(|index| cache(graph, sources, index)));
    for tree in trees {
        text.push('\n');
        text.push_str(&tree.text);
        text.push('\n');
        branches(&mut text, "", &tree.branches);
    }
    text
}

/// A line and the lines below it.
struct Tree {
    text: String,
    branches: Vec<Tree>,
}

impl Tree {
    fn leaf(text: String) -> Self {
        Tree {
            text,
            branches: Vec::new(),
        }
    }
}

fn branches(text: &mut String, indent: &str, trees: &[Tree]) {
    for (index, tree) in trees.iter().enumerate() {
        let last = index + 1 == trees.len();
        let (corner, below) = if last {
            ("└─ ", "   ")
        } else {
            ("├─ ", "│  ")
        };
        text.push_str(indent);
        text.push_str(corner);
        text.push_str(&tree.text);
        text.push('\n');
        branches(text, &format!("{indent}{below}"), &tree.branches);
    }
}

/// A service has its functions below it; another workload is its one function.
fn workload(graph: &Graph, sources: &Sources, workload: &Workload) -> Tree {
    let kind = words::kind(workload.kind);
    let limits = words::limits(workload).join(", ");
    if let (WorkloadKind::Consumer | WorkloadKind::Schedule, [id]) =
        (workload.kind, &workload.functions[..])
    {
        let mut tree = function(graph, sources, *id);
        tree.text = format!("{kind} {}  ({limits})", tree.text);
        return tree;
    }
    Tree {
        text: format!("{kind} {}  ({limits})", workload.name),
        branches: (workload.functions.iter())
            .map(|id| function(graph, sources, *id))
            .collect(),
    }
}

fn function(graph: &Graph, sources: &Sources, id: FunctionId) -> Tree {
    let function = &graph.functions[id.0];
    Tree {
        text: format!(
            "{} ← {}  {}",
            function.name,
            words::trigger(graph, function),
            words::place(sources, function.span)
        ),
        branches: [Operation::Send, Operation::Read, Operation::Write]
            .into_iter()
            .filter_map(|operation| uses(graph, id, operation))
            .collect(),
    }
}

/// `reads prices, stock`; nothing where the function does not.
fn uses(graph: &Graph, function: FunctionId, operation: Operation) -> Option<Tree> {
    let names: Vec<&str> = (graph.edges_of(function))
        .filter(|edge| edge.operation == operation)
        .map(|edge| match edge.resource {
            Resource::Queue(id) => graph.queues[id.0].name.as_str(),
            Resource::Cache(id) => graph.caches[id.0].name.as_str(),
        })
        .collect();
    let verb = match operation {
        Operation::Send => "sends to",
        Operation::Read => "reads",
        Operation::Write => "writes",
    };
    (!names.is_empty()).then(|| Tree::leaf(format!("{verb} {}", names.join(", "))))
}

fn queue(graph: &Graph, sources: &Sources, index: usize) -> Tree {
    let queue = &graph.queues[index];
    let resource = Resource::Queue(QueueId(index));
    let consumers: Vec<&str> = (graph.consumers(QueueId(index)))
        .map(|(_, function)| function.name.as_str())
        .collect();
    Tree {
        text: format!(
            "queue {}  ({})  {}",
            queue.name,
            words::queue(queue).join(", "),
            words::place(sources, queue.span)
        ),
        branches: vec![
            people("sent to by", &users(graph, resource, Operation::Send)),
            people("consumed by", &consumers),
        ],
    }
}

fn cache(graph: &Graph, sources: &Sources, index: usize) -> Tree {
    let cache = &graph.caches[index];
    let resource = Resource::Cache(CacheId(index));
    Tree {
        text: format!(
            "cache {}  ({})  {}",
            cache.name,
            words::cache(cache).join(", "),
            words::place(sources, cache.span)
        ),
        branches: vec![
            people("read by", &users(graph, resource, Operation::Read)),
            people("written by", &users(graph, resource, Operation::Write)),
        ],
    }
}

fn people(verb: &str, names: &[&str]) -> Tree {
    Tree::leaf(match names {
        [] => format!("{verb} no function"),
        names => format!("{verb} {}", names.join(", ")),
    })
}

fn users(graph: &Graph, resource: Resource, operation: Operation) -> Vec<&str> {
    (graph.edges.iter())
        .filter(|edge| edge.resource == resource && edge.operation == operation)
        .map(|edge| graph.functions[edge.function.0].name.as_str())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn shop() {
        let (graph, sources) = fixture::shop();
        insta::assert_snapshot!(tree(&graph, &sources));
    }

    #[test]
    fn hello() {
        let (graph, sources) = fixture::hello();
        insta::assert_snapshot!(tree(&graph, &sources));
    }

    #[test]
    fn what_nobody_uses_says_so() {
        let (mut graph, sources) = fixture::shop();
        graph.edges.clear();
        assert!(tree(&graph, &sources).contains("read by no function"));
    }
}
