//! Deleting: preconditions, finalizers, propagation, and the garbage collector.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::kinds::{KINDS, Kind, by_name};
use super::request::{Call, Target};
use super::status::Failure;
use super::store::{Key, State, text};
use super::write::Answer;

/// `DELETE` on an object.
pub(crate) fn delete(state: &mut State, target: &Target, call: &Call) -> Answer {
    let kind = &target.kind;
    let options = if call.body.is_empty() {
        json!({})
    } else {
        call.json()?
    };
    let live = state
        .get(kind, &target.namespace, &target.name)
        .cloned()
        .ok_or_else(|| Failure::not_found(kind, &target.name))?;
    for (field, shown) in [("uid", "UID"), ("resourceVersion", "ResourceVersion")] {
        let wanted = &options["preconditions"][field];
        if !wanted.is_null() && *wanted != live["metadata"][field] {
            let why = format!(
                "Precondition failed: {shown} in precondition: {}, {shown} in object meta: {}",
                text(wanted),
                text(&live["metadata"][field])
            );
            return Err(Failure::conflict(kind, &target.name, &why));
        }
    }
    let dry = call.dry_run()
        || options["dryRun"]
            .as_array()
            .is_some_and(|all| all.contains(&json!("All")));
    let policy = match (
        call.parameter("propagationPolicy"),
        &options["propagationPolicy"],
    ) {
        ("", Value::String(policy)) => policy.clone(),
        // The version v1 of Jobs keeps its pods where nothing else is said.
        ("", _) if (kind.group, kind.kind) == ("batch", "Job") => "Orphan".to_owned(),
        ("", _) => "Background".to_owned(),
        (policy, _) => policy.to_owned(),
    };
    if dry {
        return Ok((200, success(kind, &live)));
    }
    Ok((
        200,
        remove(
            state,
            kind,
            live,
            &policy,
            options["gracePeriodSeconds"] == 0,
        ),
    ))
}

/// `DELETE` on a collection: what the selectors choose.
pub(crate) fn delete_all(state: &mut State, target: &Target, call: &Call) -> Answer {
    let (_, list) = super::read::list(state, target, call)?;
    for item in list["items"].as_array().into_iter().flatten() {
        let one = Target {
            name: text(&item["metadata"]["name"]),
            ..target.clone()
        };
        delete(state, &one, call)?;
    }
    Ok((200, list))
}

fn remove(state: &mut State, kind: &Kind, mut live: Value, policy: &str, at_once: bool) -> Value {
    let metadata = &mut live["metadata"];
    let finalizer = match policy {
        "Foreground" => Some("foregroundDeletion"),
        "Orphan" => {
            orphan(state, &text(&metadata["uid"]));
            None
        }
        _ => None,
    };
    let mut finalizers = metadata["finalizers"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    finalizers.extend(finalizer.map(Value::from));
    let graceful = kind.kind == "Pod" && !at_once || kind.kind == "Namespace";
    if finalizers.is_empty() && !graceful {
        let (namespace, name) = (text(&metadata["namespace"]), text(&metadata["name"]));
        state.take(kind, &namespace, &name);
        return success(kind, &live);
    }
    if metadata["deletionTimestamp"].is_null() {
        metadata["deletionTimestamp"] = json!(state.now());
        metadata["deletionGracePeriodSeconds"] = json!(if kind.kind == "Pod" { 30 } else { 0 });
    }
    if !finalizers.is_empty() {
        metadata["finalizers"] = json!(finalizers);
    }
    if kind.kind == "Namespace" {
        live["status"]["phase"] = json!("Terminating");
    }
    state.put(kind, live)
}

fn success(kind: &Kind, object: &Value) -> Value {
    json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {
            "name": object["metadata"]["name"],
            "group": kind.group,
            "kind": kind.plural,
            "uid": object["metadata"]["uid"],
        },
    })
}

/// Lets an object go that is being deleted and that no finalizer holds any more.
pub(crate) fn let_go(state: &mut State, kind: &Kind, object: &Value) {
    let metadata = &object["metadata"];
    let held = metadata["finalizers"]
        .as_array()
        .is_some_and(|all| !all.is_empty());
    if !metadata["deletionTimestamp"].is_null()
        && !held
        && !matches!(kind.kind, "Namespace" | "Pod")
    {
        state.take(
            kind,
            &text(&metadata["namespace"]),
            &text(&metadata["name"]),
        );
    }
}

/// Every object, with its kind.
fn all(state: &State) -> Vec<(Kind, Value)> {
    KINDS
        .iter()
        .flat_map(|kind| {
            state
                .list(kind, "")
                .into_iter()
                .map(|object| (*kind, object))
        })
        .collect()
}

fn orphan(state: &mut State, uid: &str) {
    for (kind, mut object) in all(state) {
        let owners = object["metadata"]["ownerReferences"].as_array_mut();
        let Some(owners) = owners.filter(|owners| owners.iter().any(|owner| owner["uid"] == uid))
        else {
            continue;
        };
        owners.retain(|owner| owner["uid"] != uid);
        state.put(&kind, object);
    }
}

/// The garbage collector: takes away what has owners of which none is left, until nothing changes.
pub(crate) fn collect(state: &mut State) {
    loop {
        if let Some((kind, object)) = ownerless(state) {
            remove(state, &kind, object, "Background", true);
        } else if !release(state) {
            return;
        }
    }
}

/// The owners of an object.
fn owners(object: &Value) -> impl Iterator<Item = &str> {
    let owners = object["metadata"]["ownerReferences"].as_array();
    owners
        .into_iter()
        .flatten()
        .filter_map(|owner| owner["uid"].as_str())
}

/// Whether an object is being deleted.
fn going(object: &Value) -> bool {
    !object["metadata"]["deletionTimestamp"].is_null()
}

fn has_finalizer(object: &Value, name: &str) -> bool {
    let finalizers = object["metadata"]["finalizers"].as_array();
    finalizers
        .into_iter()
        .flatten()
        .any(|finalizer| finalizer == name)
}

/// An object of which every owner is gone, or waits for it to go.
fn ownerless(state: &State) -> Option<(Kind, Value)> {
    let lasting: BTreeSet<&str> = state
        .objects
        .values()
        .filter(|object| !has_finalizer(object, "foregroundDeletion"))
        .filter_map(|object| object["metadata"]["uid"].as_str())
        .collect();
    let doomed = |object: &Value| {
        !going(object)
            && owners(object).next().is_some()
            && owners(object).all(|uid| !lasting.contains(uid))
    };
    let (key, object) = state.objects.iter().find(|(_, object)| doomed(object))?;
    Some((kind_of(key)?, object.clone()))
}

fn kind_of(key: &Key) -> Option<Kind> {
    KINDS
        .iter()
        .find(|kind| (kind.group, kind.plural) == (key.0, key.1))
        .copied()
}

/// Removes the finalizers of the built-in controllers where what they wait for is gone, and pods whose grace is over.
/// Whether there was one.
fn release(state: &mut State) -> bool {
    let waiting: Vec<(Kind, Value)> = state
        .objects
        .iter()
        .filter(|(_, object)| going(object))
        .filter_map(|(key, object)| Some((kind_of(key)?, object.clone())))
        .collect();
    for (kind, mut object) in waiting {
        let metadata = &object["metadata"];
        let uid = text(&metadata["uid"]);
        let finalizers = metadata["finalizers"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        if kind.kind == "Pod" && finalizers.is_empty() {
            state.take(
                &kind,
                &text(&metadata["namespace"]),
                &text(&metadata["name"]),
            );
            return true;
        }
        let done = |finalizer: &Value| match finalizer.as_str() {
            Some("foregroundDeletion") => !state
                .objects
                .values()
                .any(|other| owners(other).any(|owner| owner == uid)),
            Some("kubernetes.io/pvc-protection") => {
                let pods = by_name("v1", "Pod");
                !state
                    .of_kind(&pods, &text(&metadata["namespace"]))
                    .any(|pod| mounts(pod, &metadata["name"]))
            }
            _ => false,
        };
        let held: Vec<Value> = finalizers
            .iter()
            .filter(|finalizer| !done(finalizer))
            .cloned()
            .collect();
        if held.len() < finalizers.len() {
            object["metadata"]["finalizers"] = Value::Array(held);
            let kept = state.put(&kind, object);
            let_go(state, &kind, &kept);
            return true;
        }
    }
    false
}

fn mounts(pod: &Value, claim: &Value) -> bool {
    let volumes = pod["spec"]["volumes"].as_array();
    volumes
        .into_iter()
        .flatten()
        .any(|volume| volume["persistentVolumeClaim"]["claimName"] == *claim)
}

/// Ends the deletions that wait for nothing but the controllers: the contents of namespaces, and the namespaces where
/// no finalizer of somebody else holds anything, or the namespace itself.
pub(crate) fn finish(state: &mut State) {
    let namespaces = by_name("v1", "Namespace");
    let going: Vec<String> = state
        .list(&namespaces, "")
        .iter()
        .filter(|namespace| !namespace["metadata"]["deletionTimestamp"].is_null())
        .map(|namespace| text(&namespace["metadata"]["name"]))
        .collect();
    for name in &going {
        for (kind, object) in all(state)
            .into_iter()
            .filter(|(_, object)| object["metadata"]["namespace"] == **name)
        {
            remove(state, &kind, object, "Background", true);
        }
    }
    collect(state);
    for name in &going {
        let is_empty = all(state)
            .iter()
            .all(|(_, object)| object["metadata"]["namespace"] != **name);
        let finalizers = state
            .get(&namespaces, "", name)
            .and_then(|namespace| namespace["metadata"]["finalizers"].as_array());
        if is_empty && finalizers.is_none_or(Vec::is_empty) {
            state.take(&namespaces, "", name);
        }
    }
}
