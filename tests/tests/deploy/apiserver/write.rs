//! Creating, replacing, patching and applying.

use serde_json::{Value, json};

use super::kinds::Kind;
use super::managed::Manager;
use super::place::{has_namespace, in_namespace, named, wrong_options};
use super::request::{Call, Target};
use super::status::Failure;
use super::store::{State, text};
use super::{admission, apply, defaults, immutable, patch, prepare, rules};

/// What etcd takes at most, in bytes.
const MAX_OBJECT: usize = 1536 * 1024;

/// An answer: the code, and the object.
pub(crate) type Answer = Result<(u16, Value), Failure>;

/// `POST` on a collection.
pub(crate) fn create(state: &mut State, target: &Target, call: &Call) -> Answer {
    let kind = &target.kind;
    let schemas = state.schemas;
    let node = schemas.kind(&kind.api_version(), kind.kind);
    let mut object = call.json()?;
    prepare::decode(
        kind,
        &mut object,
        node,
        call.parameter("fieldValidation") == "Strict",
    )?;
    if object["metadata"]["name"].is_null() && object["metadata"]["generateName"].is_string() {
        let suffix = state.identity();
        let name = format!(
            "{}{}",
            text(&object["metadata"]["generateName"]),
            &suffix[suffix.len() - 5..]
        );
        object["metadata"]["name"] = json!(name);
    }
    in_namespace(target, &mut object)?;
    has_namespace(state, target, &text(&object["metadata"]["name"]))?;
    defaults::complete(kind, &mut object);
    let manager = manager(target, call, "Update");
    if kind.status && kind.kind != "Namespace" {
        object.as_object_mut().map(|object| object.remove("status"));
    }
    object["metadata"]
        .as_object_mut()
        .map(|metadata| metadata.remove("managedFields"));
    let now = state.now();
    prepare::normalise(kind, &mut object, node);
    apply::update(None, &mut object, &manager, node, &now).map_err(Failure::bad_request)?;
    finish_create(state, target, call, object)
}

/// Everything of a creation from the webhooks on.
fn finish_create(state: &mut State, target: &Target, call: &Call, mut object: Value) -> Answer {
    let kind = &target.kind;
    let schemas = state.schemas;
    let node = schemas.kind(&kind.api_version(), kind.kind);
    let name = text(&object["metadata"]["name"]);
    admission::admit(state, kind, None, &mut object, call.dry_run())?;
    defaults::complete(kind, &mut object);
    prepare::identify(state, kind, &target.namespace, &mut object);
    prepare::normalise(kind, &mut object, node);
    rules::check(kind, &object, node, schemas)?;
    if state.get(kind, &target.namespace, &name).is_some() {
        return Err(Failure::exists(kind, &name));
    }
    Ok((201, keep(state, kind, call, object)?))
}

/// `PUT` on an object or its status.
pub(crate) fn replace(state: &mut State, target: &Target, call: &Call) -> Answer {
    let kind = &target.kind;
    let node = state.schemas.kind(&kind.api_version(), kind.kind);
    let mut object = call.json()?;
    prepare::decode(
        kind,
        &mut object,
        node,
        call.parameter("fieldValidation") == "Strict",
    )?;
    named(target, &object)?;
    in_namespace(target, &mut object)?;
    let Some(live) = state.get(kind, &target.namespace, &target.name).cloned() else {
        // Leases and Events may be made by a replacement.
        if matches!(kind.kind, "Lease" | "Event") && target.subresource.is_empty() {
            let collection = Target {
                name: String::new(),
                ..target.clone()
            };
            return create(state, &collection, call);
        }
        return Err(Failure::not_found(kind, &target.name));
    };
    let conditional = kind.custom() || matches!(kind.kind, "Lease" | "PodDisruptionBudget");
    if conditional && object["metadata"]["resourceVersion"].is_null() {
        let message = "Invalid value: 0x0: must be specified for an update".to_owned();
        return Err(Failure::invalid(
            kind,
            &target.name,
            &[("metadata.resourceVersion".to_owned(), message)],
        ));
    }
    update(state, target, call, &live, object)
}

/// `PATCH` on an object or its status.
pub(crate) fn change(state: &mut State, target: &Target, call: &Call) -> Answer {
    let kind = &target.kind;
    if call.content_type.starts_with("application/apply-patch") {
        return server_side_apply(state, target, call);
    }
    if !call.parameter("force").is_empty() {
        return Err(wrong_options(
            "force: Forbidden: may not be specified for non-apply patch",
        ));
    }
    let node = state.schemas.kind(&kind.api_version(), kind.kind);
    let live = state
        .get(kind, &target.namespace, &target.name)
        .cloned()
        .ok_or_else(|| Failure::not_found(kind, &target.name))?;
    let body = call.json()?;
    let mut object = live.clone();
    match call.content_type.as_str() {
        "application/merge-patch+json" => patch::merge(&mut object, &body),
        "application/json-patch+json" => patch::json(&mut object, &body)?,
        "application/strategic-merge-patch+json" if !kind.custom() => {
            patch::strategic(&mut object, &body, node)?
        }
        other => {
            let message = format!(
                "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml ({other})"
            );
            return Err(Failure::new(415, "UnsupportedMediaType", message));
        }
    }
    let strict = call.parameter("fieldValidation") == "Strict";
    prepare::decode(kind, &mut object, node, strict)
        .map_err(|failure| patched(&failure, &object))?;
    named(target, &object)?;
    update(state, target, call, &live, object)
}

/// What an object that cannot be read is called where it comes from a patch: the patch is invalid, and not the request.
fn patched(failure: &Failure, object: &Value) -> Failure {
    let message = failure.message();
    let why = message
        .split_once(" cannot be handled as a ")
        .map_or(message, |(_, rest)| rest);
    let why = why
        .split_once(": ")
        .filter(|_| why != message)
        .map_or(why, |(_, why)| why);
    let message = format!("Invalid value: {:?}: {why}", object.to_string());
    let causes = json!([{"reason": "FieldValueInvalid", "message": message, "field": "patch"}]);
    Failure::new(
        422,
        "Invalid",
        format!(" \"\" is invalid: patch: {message}"),
    )
    .with_details(json!({"causes": causes}))
}

/// Everything of a change that is no apply, from the new object on.
fn update(
    state: &mut State,
    target: &Target,
    call: &Call,
    live: &Value,
    mut object: Value,
) -> Answer {
    let kind = &target.kind;
    let schemas = state.schemas;
    let node = schemas.kind(&kind.api_version(), kind.kind);
    let (old, new) = (&live["metadata"], &object["metadata"]);
    if !new["uid"].is_null() && new["uid"] != old["uid"] {
        let why = format!(
            "Precondition failed: UID in precondition: {}, UID in object meta: {}",
            text(&new["uid"]),
            text(&old["uid"])
        );
        return Err(Failure::conflict(kind, &target.name, &why));
    }
    if !new["resourceVersion"].is_null() && new["resourceVersion"] != old["resourceVersion"] {
        return Err(Failure::modified(kind, &target.name));
    }
    if (kind.group, kind.kind) == ("", "Service") && object["spec"]["type"] == live["spec"]["type"]
    {
        for field in ["clusterIP", "clusterIPs"] {
            if object["spec"][field].is_null() {
                object["spec"][field] = live["spec"][field].clone();
            }
        }
    }
    defaults::complete(kind, &mut object);
    prepare::carry_over(kind, live, &mut object, &target.subresource);
    let manager = manager(target, call, "Update");
    let now = state.now();
    prepare::normalise(kind, &mut object, node);
    apply::update(Some(live), &mut object, &manager, node, &now).map_err(Failure::bad_request)?;
    finish_update(state, target, call, live, object)
}

/// Everything of a change from the webhooks on.
fn finish_update(
    state: &mut State,
    target: &Target,
    call: &Call,
    live: &Value,
    mut object: Value,
) -> Answer {
    let kind = &target.kind;
    let schemas = state.schemas;
    let node = schemas.kind(&kind.api_version(), kind.kind);
    if target.subresource.is_empty() {
        admission::admit(state, kind, Some(live), &mut object, call.dry_run())?;
        defaults::complete(kind, &mut object);
    }
    prepare::carry_over(kind, live, &mut object, &target.subresource);
    prepare::normalise(kind, &mut object, node);
    rules::check(kind, &object, node, schemas)?;
    immutable::check(kind, live, &object)?;
    // Nothing but times of managers: the object stays as it is.
    if without_times(live) == without_times(&object) {
        return Ok((200, live.clone()));
    }
    let kept = keep(state, kind, call, object)?;
    if !call.dry_run() {
        super::delete::let_go(state, kind, &kept);
    }
    Ok((200, kept))
}

fn without_times(object: &Value) -> Value {
    let mut object = object.clone();
    for entry in object["metadata"]["managedFields"]
        .as_array_mut()
        .into_iter()
        .flatten()
    {
        entry["time"].take();
    }
    object
}

fn server_side_apply(state: &mut State, target: &Target, call: &Call) -> Answer {
    let kind = &target.kind;
    let schemas = state.schemas;
    let node = schemas.kind(&kind.api_version(), kind.kind);
    if call.parameter("fieldManager").is_empty() {
        return Err(wrong_options(
            "fieldManager: Required value: is required for apply patch",
        ));
    }
    let mut config: Value = serde_yaml::from_slice(&call.body)
        .map_err(|error| Failure::bad_request(format!("error decoding YAML: {error}")))?;
    prepare::same_kind(kind, &config)?;
    named(target, &config)?;
    in_namespace(target, &mut config)?;
    config["metadata"]["name"] = json!(target.name);
    if config["metadata"]["managedFields"]
        .as_array()
        .is_some_and(|entries| !entries.is_empty())
    {
        return Err(Failure::bad_request("metadata.managedFields must be nil"));
    }
    has_namespace(state, target, &target.name)?;
    let live = state.get(kind, &target.namespace, &target.name).cloned();
    let (wanted, uid) = (
        config["metadata"]["resourceVersion"].clone(),
        config["metadata"]["uid"].clone(),
    );
    if let Some(live) = &live {
        if !wanted.is_null() && wanted != live["metadata"]["resourceVersion"] {
            return Err(Failure::modified(kind, &target.name));
        }
    } else if !uid.is_null() {
        let why = format!(
            "uid mismatch: the provided object specified uid {}, and no existing object was found",
            text(&uid)
        );
        return Err(Failure::conflict(kind, &target.name, &why));
    }
    prepare::typed(&config, node)?;
    own_part(kind, target, &mut config);
    let manager = manager(target, call, "Apply");
    let force = call.parameter("force") == "true";
    let now = state.now();
    let empty = json!({
        "apiVersion": config["apiVersion"],
        "kind": config["kind"],
        "metadata": {"name": target.name, "namespace": config["metadata"]["namespace"]},
    });
    let before = live.as_ref().unwrap_or(&empty);
    let mut object = apply::apply(before, &config, &manager, force, node, &now)?;
    defaults::clear_nulls(&mut object);
    defaults::complete(kind, &mut object);
    match live {
        Some(live) => finish_update(state, target, call, &live, object),
        None if target.subresource.is_empty() => finish_create(state, target, call, object),
        None => Err(Failure::not_found(kind, &target.name)),
    }
}

/// Leaves of a configuration what the path writes: the status is a part of its own.
fn own_part(kind: &Kind, target: &Target, config: &mut Value) {
    defaults::clear_nulls(config);
    if let Some(fields) = config.as_object_mut() {
        if target.subresource == "status" {
            fields.retain(|name, _| {
                matches!(name.as_str(), "apiVersion" | "kind" | "metadata" | "status")
            });
            fields["metadata"] = json!({
                "name": fields["metadata"]["name"],
                "namespace": fields["metadata"]["namespace"],
            });
        } else if kind.status {
            fields.remove("status");
        }
        for field in [
            "uid",
            "resourceVersion",
            "generation",
            "creationTimestamp",
            "managedFields",
        ] {
            fields["metadata"]
                .as_object_mut()
                .map(|metadata| metadata.remove(field));
        }
    }
    defaults::clear_nulls(config);
    if (kind.group, kind.kind) == ("", "Secret") {
        // Ownership stays with `stringData` in the real server too, whose values are gone at the next read.
        let texts = config["stringData"].take();
        for (key, value) in texts.as_object().into_iter().flatten() {
            config["data"][key] = json!(data_encoding::BASE64.encode(text(value).as_bytes()));
        }
        defaults::clear_nulls(config);
    }
}

fn keep(state: &mut State, kind: &Kind, call: &Call, object: Value) -> Result<Value, Failure> {
    // A dry run does not come as far as the store.
    if call.dry_run() {
        return Ok(object);
    }
    if object.to_string().len() > MAX_OBJECT {
        return Err(Failure::new(500, "", "etcdserver: request is too large"));
    }
    Ok(state.put(kind, object))
}

fn manager(target: &Target, call: &Call, operation: &'static str) -> Manager {
    Manager {
        name: call.manager().to_owned(),
        operation,
        api_version: target.kind.api_version(),
        subresource: target.subresource.clone(),
    }
}
