//! From the graph to Kubernetes objects, one file of them per workload or server.
//!
//! Pure: the same graph and settings give the same objects, in the same order.
//!
//! What a pod is told, and the runtime relies on:
//!
//! | variable | meaning |
//! | --- | --- |
//! | `CLOUDC_WORKLOAD` | the workload that this pod is; `provision` for the provisioner |
//! | `CLOUDC_RETIRED` | for the provisioner alone: the queues that left the graph, as `orders:dead,parcels:delete`. With `:dead` one has a stream of dead letters too; with `:delete` its streams go with all that is in them, else once they are empty |
//! | `CLOUDC_NATS_URL` | `nats://host:port` or `tls://host:port`; only where an edge needs the broker |
//! | `CLOUDC_NATS_CREDENTIALS` | a folder with the file `seed` (an nkey). A broker that was there already may have `creds`, `token`, or `user` and `password` instead |
//! | `CLOUDC_VALKEY_URL` | `redis://host:port` or `rediss://host:port`; only where an edge needs a cache |
//! | `CLOUDC_VALKEY_CREDENTIALS` | a folder with the files `username` and `password` |
//!
//! A pod that stays answers on port 8080: requests if it is a service, and for every kind `/.cloudc/readyz` and
//! `/.cloudc/healthz`. Only `/tmp` can be written to.

mod account;
mod autoscaler;
mod check;
mod comment;
mod consumer;
mod context;
mod deployment;
mod disruption;
mod harden;
pub mod keda;
pub mod knative;
pub mod kustomization;
mod links;
pub mod names;
mod namespace;
mod nats;
mod nats_accounts;
mod nats_conf;
mod network;
mod object;
pub mod permissions;
mod pod;
mod provision;
mod resources;
mod retired;
mod schedule;
pub mod secrets;
mod server;
mod service;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod users;
mod valkey;

use crate::config::Settings;
use crate::diagnostic::Diagnostic;
use crate::graph::{Graph, WorkloadKind};

use context::Context;
pub use object::{Manifest, Object};

/// Lowers an application.
///
/// The manifests come in the order in which a reader wants them: the namespace, the servers, the
/// provisioner, the workloads by name, and last the kustomization that lists them.
///
/// # Errors
///
/// What the settings and the graph don't give each other: a sandbox that the target hasn't, a broker that KEDA
/// can't see, an egress rule for a function that is not there. All of it.
pub fn lower(graph: &Graph, settings: &Settings) -> Result<Vec<Manifest>, Vec<Diagnostic>> {
    let cx = Context { graph, settings };
    let problems = check::check(cx);
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut manifests = vec![namespace::manifest(cx)];
    manifests.extend(nats::manifest(cx));
    manifests.extend(valkey::manifest(cx));
    manifests.extend(provision::manifest(cx));
    manifests.extend(cx.workloads().map(|(id, workload)| match workload.kind {
        WorkloadKind::Service => service::manifest(cx, id, workload),
        WorkloadKind::Consumer => consumer::manifest(cx, id, workload),
        WorkloadKind::Schedule => schedule::manifest(cx, id, workload),
    }));
    manifests.push(kustomization::manifest(cx, &manifests));
    Ok(manifests)
}
