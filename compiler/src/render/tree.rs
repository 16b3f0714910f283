//! The graph as a tree, for a terminal.

use std::collections::BTreeMap;

use super::links::{Link, Meaning, links};
use super::words;
use crate::graph::{
    CacheId, FunctionId, Graph, Operation, QueueId, Resource, Workload, WorkloadKind,
};
use crate::span::Sources;

/// The graph as plain text: services, consumers and schedules with their functions and what those
/// use, then the queues and the caches with who uses them.
pub fn tree(graph: &Graph, sources: &Sources) -> String {
    let mut text = format!(
        "{}: {}, {}, {}, {}\n",
        graph.app,
        words::count(graph.functions.len(), "function"),
        words::count(graph.workloads.len(), "workload"),
        words::count(graph.queues.len(), "queue"),
        words::count(graph.caches.len(), "cache"),
    );
    let view = View::of(graph, sources);
    let mut workloads: Vec<&Workload> = graph.workloads.iter().collect();
    workloads.sort_by_key(|workload| workload.kind);
    let trees = (workloads.into_iter().map(|it| view.workload(it)))
        .chain((0..graph.queues.len()).map(|id| view.queue(QueueId(id))))
        .chain((0..graph.caches.len()).map(|id| view.cache(CacheId(id))));
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

/// `sends to orders`; `read by no function` where there is nobody.
fn leaf(verb: &str, names: &[&str]) -> Tree {
    let text = match names {
        [] => format!("{verb} no function"),
        names => format!("{verb} {}", names.join(", ")),
    };
    Tree {
        text,
        branches: Vec::new(),
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

struct View<'a> {
    graph: &'a Graph,
    sources: &'a Sources,
    /// Who uses a resource.
    links: BTreeMap<Resource, Vec<Link>>,
}

impl<'a> View<'a> {
    fn of(graph: &'a Graph, sources: &'a Sources) -> Self {
        let mut by_resource = BTreeMap::<_, Vec<_>>::new();
        for link in links(graph) {
            by_resource.entry(link.resource).or_default().push(link);
        }
        View {
            graph,
            sources,
            links: by_resource,
        }
    }

    /// A service has its functions below it; another workload is its one function.
    fn workload(&self, workload: &Workload) -> Tree {
        let kind = words::kind(workload.kind);
        let limits = words::limits(workload).join(", ");
        if let (WorkloadKind::Consumer | WorkloadKind::Schedule, [id]) =
            (workload.kind, &workload.functions[..])
        {
            let mut tree = self.function(*id);
            tree.text = format!("{kind} {}  ({limits})", tree.text);
            return tree;
        }
        let functions = workload.functions.iter();
        Tree {
            text: format!("{kind} {}  ({limits})", workload.name),
            branches: functions.map(|id| self.function(*id)).collect(),
        }
    }

    fn function(&self, id: FunctionId) -> Tree {
        let function = &self.graph.functions[id.0];
        let operations = [Operation::Send, Operation::Read, Operation::Write];
        Tree {
            text: format!(
                "{} ← {}  {}",
                function.name,
                words::trigger(self.graph, function),
                words::place(self.sources, function.span)
            ),
            branches: operations
                .into_iter()
                .filter_map(|operation| self.uses(id, operation))
                .collect(),
        }
    }

    /// `reads prices, stock`; nothing where the function does not.
    fn uses(&self, function: FunctionId, operation: Operation) -> Option<Tree> {
        let names: Vec<&str> = (self.graph.edges_of(function))
            .filter(|edge| edge.operation == operation)
            .map(|edge| match edge.resource {
                Resource::Queue(id) => self.graph.queues[id.0].name.as_str(),
                Resource::Cache(id) => self.graph.caches[id.0].name.as_str(),
            })
            .collect();
        let verb = match operation {
            Operation::Send => "sends to",
            Operation::Read => "reads",
            Operation::Write => "writes",
        };
        (!names.is_empty()).then(|| leaf(verb, &names))
    }

    fn queue(&self, id: QueueId) -> Tree {
        let queue = &self.graph.queues[id.0];
        let resource = Resource::Queue(id);
        Tree {
            text: format!(
                "queue {}  ({})  {}",
                queue.name,
                words::queue(queue).join(", "),
                words::place(self.sources, queue.span)
            ),
            branches: vec![
                self.users("sent to by", resource, &[Meaning::Sends]),
                self.users("consumed by", resource, &[Meaning::Triggers]),
            ],
        }
    }

    fn cache(&self, id: CacheId) -> Tree {
        let cache = &self.graph.caches[id.0];
        let resource = Resource::Cache(id);
        let reads = [Meaning::Reads, Meaning::ReadsAndWrites];
        let writes = [Meaning::Writes, Meaning::ReadsAndWrites];
        Tree {
            text: format!(
                "cache {}  ({})  {}",
                cache.name,
                words::cache(cache).join(", "),
                words::place(self.sources, cache.span)
            ),
            branches: vec![
                self.users("read by", resource, &reads),
                self.users("written by", resource, &writes),
            ],
        }
    }

    fn users(&self, verb: &str, resource: Resource, meanings: &[Meaning]) -> Tree {
        let links = self.links.get(&resource).map_or(&[][..], Vec::as_slice);
        let names: Vec<&str> = (links.iter())
            .filter(|link| meanings.contains(&link.meaning))
            .map(|link| self.graph.functions[link.function.0].name.as_str())
            .collect();
        leaf(verb, &names)
    }
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
