//! Which objects are the application's: the labels and the list of an ApplySet (KEP-3659), so that what left the graph is found
//! again, and nothing else is.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::BASE64URL_NOPAD;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{ApiResource, DynamicObject, ListParams, Patch, PatchParams, TypeMeta};
use kube::{Api, Client, ResourceExt as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::release::Key;

use super::apis::Apis;
use super::failure::failed;
use super::request::patiently;
use super::{MANAGER, Problems, history};

/// The label of a member: the set that it is of.
pub(super) const PART_OF: &str = "applyset.kubernetes.io/part-of";
const ID: &str = "applyset.kubernetes.io/id";
const TOOLING: &str = "applyset.kubernetes.io/tooling";
const KINDS: &str = "applyset.kubernetes.io/contains-group-kinds";

/// The set of one application: its parent object, in the application's namespace.
pub(super) struct Members {
    app: String,
    parent: String,
    namespace: String,
    id: String,
}

/// Every kind that cloudc has ever applied, by its version.
const EVERY: [(&str, &[&str]); 8] = [
    ("v1", &["ConfigMap", "Secret", "Service", "ServiceAccount"]),
    ("apps/v1", &["Deployment", "StatefulSet"]),
    ("autoscaling/v2", &["HorizontalPodAutoscaler"]),
    ("batch/v1", &["CronJob", "Job"]),
    ("networking.k8s.io/v1", &["NetworkPolicy"]),
    ("policy/v1", &["PodDisruptionBudget"]),
    ("serving.knative.dev/v1", &["Service"]),
    ("keda.sh/v1alpha1", &["ScaledObject"]),
];

/// The kinds of members, as far as the cluster serves them.
pub(super) async fn apis(client: &Client) -> Result<Apis, Problems> {
    let versions = EVERY.map(|(version, _)| version.to_owned());
    Apis::discover_some(client, versions.into()).await
}

/// Whether an object is a member. The namespace is none: an application lives in it, and need not own it.
pub(super) fn is_one(key: &Key) -> bool {
    key.namespace.is_some()
}

/// The kinds of objects that are members.
pub(super) fn kinds_of(objects: &[Value]) -> BTreeSet<String> {
    let keys = objects.iter().map(Key::of).filter(is_one);
    let mut kinds: BTreeSet<String> = keys.map(|key| key.group_kind()).collect();
    kinds.insert("Secret".to_owned());
    kinds
}

impl Members {
    pub(super) fn new(app: &str, namespace: &str) -> Self {
        let parent = format!("cloudc-{app}");
        // The core group's name is empty, so the text ends with a dot.
        let hash = Sha256::digest(format!("{parent}.{namespace}.ConfigMap."));
        Self {
            id: format!("applyset-{}-v1", BASE64URL_NOPAD.encode(&hash)),
            app: app.to_owned(),
            namespace: namespace.to_owned(),
            parent,
        }
    }

    /// An object as a member.
    pub(super) fn label(&self, object: &mut Value) {
        object["metadata"]["labels"][PART_OF] = Value::String(self.id.clone());
    }

    /// The kinds that the set may have, as its parent lists them. Where somebody deleted the parent, those of the releases that are
    /// kept; none before the first deploy.
    pub(super) async fn kinds(&self, client: &Client) -> Result<BTreeSet<String>, Diagnostic> {
        let parents: Api<ConfigMap> = Api::namespaced(client.clone(), &self.namespace);
        let found = patiently(|| parents.get_opt(&self.parent)).await;
        let found = found
            .map_err(|error| failed("cannot read which objects are the application's", &error))?;
        let list = found.and_then(|parent| parent.annotations().get(KINDS).cloned());
        let Some(list) = list else {
            let records = history::records(client, &self.app, &self.namespace).await?;
            let releases = records.iter().map(|record| &record.release.objects);
            return Ok(releases.flat_map(|objects| kinds_of(objects)).collect());
        };
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
        for kind in kinds {
            // A kind whose CRD is gone took its objects along.
            if let Some(resource) = apis.of_group_kind(kind) {
                members.extend(self.of(apis, resource).await?);
            }
        }
        Ok(members)
    }

    /// As [`Self::all`], and of every kind that cloudc knows: a list that somebody deleted, and that was begun anew, is not all.
    pub(super) async fn everywhere(
        &self,
        apis: &Apis,
        kinds: &BTreeSet<String>,
    ) -> Result<BTreeMap<Key, DynamicObject>, Diagnostic> {
        let mut members = self.all(apis, kinds).await?;
        let listed: Vec<_> = kinds
            .iter()
            .filter_map(|kind| apis.of_group_kind(kind))
            .collect();
        let every = EVERY
            .iter()
            .flat_map(|(version, kinds)| kinds.iter().map(move |kind| (version, kind)));
        let served = every.filter_map(|(version, kind)| apis.resource(version, kind));
        for resource in served.filter(|resource| !listed.contains(resource)) {
            match self.of(apis, resource).await {
                Ok(found) => members.extend(found),
                // Who may not see them has made none.
                Err(problem) if problem.code == codes::CLUSTER_DENIED => {}
                Err(problem) => return Err(problem),
            }
        }
        Ok(members)
    }

    /// The members of a kind.
    async fn of(
        &self,
        apis: &Apis,
        resource: &ApiResource,
    ) -> Result<Vec<(Key, DynamicObject)>, Diagnostic> {
        let selector = ListParams::default().labels(&format!("{PART_OF}={}", self.id));
        let api = apis.all(resource, &self.namespace);
        let found = patiently(|| api.list(&selector)).await;
        let found =
            found.map_err(|error| failed(&format!("cannot list {}", resource.plural), &error))?;
        let own = found
            .items
            .into_iter()
            .filter(|object| object.owner_references().is_empty());
        let named = own.map(|mut object| {
            // The items of a list do not say what they are, but for those of CustomResourceDefinitions.
            object.types = Some(TypeMeta {
                api_version: resource.api_version.clone(),
                kind: resource.kind.clone(),
            });
            (key(resource, &object), object)
        });
        Ok(named.collect())
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
