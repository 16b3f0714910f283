//! What a deploy applies: the objects of a build's tree, and what it takes to apply them again later.
//!
//! Pure. A release is kept in the cluster as JSON, so that `cloudc rollback` needs no source.

mod canary;
mod key;
mod lowered;
mod phase;
mod retired;
mod revision;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::config::{Permissions, Settings};
use crate::graph::Graph;
use crate::lower::secrets::{self, Expected};
use crate::lower::{Manifest, Object, permissions};

pub use canary::{Share, canary};
pub use key::Key;
pub use lowered::Source;
pub use phase::Phase;
pub use retired::retired;
pub use revision::{all_to_the_latest, revision_name};

/// An application as it is deployed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Release {
    /// The application's name.
    pub app: String,
    /// Its namespace.
    pub namespace: String,
    /// The environment of `cloudc.toml`; `default` where none was chosen.
    pub environment: String,
    /// The image of every workload, by digest.
    pub image: String,
    /// The document of `graph.json`.
    pub graph: Value,
    /// What its users may do at the servers: a canary must not take it from them.
    pub permissions: Permissions,
    /// The Secrets that the objects refer to. Never their contents.
    pub secrets: Vec<Expected>,
    /// Queues that left the graph, and whose messages are still kept.
    #[serde(default)]
    pub retired: Vec<String>,
    /// Where queues are retired: the fingerprint of the same application without that. See [`origin`](Release::origin).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// The Kubernetes objects, each whole, in the order of the manifests.
    pub objects: Vec<Value>,
}

impl Release {
    /// The release of a tree. `graph_json` is the text of `graph.json`.
    ///
    /// # Errors
    ///
    /// An object that is no JSON: a bug.
    pub fn new(
        graph: &Graph,
        graph_json: &str,
        settings: &Settings,
        environment: &str,
        manifests: &[Manifest],
    ) -> Result<Self, serde_json::Error> {
        let objects = manifests.iter().flat_map(|manifest| &manifest.objects);
        let objects = objects.filter(|object| !matches!(object, Object::Kustomization(_)));
        Ok(Self {
            app: graph.app.clone(),
            namespace: settings.namespace(&graph.app).to_owned(),
            environment: environment.to_owned(),
            image: settings.image(&graph.app),
            graph: serde_json::from_str(graph_json)?,
            permissions: permissions::all(graph),
            secrets: secrets::secrets(graph, settings),
            retired: Vec::new(),
            origin: None,
            objects: objects
                .map(|object| serde_json::to_value(object).map(all_to_the_latest))
                .collect::<Result<_, _>>()?,
        })
    }

    /// What tells this release from every other: a hash of all that is in it.
    pub fn fingerprint(&self) -> String {
        let text = serde_json::to_vec(self).unwrap_or_default();
        blake3::hash(&text).to_hex().to_string()
    }

    /// What tells this application from another one, whatever was there before it: the same source, settings and image have the same
    /// origin, though more queues may have left when they are deployed a second time.
    pub fn origin(&self) -> String {
        let origin = self.origin.clone();
        origin.unwrap_or_else(|| self.fingerprint())
    }

    /// The same application, as one that has left these queues behind.
    #[must_use]
    pub fn giving_up(mut self, retired: Vec<String>) -> Self {
        if retired != self.retired {
            self.origin = Some(self.origin());
            self.retired = retired;
        }
        self
    }

    /// The same application, brought back: nothing is deleted that is not named again.
    #[must_use]
    pub fn brought_back(mut self) -> Self {
        let origin = self.origin();
        let objects = self.objects.iter().cloned();
        let objects: Vec<Value> = objects.map(retired::with_messages_kept).collect();
        if objects != self.objects {
            self.objects = objects;
            self.origin = Some(origin);
        }
        self
    }

    /// The keys of the objects.
    pub fn keys(&self) -> impl Iterator<Item = Key> {
        self.objects.iter().map(Key::of)
    }

    /// The kind and name of everything that belongs to it in the cluster: its objects and its Secrets.
    pub fn belongings(&self) -> BTreeSet<(String, String)> {
        let secrets = self.secrets.iter();
        let secrets = secrets.map(|secret| ("Secret".to_owned(), secret.name.clone()));
        let objects = self.keys().map(|key| (key.group_kind(), key.name));
        objects.chain(secrets).collect()
    }

    /// The function that consumes each of the graph's queues, by the queue's name. None that has no consumer.
    pub fn consumers(&self) -> BTreeMap<&str, &str> {
        let functions = self.graph.get("functions").and_then(Value::as_array);
        let functions = functions.into_iter().flatten();
        functions
            .filter_map(|function| {
                let queue = function.pointer("/trigger/queue")?.as_str()?;
                Some((queue, function.get("name")?.as_str()?))
            })
            .collect()
    }

    /// The names of the graph's queues.
    pub fn queues(&self) -> impl Iterator<Item = &str> {
        let queues = self.graph.get("queues").and_then(Value::as_array);
        let queues = queues.into_iter().flatten();
        queues.filter_map(|queue| queue.get("name")?.as_str())
    }
}
