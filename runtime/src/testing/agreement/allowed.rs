//! What a graph allows, and the words for what it does not.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::uses::word;
use super::{Key, Use};
use crate::registry::ResourceKind;

/// The version of `graph.json` that this runtime reads.
const VERSION: u32 = 1;

/// What the agreement needs to know of `graph.json`; it passes over the rest.
#[derive(Debug, Deserialize)]
pub(super) struct Allowed {
    version: u32,
    functions: Vec<Named>,
    queues: Vec<Named>,
    caches: Vec<Named>,
    edges: Vec<Edge>,
}

/// A function or a resource.
#[derive(Debug, Deserialize)]
struct Named {
    name: String,
    /// The path in Rust.
    path: String,
}

#[derive(Debug, Deserialize)]
struct Edge {
    function: String,
    operation: Use,
    resource: Resource,
}

#[derive(Debug, Deserialize)]
struct Resource {
    kind: Kind,
    name: String,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Queue,
    Cache,
}

impl Allowed {
    /// Reads a `graph.json`.
    ///
    /// # Errors
    ///
    /// It is none, or one of another version.
    pub(super) fn parse(json: &str) -> Result<Self, String> {
        let mut graph: Self = serde_json::from_str(json).map_err(|error| error.to_string())?;
        if graph.version != VERSION {
            return Err(format!(
                "it has version {}, and this version of the crate cloudc reads version {VERSION}",
                graph.version
            ));
        }
        // The file is sorted; a look-up must not depend on it.
        graph.edges.sort_by(|a, b| a.key().cmp(&b.key()));
        Ok(graph)
    }

    /// Whether the graph has a use.
    ///
    /// # Errors
    ///
    /// What is missing, how to find out why, and what the reason may be.
    pub(super) fn check(&self, key: Key<'_>) -> Result<(), String> {
        let found = self.edges.binary_search_by(|edge| edge.key().cmp(&key));
        found.map(drop).map_err(|_| self.refusal(key))
    }

    fn refusal(&self, (function, operation, kind, name): Key<'_>) -> String {
        let verb = match operation {
            Use::Send => "sends to",
            Use::Read => "reads",
            Use::Write => "writes",
        };
        let used = format!("{verb} the {} `{name}`", word(kind));
        let Some(known) = find(&self.functions, function) else {
            return format!(
                "the function `{function}` {used}, and the graph has no such function\n\
                 `cloudc graph` shows the ones that it has. The reason may be a feature or cfg that differs between \
                 the graph and this test, or that the function is written in a test or by a macro: what cloudc \
                 does not see is not deployed. Plain `cargo test` runs it all the same"
            );
        };
        let resources = match kind {
            ResourceKind::Queue => &self.queues,
            ResourceKind::Cache => &self.caches,
        };
        let Some(resource) = find(resources, name) else {
            return format!(
                "the function `{function}` {used}, and the graph has no such {}\n\
                 `cloudc graph` shows the ones that it has. The reason may be a feature or cfg that differs between \
                 the graph and this test, or that its static is written in a test or by a macro",
                word(kind)
            );
        };
        let asked = (
            short(known, &[&self.functions]),
            short(resource, &[&self.queues, &self.caches]),
        );
        format!(
            "the function `{function}` {used}, and the graph has no such edge: deployed, it would not be allowed to\n\
             `cloudc why {} {}` shows what the graph has. The reason may be a feature or cfg that differs between \
             the graph and this test; if none does, cloudc did not see a use, which is a bug in cloudc: please \
             report it, with the code between the function and the use",
            asked.0, asked.1
        )
    }
}

impl Edge {
    fn key(&self) -> Key<'_> {
        let kind = match self.resource.kind {
            Kind::Queue => ResourceKind::Queue,
            Kind::Cache => ResourceKind::Cache,
        };
        (&self.function, self.operation, kind, &self.resource.name)
    }
}

fn find<'a>(all: &'a [Named], name: &str) -> Option<&'a Named> {
    all.iter().find(|known| known.name == name)
}

/// What `cloudc why` takes for it: its identifier; where that means another one too, its path.
fn short<'a>(of: &'a Named, all: &[&[Named]]) -> &'a str {
    let identifier = last(&of.path);
    let meant: BTreeSet<&str> = (all.iter().copied().flatten())
        .filter(|known| known.name == identifier || last(&known.path) == identifier)
        .map(|known| known.path.as_str())
        .collect();
    if meant.len() == 1 {
        identifier
    } else {
        &of.path
    }
}

fn last(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOP: &str = r#"{
        "version": 1,
        "app": "shop",
        "functions": [
            {"name": "charge", "path": "shop::payments::charge", "doc": "Charges one order."},
            {"name": "look", "path": "shop::look"},
            {"name": "look-again", "path": "shop::again::look"}
        ],
        "queues": [
            {"name": "orders", "path": "shop::queues::ORDERS"},
            {"name": "receipts", "path": "shop::queues::RECEIPTS"}
        ],
        "caches": [
            {"name": "orders", "path": "shop::caches::ORDERS"},
            {"name": "prices", "path": "shop::PRICES"}
        ],
        "edges": [
            {"function": "look", "operation": "read", "resource": {"kind": "cache", "name": "prices"}, "chain": []},
            {"function": "charge", "operation": "send", "resource": {"kind": "queue", "name": "receipts"}, "chain": []}
        ]
    }"#;

    fn check(function: &str, operation: Use, kind: ResourceKind, name: &str) -> Result<(), String> {
        let allowed = Allowed::parse(SHOP).expect("a graph");
        allowed.check((function, operation, kind, name))
    }

    fn refused(function: &str, operation: Use, kind: ResourceKind, name: &str) -> String {
        check(function, operation, kind, name).expect_err("no such edge")
    }

    #[test]
    fn what_the_graph_has_is_allowed() {
        let (queue, cache) = (ResourceKind::Queue, ResourceKind::Cache);
        assert_eq!(check("charge", Use::Send, queue, "receipts"), Ok(()));
        assert_eq!(check("look", Use::Read, cache, "prices"), Ok(()));
        assert!(check("look", Use::Write, cache, "prices").is_err());
        assert!(check("look", Use::Read, cache, "orders").is_err());
        assert!(check("charge", Use::Send, queue, "orders").is_err());
        assert!(check("charge", Use::Read, cache, "prices").is_err());
    }

    #[test]
    fn a_missing_edge_is_named_as_why_takes_it() {
        let message = refused("charge", Use::Write, ResourceKind::Cache, "prices");
        assert_eq!(
            message,
            "the function `charge` writes the cache `prices`, and the graph has no such edge: deployed, it would \
             not be allowed to\n\
             `cloudc why charge PRICES` shows what the graph has. The reason may be a feature or cfg that differs \
             between the graph and this test; if none does, cloudc did not see a use, which is a bug in cloudc: \
             please report it, with the code between the function and the use"
        );
    }

    #[test]
    fn an_identifier_that_means_two_is_written_as_a_path() {
        let message = refused("look-again", Use::Read, ResourceKind::Cache, "orders");
        let why = "`cloudc why shop::again::look shop::caches::ORDERS`";
        assert!(message.contains(why), "{message}");
    }

    #[test]
    fn a_function_that_the_graph_does_not_have() {
        let message = refused("refund", Use::Send, ResourceKind::Queue, "receipts");
        let start = "the function `refund` sends to the queue `receipts`, and the graph has no such function\n";
        assert!(message.starts_with(start), "{message}");
        assert!(!message.contains("cloudc why"), "it knows neither");
    }

    #[test]
    fn a_resource_that_the_graph_does_not_have() {
        let message = refused("charge", Use::Read, ResourceKind::Cache, "receipts");
        let start =
            "the function `charge` reads the cache `receipts`, and the graph has no such cache\n";
        assert!(message.starts_with(start), "{message}");
    }

    #[test]
    fn a_graph_as_the_compiler_writes_it() {
        let json = include_str!("../../../../snapshots/shop/graph.json");
        let allowed = Allowed::parse(json).expect("a graph");
        let (function, cache) = ("place-order", ResourceKind::Cache);
        assert_eq!(
            allowed.check((function, Use::Write, cache, "stock")),
            Ok(())
        );
        let message = allowed.check((function, Use::Write, cache, "prices"));
        let message = message.expect_err("it only reads them");
        assert!(
            message.contains("`cloudc why place_order PRICES`"),
            "{message}"
        );
    }

    #[test]
    fn what_is_no_graph() {
        let error = |json: &str| Allowed::parse(json).expect_err("no graph");
        assert!(error("{}").contains("missing field `version`"));
        let newer = SHOP.replace("\"version\": 1", "\"version\": 2");
        let words = "it has version 2, and this version of the crate cloudc reads version 1";
        assert_eq!(error(&newer), words);
        let unknown = SHOP.replace("\"send\"", "\"peek\"");
        assert!(error(&unknown).contains("unknown variant `peek`"));
    }
}
