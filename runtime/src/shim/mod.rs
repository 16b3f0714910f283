//! The program that runs an application. The compiler writes its `main`, which is one call of
//! [`main`] with the application's graph.

mod compare;
mod graph;
mod serve;

use std::process::ExitCode;

use graph::{Graph, WorkloadKind};

use crate::registry::functions;

/// Runs the workload that `CLOUDC_WORKLOAD` names, after a look whether the handlers in this program
/// are those of the graph. With the argument `--check` that look is all it does.
///
/// `graph_json` is the `graph.json` that the compiler wrote. An HTTP service answers on `PORT`, 8080 by
/// default, its own routes and `/.cloudc/healthz` and `/.cloudc/readyz`, until SIGTERM.
///
/// What goes wrong is told on standard error, with exit code 1.
pub fn main(graph_json: &str) -> ExitCode {
    let check_only = std::env::args()
        .skip(1)
        .any(|argument| argument == "--check");
    let workload = std::env::var("CLOUDC_WORKLOAD").ok();
    match run(graph_json, check_only, workload.as_deref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("cloudc: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn run(graph_json: &str, check_only: bool, workload: Option<&str>) -> Result<(), String> {
    let graph = Graph::parse(graph_json)?;
    compare::compare(&graph, &functions())?;
    if check_only {
        return Ok(());
    }
    let workload = graph.workload(workload)?;
    match workload.kind {
        WorkloadKind::Service => serve::serve(&workload.functions),
        WorkloadKind::Consumer => Err(format!(
            "the workload `{}` consumes a queue, which this version of cloudc cannot run yet",
            workload.name
        )),
        WorkloadKind::Schedule => Err(format!(
            "the workload `{}` runs on a schedule, which this version of cloudc cannot run yet",
            workload.name
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// These tests have no handlers, so the graph has none either.
    const GRAPH: &str = r#"{
        "functions": [],
        "workloads": [
            {"name": "charge", "kind": "consumer", "functions": []},
            {"name": "refresh", "kind": "schedule", "functions": []}
        ]
    }"#;

    #[test]
    fn what_it_cannot_run_yet() {
        assert_eq!(
            run(GRAPH, false, Some("charge")).expect_err("a consumer"),
            "the workload `charge` consumes a queue, which this version of cloudc cannot run yet"
        );
        assert_eq!(
            run(GRAPH, false, Some("refresh")).expect_err("a schedule"),
            "the workload `refresh` runs on a schedule, which this version of cloudc cannot run yet"
        );
    }

    #[test]
    fn only_a_look() {
        assert_eq!(run(GRAPH, true, None), Ok(()));
        let other = r#"{"workloads": [], "functions": [{"name": "a", "path": "b::a"}]}"#;
        assert!(run(other, true, None).is_err());
    }
}
