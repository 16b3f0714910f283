//! The proof of an edge: the calls that lead from a function to a resource.

use std::fmt::Write as _;

use serde::Serialize;

use crate::graph::{Edge, FunctionId, Graph, Operation, Resource, Step};
use crate::span::Sources;

/// For a person: one line a call, with the place in the source.
pub fn why(
    graph: &Graph,
    sources: &Sources,
    function: FunctionId,
    resource: Resource,
    edges: &[&Edge],
) -> String {
    let function = graph
        .functions
        .get(function.0)
        .map_or("", |function| last(&function.path));
    let resource = last(path_of(graph, resource));
    if edges.is_empty() {
        return format!("{function} does not use {resource}: no chain of calls leads there\n");
    }
    let mut text = String::new();
    for edge in edges {
        let _ = writeln!(text, "{function} {} {resource}", verb(edge.operation));
        let places: Vec<String> = edge.chain.iter().map(|step| place(step, sources)).collect();
        let width = places.iter().map(String::len).max().unwrap_or_default();
        for (step, place) in edge.chain.iter().zip(&places) {
            let _ = writeln!(text, "  {place:width$}  {} → {}", step.from, step.to);
        }
    }
    text
}

#[derive(Serialize)]
struct Proof<'g> {
    function: &'g str,
    operation: &'static str,
    resource: &'g str,
    chain: Vec<Link<'g>>,
}

#[derive(Serialize)]
struct Link<'g> {
    from: &'g str,
    to: &'g str,
    file: &'g str,
    line: usize,
    column: usize,
}

/// For a program: one JSON object a line for each edge.
pub fn why_json(graph: &Graph, sources: &Sources, edges: &[&Edge]) -> String {
    let mut text = String::new();
    for edge in edges {
        let chain = edge.chain.iter().map(|step| {
            let location = sources.location(step.span);
            Link {
                from: &step.from,
                to: &step.to,
                file: location.file,
                line: location.line,
                column: location.column,
            }
        });
        let proof = Proof {
            function: graph
                .functions
                .get(edge.function.0)
                .map_or("", |function| &function.path),
            operation: verb(edge.operation),
            resource: path_of(graph, edge.resource),
            chain: chain.collect(),
        };
        text.push_str(&serde_json::to_string(&proof).unwrap_or_default());
        text.push('\n');
    }
    text
}

fn place(step: &Step, sources: &Sources) -> String {
    let location = sources.location(step.span);
    format!("{}:{}:{}", location.file, location.line, location.column)
}

fn path_of(graph: &Graph, resource: Resource) -> &str {
    match resource {
        Resource::Queue(queue) => graph.queues.get(queue.0).map_or("", |queue| &queue.path),
        Resource::Cache(cache) => graph.caches.get(cache.0).map_or("", |cache| &cache.path),
    }
}

fn verb(operation: Operation) -> &'static str {
    match operation {
        Operation::Send => "sends to",
        Operation::Read => "reads",
        Operation::Write => "writes",
    }
}

fn last(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}
