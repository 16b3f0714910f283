//! What the shim needs to know of `graph.json`; it passes over the rest.

use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(super) struct Graph {
    pub(super) functions: Vec<Function>,
    workloads: Vec<Workload>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) path: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Workload {
    pub(super) name: String,
    pub(super) kind: WorkloadKind,
    /// Names of functions.
    pub(super) functions: Vec<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum WorkloadKind {
    Service,
    Consumer,
    Schedule,
}

impl Graph {
    pub(super) fn parse(json: &str) -> Result<Self, String> {
        serde_json::from_str(json).map_err(|error| {
            format!(
                "this version cannot read the graph.json that this program was built with: {error}"
            )
        })
    }

    /// The workload with this name, which the environment gives.
    pub(super) fn workload(&self, name: Option<&str>) -> Result<&Workload, String> {
        let known = || {
            let names: Vec<_> = self
                .workloads
                .iter()
                .map(|workload| &*workload.name)
                .collect();
            names.join(", ")
        };
        let name = name
            .ok_or_else(|| format!("CLOUDC_WORKLOAD is not set; set it to one of: {}", known()))?;
        let found = self.workloads.iter().find(|workload| workload.name == name);
        found.ok_or_else(|| {
            format!(
                "there is no workload `{name}`, as CLOUDC_WORKLOAD says; there are: {}",
                known()
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{
        "version": 1,
        "functions": [{"name": "place-order", "path": "shop::place_order", "doc": ""}],
        "workloads": [
            {"name": "shop", "kind": "service", "functions": ["place-order"]},
            {"name": "charge", "kind": "consumer", "functions": []}
        ]
    }"#;

    #[test]
    fn finds_a_workload() {
        let graph = Graph::parse(JSON).expect("a graph");
        assert_eq!(
            graph.workload(Some("shop")).expect("a workload").functions,
            ["place-order"]
        );
        assert_eq!(
            graph.workload(Some("shpo")).expect_err("no workload"),
            "there is no workload `shpo`, as CLOUDC_WORKLOAD says; there are: shop, charge"
        );
        assert_eq!(
            graph.workload(None).expect_err("no name"),
            "CLOUDC_WORKLOAD is not set; set it to one of: shop, charge"
        );
    }

    #[test]
    fn no_graph() {
        let error = Graph::parse("{}").expect_err("no graph");
        assert!(error.contains("missing field `functions`"), "{error}");
    }
}
