//! Whether a request's path and its body agree, and whether there is a place for the object.

use serde_json::{Value, json};

use super::request::Target;
use super::status::Failure;
use super::store::{State, text};

/// Whether the body names the object of the path.
pub(crate) fn named(target: &Target, object: &Value) -> Result<(), Failure> {
    let name = &object["metadata"]["name"];
    if name.is_null() || *name == target.name {
        return Ok(());
    }
    Err(Failure::bad_request(format!(
        "the name of the object ({}) does not match the name on the URL ({})",
        text(name),
        target.name
    )))
}

/// Whether the body's namespace is that of the path; sets it where it is not given.
pub(crate) fn in_namespace(target: &Target, object: &mut Value) -> Result<(), Failure> {
    let namespace = &object["metadata"]["namespace"];
    if !namespace.is_null() && *namespace != target.namespace {
        return Err(Failure::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    if target.kind.namespaced {
        object["metadata"]["namespace"] = json!(target.namespace);
    }
    Ok(())
}

/// Whether the namespace is there, and stays.
pub(crate) fn has_namespace(state: &State, target: &Target, name: &str) -> Result<(), Failure> {
    if !target.kind.namespaced {
        return Ok(());
    }
    let kind = super::kinds::by_name("v1", "Namespace");
    let namespace = &target.namespace;
    let Some(live) = state.get(&kind, "", namespace) else {
        return Err(Failure::not_found(&kind, namespace));
    };
    let exists = !name.is_empty() && state.get(&target.kind, namespace, name).is_some();
    if live["metadata"]["deletionTimestamp"].is_null() || exists {
        return Ok(());
    }
    let why = format!(
        "unable to create new content in namespace {namespace} because it is being terminated"
    );
    let kind = &target.kind;
    Err(Failure::forbidden(kind, name, &why).with_details(json!({
        "name": name,
        "group": kind.group,
        "kind": kind.plural,
        "causes": [{
            "reason": "NamespaceTerminating",
            "message": format!("namespace {namespace} is being terminated"),
            "field": "metadata.namespace",
        }],
    })))
}

/// Parameters of a patch that do not fit together: a field, and what is wrong with it.
pub(crate) fn wrong_options(message: &str) -> Failure {
    let (field, message) = message.split_once(": ").unwrap_or_default();
    let details = json!({
        "group": "meta.k8s.io",
        "kind": "PatchOptions",
        "causes": [{"reason": "FieldValueRequired", "message": message, "field": field}],
    });
    let message = format!("PatchOptions.meta.k8s.io \"\" is invalid: {field}: {message}");
    Failure::new(422, "Invalid", message).with_details(details)
}
