//! The program of a pod. The compiler writes its `main`, which is one call of [`main`] with the application's graph.
//!
//! ```text
//! environment ── config ── backends ──┬── service    answers HTTP
//!                                     ├── consumer   takes messages of one queue
//!                                     ├── schedule   runs once
//!                                     └── provision  makes the streams, and deletes those of queues that are gone
//! signals ── shutdown: unready, no new work, finish, flush, leave
//! ```

mod backends;
mod compare;
mod config;
mod connection;
mod consumer;
mod graph;
mod health;
mod pod;
mod provision;
mod pulse;
mod retired;
mod schedule;
mod server;
mod service;
mod shutdown;

use std::process::ExitCode;
use std::time::Duration;

use config::Config;
use graph::{Graph, Runs, WorkloadKind};
use pod::Pod;
use shutdown::Shutdown;

use crate::app::App;
use crate::registry::{functions, resources};
use crate::telemetry;

/// Runs the workload that `CLOUDC_WORKLOAD` names, after a look whether the handlers in this program
/// are those of the graph. With the argument `--check` that look is all it does.
///
/// `graph_json` is the `graph.json` that the compiler wrote. A pod that stays answers on `PORT`, 8080 by
/// default, `/.cloudc/healthz` and `/.cloudc/readyz`, and a service its own routes. At SIGTERM it is unready, takes no
/// new work, finishes what it has begun and gives back the rest, all within its handlers' timeout and ten seconds.
///
/// What goes wrong is told on standard error, with exit code 1.
pub fn main(graph_json: &str) -> ExitCode {
    let check_only = std::env::args()
        .skip(1)
        .any(|argument| argument == "--check");
    match run(graph_json, check_only) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("cloudc: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn run(graph_json: &str, check_only: bool) -> Result<(), String> {
    let graph = Graph::parse(graph_json)?;
    compare::compare(&graph, &functions(), &resources())?;
    if check_only {
        return Ok(());
    }
    if let Some(fault) = App::linked().faults.first() {
        return Err(fault.clone());
    }
    let config = Config::read(&graph, |name| std::env::var(name).ok())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start the threads of the program: {error}"))?;
    let telemetry = telemetry::start(&graph.app, config.runs.name())?;
    // Else it would be lines of text between those of JSON. A text that was put together may show what is in a message, as that of
    // an `unwrap` does.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let text = panic.payload().downcast_ref::<&'static str>();
        tracing::error!(place, text, "a panic");
    }));
    let ended = runtime.block_on(live(&graph.app, &config));
    // A task of the application's that blocks its thread is not waited for.
    runtime.shutdown_timeout(Duration::ZERO);
    drop(telemetry);
    ended
}

async fn live(app: &str, config: &Config) -> Result<(), String> {
    let shutdown = Shutdown::on_signals()
        .map_err(|error| format!("cannot listen to the signals of the system: {error}"))?;
    let pod = Pod {
        app,
        config,
        shutdown,
    };
    match &config.runs {
        Runs::Provision => provision::run(&pod).await,
        Runs::Workload(workload) => match workload.kind {
            WorkloadKind::Service => service::run(&pod).await,
            WorkloadKind::Consumer => consumer::run(&pod).await,
            WorkloadKind::Schedule => schedule::run(&pod).await,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_look() {
        // These tests have no handlers, so the graph has none either.
        let own = r#"{"workloads": [], "functions": []}"#;
        assert_eq!(run(own, true), Ok(()));
        let other = r#"{"workloads": [], "functions": [{"name": "a", "path": "b::a"}]}"#;
        assert!(run(other, true).is_err());
    }
}
