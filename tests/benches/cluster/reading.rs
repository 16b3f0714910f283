//! What the cluster has.

use std::collections::BTreeMap;

use kube::Api;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams};
use serde_json::Value;

use crate::place::Place;

/// The kinds of the application's objects.
const KINDS: [(&str, &str); 14] = [
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("v1", "Service"),
    ("v1", "ServiceAccount"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("batch/v1", "CronJob"),
    ("batch/v1", "Job"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("policy/v1", "PodDisruptionBudget"),
    KNATIVE_SERVICE,
    SCALED_OBJECT,
    ("v1", "PersistentVolumeClaim"),
];
/// A service of Knative.
pub(crate) const KNATIVE_SERVICE: (&str, &str) = ("serving.knative.dev/v1", "Service");
/// What KEDA scales by.
pub(crate) const SCALED_OBJECT: (&str, &str) = ("keda.sh/v1alpha1", "ScaledObject");
/// By this label cloudc knows its own.
const PART_OF: &str = "applyset.kubernetes.io/part-of";

impl Place {
    /// The objects of a kind.
    pub(crate) fn api(&self, (version, kind): (&str, &str)) -> Api<DynamicObject> {
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        Api::namespaced_with(self.client.clone(), &self.namespace, &resource)
    }

    /// One object, whole.
    pub(crate) async fn find(&self, kind: (&str, &str), name: &str) -> Option<Value> {
        let found = self.api(kind).get_opt(name).await;
        let found = found.unwrap_or_else(|error| panic!("{kind:?} {name}: {error}"));
        found.map(|object| serde_json::to_value(object).expect("JSON"))
    }

    /// One object that has to be there.
    pub(crate) async fn get(&self, kind: (&str, &str), name: &str) -> Value {
        let found = self.find(kind, name).await;
        found.unwrap_or_else(|| panic!("there is no {} {name}", kind.1))
    }

    /// All objects of a kind; none where the cluster does not serve it.
    pub(crate) async fn list(&self, kind: (&str, &str)) -> Vec<Value> {
        match self.api(kind).list(&ListParams::default()).await {
            Ok(found) => found
                .items
                .into_iter()
                .map(|object| serde_json::to_value(object).expect("JSON"))
                .collect(),
            Err(kube::Error::Api(status)) if status.code == 404 => Vec::new(),
            Err(error) => panic!("{kind:?}: {error}"),
        }
    }

    /// The names of a kind's objects.
    pub(crate) async fn names(&self, kind: (&str, &str)) -> Vec<String> {
        let objects = self.list(kind).await;
        objects
            .iter()
            .map(|object| text(object, "/metadata/name").to_owned())
            .collect()
    }

    /// When cloudc last changed each of its objects: a request without a change does not move that, nor does what controllers write.
    pub(crate) async fn versions(&self) -> BTreeMap<String, String> {
        let mut versions = BTreeMap::new();
        for kind in KINDS {
            for object in self.list(kind).await {
                // Controllers give the label to what they make of an object.
                let is_made_of_another = !object["metadata"]["ownerReferences"].is_null();
                if object["metadata"]["labels"][PART_OF].is_null() || is_made_of_another {
                    continue;
                }
                let managers = object["metadata"]["managedFields"]
                    .as_array()
                    .cloned()
                    .unwrap_or_default();
                // Logins are made once and never applied.
                let ours = managers
                    .iter()
                    .find(|manager| manager["manager"] == "cloudc");
                let ours = ours.unwrap_or_else(|| panic!("{} is not cloudc's", object["metadata"]));
                let version = format!("{} {}", text(&object, "/metadata/uid"), ours["time"]);
                versions.insert(
                    format!("{} {}", kind.1, text(&object, "/metadata/name")),
                    version,
                );
            }
        }
        assert!(!versions.is_empty(), "what cloudc applied is found");
        versions
    }

    /// Applies an object as somebody else.
    pub(crate) async fn apply_as(&self, manager: &str, object: Value) {
        let kind = (
            text(&object, "/apiVersion").to_owned(),
            text(&object, "/kind").to_owned(),
        );
        let name = text(&object, "/metadata/name").to_owned();
        let parameters = PatchParams::apply(manager).force();
        let api = self.api((&kind.0, &kind.1));
        let applied = api.patch(&name, &parameters, &Patch::Apply(&object)).await;
        applied.unwrap_or_else(|error| panic!("{object}: {error}"));
    }

    /// Deletes an object.
    pub(crate) async fn delete(&self, kind: (&str, &str), name: &str) {
        let deleted = self
            .api(kind)
            .delete(name, &kube::api::DeleteParams::background())
            .await;
        deleted.unwrap_or_else(|error| panic!("{kind:?} {name}: {error}"));
    }

    /// The image of a workload.
    pub(crate) async fn image_of(&self, kind: (&str, &str), name: &str) -> String {
        let object = self.get(kind, name).await;
        text(&object, "/spec/template/spec/containers/0/image").to_owned()
    }

    /// How the requests of a service are to be shared.
    pub(crate) async fn traffic(&self, service: &str) -> Vec<Value> {
        let service = self.get(KNATIVE_SERVICE, service).await;
        service["spec"]["traffic"]
            .as_array()
            .cloned()
            .unwrap_or_default()
    }
}

/// Whether an object says that it is ready.
pub(crate) fn is_ready(object: &Value) -> bool {
    has_condition(object, "Ready")
}

/// Whether an object says that this is so.
pub(crate) fn has_condition(object: &Value, name: &str) -> bool {
    let conditions = object["status"]["conditions"].as_array();
    conditions
        .into_iter()
        .flatten()
        .any(|condition| condition["type"] == name && condition["status"] == "True")
}

/// The text at a path; empty where there is none.
pub(crate) fn text<'a>(object: &'a Value, path: &str) -> &'a str {
    object
        .pointer(path)
        .and_then(Value::as_str)
        .unwrap_or_default()
}
