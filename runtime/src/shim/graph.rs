//! What the shim needs to know of `graph.json`; it passes over the rest.

use serde::Deserialize;

use crate::names;

#[derive(Debug, Deserialize)]
pub(super) struct Graph {
    #[serde(default)]
    pub(super) app: String,
    pub(super) functions: Vec<Named>,
    workloads: Vec<Workload>,
    #[serde(default)]
    pub(super) queues: Vec<Named>,
    #[serde(default)]
    pub(super) caches: Vec<Named>,
    #[serde(default)]
    edges: Vec<Edge>,
}

/// A function, a queue or a cache.
#[derive(Debug, Deserialize)]
pub(super) struct Named {
    pub(super) name: String,
    /// The path in Rust.
    pub(super) path: String,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(super) struct Workload {
    pub(super) name: String,
    pub(super) kind: WorkloadKind,
    /// Names of functions.
    pub(super) functions: Vec<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum WorkloadKind {
    Service,
    Consumer,
    Schedule,
}

#[derive(Debug, Deserialize)]
struct Edge {
    function: String,
    resource: Resource,
}

#[derive(Debug, Deserialize)]
struct Resource {
    kind: ResourceKind,
    name: String,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum ResourceKind {
    Queue,
    Cache,
}

/// What a pod runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Runs {
    /// A workload of the graph.
    Workload(Workload),
    /// What makes the streams and consumers.
    Provision,
}

/// Which servers a pod needs, and what for, as the end of a sentence about it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Needs {
    pub(super) nats: Option<String>,
    pub(super) valkey: Option<String>,
}

impl Runs {
    /// What `CLOUDC_WORKLOAD` calls it.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Workload(workload) => &workload.name,
            Self::Provision => names::PROVISION,
        }
    }
}

impl Graph {
    pub(super) fn parse(json: &str) -> Result<Self, String> {
        serde_json::from_str(json).map_err(|error| {
            format!(
                "this version cannot read the graph.json that this program was built with: {error}"
            )
        })
    }

    /// What the environment asks for.
    pub(super) fn runs(&self, name: Option<&str>) -> Result<Runs, String> {
        let provision = (!self.queues.is_empty()).then_some(names::PROVISION);
        let known = || {
            let workloads = self.workloads.iter().map(|workload| &*workload.name);
            let names: Vec<_> = workloads.chain(provision).collect();
            names.join(", ")
        };
        let name = name
            .filter(|name| !name.is_empty())
            .ok_or_else(|| format!("CLOUDC_WORKLOAD is not set; set it to one of: {}", known()))?;
        if provision == Some(name) {
            return Ok(Runs::Provision);
        }
        let found = self.workloads.iter().find(|workload| workload.name == name);
        found.cloned().map(Runs::Workload).ok_or_else(|| {
            format!(
                "there is no workload `{name}`, as CLOUDC_WORKLOAD says; there are: {}",
                known()
            )
        })
    }

    /// The servers that it needs.
    pub(super) fn needs(&self, runs: &Runs) -> Needs {
        let workload = match runs {
            Runs::Provision => {
                return Needs {
                    nats: Some("makes the streams of the queues".to_owned()),
                    valkey: None,
                };
            }
            Runs::Workload(workload) => workload,
        };
        let uses = |kind| {
            let edge = self.edges.iter().find(|edge| {
                edge.resource.kind == kind && workload.functions.contains(&edge.function)
            })?;
            let what = match kind {
                ResourceKind::Queue => "queue",
                ResourceKind::Cache => "cache",
            };
            Some(format!("uses the {what} `{}`", edge.resource.name))
        };
        let consumes = (workload.kind == WorkloadKind::Consumer)
            .then(|| "takes its messages from a queue".to_owned());
        Needs {
            nats: consumes.or_else(|| uses(ResourceKind::Queue)),
            valkey: uses(ResourceKind::Cache),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const JSON: &str = r#"{
        "version": 1,
        "app": "shop",
        "functions": [{"name": "place-order", "path": "shop::place_order", "doc": ""}],
        "workloads": [
            {"name": "shop", "kind": "service", "functions": ["place-order"]},
            {"name": "charge", "kind": "consumer", "functions": ["charge"]},
            {"name": "report", "kind": "schedule", "functions": ["report"]}
        ],
        "queues": [{"name": "orders", "path": "shop::ORDERS"}],
        "edges": [
            {"function": "place-order", "operation": "send", "resource": {"kind": "queue", "name": "orders"}},
            {"function": "place-order", "operation": "read", "resource": {"kind": "cache", "name": "stock"}}
        ]
    }"#;

    pub(in crate::shim) fn graph() -> Graph {
        Graph::parse(JSON).expect("a graph")
    }

    #[test]
    fn finds_a_workload() {
        let graph = graph();
        assert_eq!(graph.runs(Some("provision")), Ok(Runs::Provision));
        assert_eq!(graph.runs(Some("shop")).expect("a workload").name(), "shop");
        assert_eq!(
            graph.runs(Some("shpo")).expect_err("no workload"),
            "there is no workload `shpo`, as CLOUDC_WORKLOAD says; there are: shop, charge, report, provision"
        );
        for nothing in [None, Some("")] {
            assert_eq!(
                graph.runs(nothing).expect_err("no name"),
                "CLOUDC_WORKLOAD is not set; set it to one of: shop, charge, report, provision"
            );
        }
    }

    #[test]
    fn needs_follow_from_edges() {
        let needs = |name| {
            let graph = graph();
            let needs = graph.needs(&graph.runs(Some(name)).expect("a workload"));
            (needs.nats, needs.valkey)
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            needs("shop"),
            (
                some("uses the queue `orders`"),
                some("uses the cache `stock`")
            )
        );
        assert_eq!(
            needs("charge"),
            (some("takes its messages from a queue"), None)
        );
        assert_eq!(needs("report"), (None, None));
    }

    #[test]
    fn no_graph() {
        let error = Graph::parse("{}").expect_err("no graph");
        assert!(error.contains("missing field `functions`"), "{error}");
    }
}
