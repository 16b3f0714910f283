//! `cloudc why FUNCTION RESOURCE`: the proof of an edge.

use super::find::{is, last};
use super::model::{CacheId, Edge, FunctionId, Graph, QueueId, Resource};
use crate::text::nearest;

/// What there is to say about a function and a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<'g> {
    /// The edges between them, one for each operation; none means that no chain of calls leads from the
    /// one to the other.
    Edges(FunctionId, Resource, Vec<&'g Edge>),
    /// There is no such function; the nearest name, if one is near.
    NoFunction(Option<String>),
    /// There is no such resource; the nearest name, if one is near.
    NoResource(Option<String>),
}

/// Finds a function and a resource by name (`place-order`), identifier (`place_order`) or path in
/// Rust (`shop::orders::place_order`), and the edges between them.
pub fn why<'g>(graph: &'g Graph, function: &str, resource: &str) -> Answer<'g> {
    let functions = graph
        .functions
        .iter()
        .map(|of| (of.name.as_str(), of.path.as_str()));
    let Some(function_id) = functions.clone().position(|names| is(names, function)) else {
        let identifiers = functions.map(|(_, path)| last(path));
        return Answer::NoFunction(nearest(function, identifiers).map(str::to_owned));
    };
    let queues = graph
        .queues
        .iter()
        .map(|of| (of.name.as_str(), of.path.as_str()));
    let caches = graph
        .caches
        .iter()
        .map(|of| (of.name.as_str(), of.path.as_str()));
    let found = match queues.clone().position(|names| is(names, resource)) {
        Some(queue) => Some(Resource::Queue(QueueId(queue))),
        None => caches
            .clone()
            .position(|names| is(names, resource))
            .map(|cache| Resource::Cache(CacheId(cache))),
    };
    let Some(found) = found else {
        let identifiers = queues.chain(caches).map(|(_, path)| last(path));
        return Answer::NoResource(nearest(resource, identifiers).map(str::to_owned));
    };
    let function_id = FunctionId(function_id);
    let edges = graph
        .edges_of(function_id)
        .filter(|edge| edge.resource == found);
    Answer::Edges(function_id, found, edges.collect())
}
