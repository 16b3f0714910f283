//! Knative's revisions: what they are called, and how requests are shared among them.

use serde_json::{Value, json};

use super::Key;

/// Whether an object is a Knative Service.
pub(super) fn is_knative_service(object: &Value) -> bool {
    let key = Key::of(object);
    key.group() == "serving.knative.dev" && key.kind == "Service"
}

/// The name of the revision that a Knative Service's template becomes: the service's, and a hash of the template. Knative refuses
/// a changed template under an old name, and takes up an old revision under its name if the template is the same again.
pub fn revision_name(service: &Value) -> String {
    let mut template = service
        .pointer("/spec/template")
        .cloned()
        .unwrap_or_default();
    if let Some(metadata) = template.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("name");
    }
    let hash = blake3::hash(template.to_string().as_bytes()).to_hex();
    format!("{}-{}", Key::of(service).name, &hash.as_str()[..10])
}

/// A Knative Service whose revision has a name, and gets every request once it is ready. Said in so many words, as a share that an
/// earlier canary had would stay otherwise. Other objects are left as they are.
pub fn all_to_the_latest(mut object: Value) -> Value {
    if is_knative_service(&object) {
        name_the_revision(&mut object);
        object["spec"]["traffic"] = json!([{"latestRevision": true, "percent": 100}]);
    }
    object
}

pub(super) fn name_the_revision(service: &mut Value) {
    let name = revision_name(service);
    service["spec"]["template"]["metadata"]["name"] = Value::String(name);
}
