//! Which objects are the application's: the labels and the list of an ApplySet (KEP-3659), so that what left the graph is found
//! again, and nothing else is.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::BASE64URL_NOPAD;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{ApiResource, DynamicObject, ListParams, Patch, PatchParams, TypeMeta};
use kube::{Api, Client, ResourceExt as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::diagnostic::Diagnostic;
use crate::release::Key;

use super::apis::Apis;
use super::failure::failed;
use super::request::patiently;

/// The field manager of all that cloudc writes.
pub(super) const MANAGER: &str = "cloudc";
/// The label of a member: the set that it is of.
pub(super) const PART_OF: &str = "applyset.kubernetes.io/part-of";
const ID: &str = "applyset.kubernetes.io/id";
const TOOLING: &str = "applyset.kubernetes.io/tooling";
const KINDS: &str = "applyset.kubernetes.io/contains-group-kinds";

/// The set of one application: its parent object, in the application's namespace.
pub(super) struct Members {
    parent: String,
    namespace: String,
    id: String,
}

/// Whether an object is a member. The namespace is none: an application lives in it, and need not own it.
pub(super) fn is_one(key: &Key) -> bool {
    key.namespace.is_some()
}

impl Members {
    pub(super) fn new(app: &str, namespace: &str) -> Self {
        let parent = format!("cloudc-{app}");
        // The core group's name is empty, so the text ends with a dot.
        let hash = Sha256::digest(format!("{parent}.{namespace}.ConfigMap."));
        Self {
            id: format!("applyset-{}-v1", BASE64URL_NOPAD.encode(&hash)),
            namespace: namespace.to_owned(),
            parent,
        }
    }

    /// An object as a member.
    pub(super) fn label(&self, object: &mut Value) {
        object["metadata"]["labels"][PART_OF] = Value::String(self.id.clone());
    }

    /// The kinds that the set may have, as its parent lists them; nothing if there is no parent.
    pub(super) async fn kinds(&self, client: &Client) -> Result<BTreeSet<String>, Diagnostic> {
        let parents: Api<ConfigMap> = Api::namespaced(client.clone(), &self.namespace);
        let found = patiently(|| parents.get_opt(&self.parent)).await;
        let found = found
            .map_err(|error| failed("cannot read which objects are the application's", &error))?;
        let list = found.and_then(|parent| parent.annotations().get(KINDS).cloned());
        let list = list.unwrap_or_default();
        let kinds = list.split(',').filter(|kind| !kind.is_empty());
        Ok(kinds.map(str::to_owned).collect())
    }

    /// Writes the parent. Kinds go onto the list before their first object is there, and leave it after their last one has gone.
    pub(super) async fn note(
        &self,
        client: &Client,
        kinds: &BTreeSet<String>,
    ) -> Result<(), Diagnostic> {
        let parents: Api<ConfigMap> = Api::namespaced(client.clone(), &self.namespace);
        let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
        let parent = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": self.parent,
                "labels": {ID: self.id, "app.kubernetes.io/managed-by": "cloudc"},
                "annotations": {
                    TOOLING: concat!("cloudc/v", env!("CARGO_PKG_VERSION")),
                    KINDS: kinds.join(","),
                },
            },
        });
        let parameters = PatchParams::apply(MANAGER).force();
        patiently(async || {
            parents
                .patch(&self.parent, &parameters, &Patch::Apply(&parent))
                .await
        })
        .await
        .map(drop)
        .map_err(|error| failed("cannot write the list of the application's objects", &error))
    }

    /// Every member of these kinds that the cluster has. What a controller made of a member is none, though it has the label too:
    /// Knative gives a service's labels to the Kubernetes Services of its routes, KEDA a ScaledObject's to its autoscaler.
    pub(super) async fn all(
        &self,
        apis: &Apis,
        kinds: &BTreeSet<String>,
    ) -> Result<BTreeMap<Key, DynamicObject>, Diagnostic> {
        let mut members = BTreeMap::new();
        let selector = ListParams::default().labels(&format!("{PART_OF}={}", self.id));
        for kind in kinds {
            // A kind whose CRD is gone took its objects along.
            let Some(resource) = apis.of_group_kind(kind) else {
                continue;
            };
            let api = apis.all(resource, &self.namespace);
            let found = patiently(|| api.list(&selector)).await;
            let found = found
                .map_err(|error| failed(&format!("cannot list {}", resource.plural), &error))?;
            let own = found
                .items
                .into_iter()
                .filter(|object| object.owner_references().is_empty());
            members.extend(own.map(|mut object| {
                // The items of a list do not say what they are, but for those of CustomResourceDefinitions.
                object.types = Some(TypeMeta {
                    api_version: resource.api_version.clone(),
                    kind: resource.kind.clone(),
                });
                (key(resource, &object), object)
            }));
        }
        Ok(members)
    }

    /// The selector of what is no member.
    pub(super) fn others(&self) -> String {
        format!("{PART_OF}!={}", self.id)
    }

    /// The parent's name.
    pub(super) fn parent(&self) -> &str {
        &self.parent
    }
}

fn key(resource: &ApiResource, object: &DynamicObject) -> Key {
    Key {
        api_version: resource.api_version.clone(),
        kind: resource.kind.clone(),
        namespace: object.namespace(),
        name: object.name_any(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_the_one_that_kubectl_computes() {
        // `printf 'cloudc-shop.shop.ConfigMap.' | openssl dgst -sha256 -binary | base64 | tr '+/' '-_' | tr -d =`
        let members = Members::new("shop", "shop");
        assert_eq!(
            members.id,
            "applyset-WbOKi2WZ_m8IlvUyo2uzNmjXOgSdvc2UPJslHJWXhXU-v1"
        );
        assert!(members.id.len() <= 63, "a label's value");
    }
}
