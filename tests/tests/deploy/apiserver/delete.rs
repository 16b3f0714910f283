//! Deleting: preconditions, finalizers, propagation, and the garbage collector.

use serde_json::{Value, json};

use super::kinds::{KINDS, Kind, by_name};
use super::request::{Call, Target};
use super::status::Failure;
use super::store::{State, text};
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
        let objects = all(state);
        let alive: Vec<String> = objects
            .iter()
            .map(|(_, object)| text(&object["metadata"]["uid"]))
            .collect();
        let doomed = |object: &Value| {
            let owners = object["metadata"]["ownerReferences"].as_array();
            owners.is_some_and(|owners| {
                let going = |owner: &Value| {
                    let uid = &owner["uid"];
                    let waits = |object: &Value| {
                        object["metadata"]["uid"] == *uid
                            && object["metadata"]["finalizers"]
                                .as_array()
                                .is_some_and(|all| all.contains(&json!("foregroundDeletion")))
                    };
                    !alive.contains(&text(uid)) || objects.iter().any(|(_, object)| waits(object))
                };
                !owners.is_empty() && owners.iter().all(going)
            })
        };
        let next = objects
            .iter()
            .find(|(_, object)| doomed(object) && object["metadata"]["deletionTimestamp"].is_null())
            .cloned();
        if let Some((kind, object)) = next {
            remove(state, &kind, object, "Background", true);
            continue;
        }
        if !release(state, &objects) {
            return;
        }
    }
}

/// Removes the finalizers of the built-in controllers where what they wait for is gone. Whether there was one.
fn release(state: &mut State, objects: &[(Kind, Value)]) -> bool {
    for (kind, object) in objects {
        let metadata = &object["metadata"];
        if metadata["deletionTimestamp"].is_null() {
            continue;
        }
        let owned = |other: &Value| {
            let owners = other["metadata"]["ownerReferences"].as_array();
            owners
                .into_iter()
                .flatten()
                .any(|owner| owner["uid"] == metadata["uid"])
        };
        let mounts = |pod: &Value| {
            let volumes = pod["spec"]["volumes"].as_array();
            pod["metadata"]["namespace"] == metadata["namespace"]
                && volumes
                    .into_iter()
                    .flatten()
                    .any(|volume| volume["persistentVolumeClaim"]["claimName"] == metadata["name"])
        };
        let finalizers = metadata["finalizers"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let done = |finalizer: &Value| match finalizer.as_str() {
            Some("foregroundDeletion") => !objects.iter().any(|(_, other)| owned(other)),
            Some("kubernetes.io/pvc-protection") => !objects
                .iter()
                .any(|(kind, other)| kind.kind == "Pod" && mounts(other)),
            _ => false,
        };
        if kind.kind == "Pod" && finalizers.is_empty() {
            state.take(
                kind,
                &text(&metadata["namespace"]),
                &text(&metadata["name"]),
            );
            return true;
        }
        if finalizers.iter().any(done) {
            let mut object = object.clone();
            object["metadata"]["finalizers"] =
                finalizers.into_iter().filter(|one| !done(one)).collect();
            let kept = state.put(kind, object);
            let_go(state, kind, &kept);
            return true;
        }
    }
    false
}

/// Ends the deletions that wait for nothing but the controllers: the contents of namespaces, and the namespaces where
/// no finalizer of somebody else holds anything.
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
        if !all(state)
            .iter()
            .any(|(_, object)| object["metadata"]["namespace"] == **name)
        {
            state.take(&namespaces, "", name);
        }
    }
}
