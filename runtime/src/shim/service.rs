//! An HTTP service.

use std::sync::Arc;

use super::health::Health;
use super::pod::{Pod, close};
use super::server::Server;
use crate::app::App;
use crate::gate::Gate;
use crate::router::{Limits, routes};
use crate::telemetry::Watched;

/// What becomes of a client that reads nothing, and of a handler that does not end.
const OVER: &str = "the grace period is over; requests that still run are given up";

/// Answers until the shutdown. Until the servers are there that it needs, it is not ready.
pub(super) async fn run(pod: &Pod<'_>) -> Result<(), String> {
    let workload = pod.linked()?;
    let functions = &App::linked().functions;
    let names: Vec<_> = workload
        .functions
        .iter()
        .filter_map(|index| Some(functions.get(*index)?.name))
        .collect();
    let limits = Limits {
        timeout: workload.timeout,
        gate: Some(Arc::new(Gate::new(workload.concurrency))),
    };
    let health = Health::new(pod.shutdown.clone());
    let routes = routes(&names, &limits, &Watched).merge(health.routes());
    let server = Server::bind(pod.config.port).await?;
    let serving = server.serve(routes, pod.shutdown.clone());
    tokio::pin!(serving);
    let connected = tokio::select! {
        // It was told to leave before it could do anything.
        () = &mut serving => return Ok(()),
        () = pod.shutdown.is_over(workload.timeout) => return Err(OVER.to_owned()),
        connected = pod.connect() => connected?,
    };
    health.connected(connected.connections.clone());
    let ended = tokio::select! {
        () = serving => Ok(()),
        () = pod.shutdown.is_over(workload.timeout) => {
            Err(OVER.to_owned())
        }
    };
    close(&connected).await;
    ended
}
