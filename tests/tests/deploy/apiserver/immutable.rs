//! What an update may not change. Source: the update validation of the Kubernetes API groups.

use serde_json::Value;

use super::kinds::Kind;
use super::rules::Wrong;
use super::status::Failure;
use super::store::text;

const IMMUTABLE: &str = "field is immutable";

/// Checks an update against the object that is there.
pub(crate) fn check(kind: &Kind, live: &Value, object: &Value) -> Result<(), Failure> {
    let mut wrong = Vec::new();
    let (old, new) = (&live["spec"], &object["spec"]);
    match (kind.group, kind.kind) {
        ("batch", "Job") => {
            for field in ["completions", "selector", "template", "completionMode"] {
                // A suspended Job that never ran may still change its template.
                if field == "template"
                    && old["suspend"] == true
                    && live["status"]["startTime"].is_null()
                {
                    continue;
                }
                same(field, old, new, &mut wrong);
            }
        }
        ("apps", "Deployment" | "ReplicaSet" | "DaemonSet") => {
            same("selector", old, new, &mut wrong)
        }
        ("apps", "StatefulSet") => stateful_set(old, new, &mut wrong),
        ("", "Service") => service(old, new, &mut wrong),
        ("", "PersistentVolumeClaim") => claim(old, new, &mut wrong),
        ("", "ConfigMap" | "Secret") => data(kind, live, object, &mut wrong),
        _ => {}
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Failure::invalid(
            kind,
            &text(&live["metadata"]["name"]),
            &wrong,
        ))
    }
}

fn same(field: &str, old: &Value, new: &Value, wrong: &mut Vec<Wrong>) {
    if old[field] != new[field] {
        wrong.push((
            format!("spec.{field}"),
            format!("Invalid value: {}: {IMMUTABLE}", new[field]),
        ));
    }
}

fn stateful_set(old: &Value, new: &Value, wrong: &mut Vec<Wrong>) {
    let free = [
        "replicas",
        "ordinals",
        "template",
        "updateStrategy",
        "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
    ];
    let fixed = |spec: &Value| {
        let mut spec = spec.clone();
        for field in free {
            spec.as_object_mut().map(|spec| spec.remove(field));
        }
        spec
    };
    if fixed(old) != fixed(new) {
        let message = "Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', \
                       'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' \
                       and 'minReadySeconds' are forbidden";
        wrong.push(("spec".to_owned(), message.to_owned()));
    }
}

fn service(old: &Value, new: &Value, wrong: &mut Vec<Wrong>) {
    let changed = !old["clusterIP"].is_null() && old["clusterIP"] != new["clusterIP"];
    if changed && old["type"] == new["type"] && new["type"] != "ExternalName" {
        let message = format!(
            "Invalid value: {}: may not change once set",
            new["clusterIPs"]
        );
        wrong.push(("spec.clusterIPs[0]".to_owned(), message));
    }
}

/// A claim may only grow, and only once it is bound.
fn claim(old: &Value, new: &Value, wrong: &mut Vec<Wrong>) {
    let fixed = |spec: &Value| {
        let mut spec = spec.clone();
        spec["resources"]["requests"]["storage"].take();
        spec["volumeAttributesClassName"].take();
        if old["volumeName"].is_null() {
            spec["volumeName"].take();
        }
        spec
    };
    if fixed(old) != fixed(new) {
        let message = "Forbidden: spec is immutable after creation except resources.requests and \
                       volumeAttributesClassName for bound claims";
        wrong.push(("spec".to_owned(), message.to_owned()));
    }
}

fn data(kind: &Kind, live: &Value, object: &Value, wrong: &mut Vec<Wrong>) {
    if kind.kind == "Secret" && live["type"] != object["type"] {
        wrong.push((
            "type".to_owned(),
            format!("Invalid value: {}: {IMMUTABLE}", object["type"]),
        ));
    }
    if live["immutable"] != true {
        return;
    }
    if object["immutable"] != true {
        wrong.push((
            "immutable".to_owned(),
            "Forbidden: field is immutable when `immutable` is set".to_owned(),
        ));
    }
    for field in ["data", "binaryData"] {
        if live[field] != object[field] {
            wrong.push((
                field.to_owned(),
                "Forbidden: field is immutable when `immutable` is set".to_owned(),
            ));
        }
    }
}
