//! Which edges of the graph the tests exercised, from what the test processes wrote down.
//!
//! Each process writes a file with a JSON object a line: a function that was called, or a use:
//!
//! ```text
//! {"function":"charge"}
//! {"function":"charge","operation":"send","resource":{"kind":"queue","name":"receipts"}}
//! ```
//!
//! or a `sometimes!` that is linked into it, and whether it was ever true:
//!
//! ```text
//! {"sometimes":{"file":"src/lib.rs","line":7,"column":5,"text":"attempt > 1"}}
//! {"sometimes":{"file":"src/lib.rs","line":7,"column":5,"text":"attempt > 1"},"held":true}
//! ```

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::graph::{Edge, FunctionId, Graph, Operation, Resource};

/// What the tests did, by the graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// The test processes in which a world was made.
    pub processes: usize,
    /// How many edges were exercised.
    pub exercised: usize,
    /// The edges that were not, as indexes into [`Graph::edges`], sorted.
    pub unexercised: Vec<usize>,
    /// The functions that no world called, sorted.
    pub not_called: Vec<FunctionId>,
    /// Each `sometimes!` that was never true in any process, sorted. `None` where that says nothing: not every test
    /// ran.
    pub never_true: Option<Vec<Sometimes>>,
}

/// Where a `sometimes!` is.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sometimes {
    /// The source file, as rustc was given it.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
    /// What should be true.
    pub text: String,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    function: Option<Cow<'a, str>>,
    operation: Option<Word>,
    #[serde(borrow)]
    resource: Option<ResourceLine<'a>>,
    sometimes: Option<Sometimes>,
    #[serde(default)]
    held: bool,
}

#[derive(Deserialize)]
struct ResourceLine<'a> {
    kind: Kind,
    #[serde(borrow)]
    name: Cow<'a, str>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
enum Word {
    Send,
    Read,
    Write,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Queue,
    Cache,
}

impl Coverage {
    /// Holds a graph against the files, one text for each process, in any order. Uses that the graph
    /// does not have say nothing: the tests' emulator refuses them.
    ///
    /// # Errors
    ///
    /// A line that is no use. The last line of a file may be cut off: its process was killed.
    pub fn of<'a>(
        graph: &Graph,
        files: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, BadLine> {
        let (mut called, mut used) = (BTreeSet::new(), BTreeSet::new());
        let mut sometimes = BTreeMap::new();
        let mut processes = 0;
        for text in files {
            processes += 1;
            let whole = text.rfind('\n').map_or("", |end| &text[..end]);
            for line in whole.lines() {
                let bad = |reason: String| BadLine {
                    line: line.to_owned(),
                    reason,
                };
                let Line {
                    function,
                    operation,
                    resource,
                    sometimes: site,
                    held,
                } = serde_json::from_str(line).map_err(|error| bad(error.to_string()))?;
                if let Some(site) = site {
                    *sometimes.entry(site).or_insert(false) |= held;
                    continue;
                }
                let function = function.ok_or_else(|| bad("it names no function".to_owned()))?;
                if let (Some(operation), Some(ResourceLine { kind, name })) = (operation, resource)
                {
                    used.insert((function.clone(), operation, kind, name));
                }
                called.insert(function);
            }
        }
        let is_used = |edge: &Edge| {
            let (function, operation, kind, name) = key(graph, edge);
            used.contains(&(Cow::Borrowed(function), operation, kind, name.into()))
        };
        let unexercised: Vec<usize> = (0..)
            .zip(&graph.edges)
            .filter_map(|(index, edge)| (!is_used(edge)).then_some(index))
            .collect();
        let not_called = (0..)
            .zip(&graph.functions)
            .filter(|(_, function)| !called.contains(function.name.as_str()))
            .map(|(index, _)| FunctionId(index))
            .collect();
        let never_true = sometimes.into_iter().filter(|(_, held)| !held);
        Ok(Self {
            processes,
            exercised: graph.edges.len() - unexercised.len(),
            unexercised,
            not_called,
            never_true: Some(never_true.map(|(site, _)| site).collect()),
        })
    }
}

/// A line that is no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{line}` is no use of a queue or cache: {reason}")]
pub struct BadLine {
    /// The line.
    pub line: String,
    /// What is wrong with it.
    pub reason: String,
}

fn key<'g>(graph: &'g Graph, edge: &Edge) -> (&'g str, Word, Kind, &'g str) {
    let function = &graph.functions[edge.function.0].name;
    let operation = match edge.operation {
        Operation::Send => Word::Send,
        Operation::Read => Word::Read,
        Operation::Write => Word::Write,
    };
    let (kind, name) = match edge.resource {
        Resource::Queue(id) => (Kind::Queue, &graph.queues[id.0].name),
        Resource::Cache(id) => (Kind::Cache, &graph.caches[id.0].name),
    };
    (function, operation, kind, name)
}
