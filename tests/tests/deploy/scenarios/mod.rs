//! Deploys of the shop: what a person sees, and what the cluster has afterwards.

mod application;
mod canary;
mod credentials;
mod cut;
mod desk;
mod destroy;
mod diff;
mod first;
mod hanging;
mod lock;
mod program;
mod prune;
mod pushed;
mod refused;
mod rollback;
mod terminal;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cloudc_compiler::cluster::{self, Event, Options, Outcome, Problems};
use cloudc_compiler::release::Release;
use serde_json::Value;

use crate::apiserver::{Cluster, Entry};

use application::Shop;

/// What was told during a deploy.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<Event>>>);

impl Told {
    fn hear(&self, event: Event) {
        self.0.lock().expect("nobody panics in it").push(event);
    }

    /// All of it, as lines.
    fn text(&self) -> String {
        let events = self.0.lock().expect("nobody panics in it");
        let lines = events.iter().map(|event| match event {
            Event::Done(line) => format!("{line}\n"),
            Event::Warning(warning) => format!("warning: {}\n", warning.message),
            Event::States(rows) => rows.iter().map(|row| format!("{row}\n")).collect(),
        });
        lines.collect()
    }
}

/// A cluster where everything comes up by itself; none, with a note, without the schemas.
fn place() -> Option<Cluster> {
    Cluster::builder().auto_settle().start()
}

fn options() -> Options {
    Options {
        holder: "somebody@here".to_owned(),
        ..Options::default()
    }
}

/// Does not wait as long as a person would.
fn hasty() -> Options {
    Options {
        timeout: Duration::from_secs(20),
        ..options()
    }
}

async fn deploy(cluster: &Cluster, release: &Release) -> Result<Outcome, Problems> {
    deploy_with(cluster, release, &options(), &Told::default()).await
}

async fn deploy_with(
    cluster: &Cluster,
    release: &Release,
    options: &Options,
    told: &Told,
) -> Result<Outcome, Problems> {
    let tell = |event| told.hear(event);
    cluster::deploy(&cluster.client(), release, None, options, &tell).await
}

/// What is wrong, as lines of code and message.
fn words(problems: &Problems) -> String {
    let lines = problems.iter().map(|problem| {
        let help = problem.help.as_deref().unwrap_or_default();
        format!("{} {}\n  {help}\n", problem.code, problem.message)
    });
    lines.collect()
}

/// The requests that changed something, as lines, without those about the Lease.
fn writes(cluster: &Cluster) -> Vec<String> {
    let history = cluster.history();
    let writes = history
        .iter()
        .filter(|entry| entry.writes() && !is_lease(entry));
    writes.map(Entry::line).collect()
}

fn is_lease(entry: &Entry) -> bool {
    entry.path.contains("/leases")
}

/// Every object of the application's namespace, as far as deploys write it: without those of controllers, and without what
/// differs from run to run.
fn everything(cluster: &Cluster) -> Vec<Value> {
    let kinds = [
        ("v1", "ConfigMap"),
        ("v1", "Secret"),
        ("v1", "Service"),
        ("v1", "ServiceAccount"),
        ("apps/v1", "Deployment"),
        ("apps/v1", "StatefulSet"),
        ("batch/v1", "CronJob"),
        ("batch/v1", "Job"),
        ("networking.k8s.io/v1", "NetworkPolicy"),
        ("policy/v1", "PodDisruptionBudget"),
        ("serving.knative.dev/v1", "Service"),
        ("keda.sh/v1alpha1", "ScaledObject"),
    ];
    let objects = kinds
        .iter()
        .flat_map(|(version, kind)| cluster.list(version, kind, "shop"));
    objects
        .filter(|object| object["metadata"]["ownerReferences"].is_null())
        .map(|mut object| {
            if let Some(metadata) = object["metadata"].as_object_mut() {
                for volatile in [
                    "uid",
                    "resourceVersion",
                    "creationTimestamp",
                    "managedFields",
                    "generation",
                ] {
                    metadata.remove(volatile);
                }
                if let Some(annotations) = metadata
                    .get_mut("annotations")
                    .and_then(Value::as_object_mut)
                {
                    annotations.remove("cloudc.dev/time");
                }
            }
            for volatile in ["status", "data"] {
                if let Some(object) = object.as_object_mut() {
                    object.remove(volatile);
                }
            }
            if object["kind"] == "Job" {
                // The server marks a Job's pods with its uid.
                object["spec"]["selector"] = Value::Null;
                object["spec"]["template"]["metadata"]["labels"] = Value::Null;
            }
            if let Some(spec) = object["spec"].as_object_mut() {
                spec.remove("clusterIP");
                spec.remove("clusterIPs");
            }
            object
        })
        .collect()
}

/// Objects, by what they are and their text, so that a difference can be read.
#[track_caller]
fn assert_same(found: Vec<Value>, expected: Vec<Value>, when: &str) {
    let by_name = |objects: Vec<Value>| -> std::collections::BTreeMap<String, Value> {
        let name = |object: &Value| format!("{} {}", object["kind"], object["metadata"]["name"]);
        objects
            .into_iter()
            .map(|object| (name(&object), object))
            .collect()
    };
    let (found, expected) = (by_name(found), by_name(expected));
    for name in found.keys().chain(expected.keys()) {
        assert_eq!(found.get(name), expected.get(name), "{name} {when}");
    }
}

/// The names of the objects of a kind.
fn names(cluster: &Cluster, version: &str, kind: &str) -> Vec<String> {
    let objects = cluster.list(version, kind, "shop");
    let mut names: Vec<String> = objects
        .iter()
        .map(|object| {
            object["metadata"]["name"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        })
        .collect();
    names.sort();
    names
}

/// The shop, as its source is.
fn shop() -> Shop {
    Shop::read()
}
