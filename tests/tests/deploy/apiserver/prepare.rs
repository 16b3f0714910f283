//! What the server does to every object before it keeps it.

use serde_json::{Value, json};

use super::check::{Problem, findings, omit_empty, prune};
use super::kinds::Kind;
use super::schema::Node;
use super::status::Failure;
use super::store::{State, text};

/// Reads an object of a request: the kind has to be that of the path, the types those of the schema. Unknown fields
/// are refused with `strict`, and left out otherwise.
pub(crate) fn decode(
    kind: &Kind,
    object: &mut Value,
    node: Node<'_>,
    strict: bool,
) -> Result<(), Failure> {
    same_kind(kind, object)?;
    let found = findings(object, node);
    let what = format!(
        "{} in version {:?} cannot be handled as a {}",
        kind.kind, kind.version, kind.kind
    );
    let wrong = found.iter().find_map(|finding| match &finding.problem {
        Problem::Type(expected, actual) => Some((finding, expected, actual)),
        _ => None,
    });
    if let Some((finding, expected, actual)) = wrong {
        let path = &finding.path;
        if kind.custom() {
            let message = format!(
                "Invalid value: \"{actual}\": {path} in body must be of type {expected}: \"{actual}\""
            );
            return Err(Failure::invalid(
                kind,
                &text(&object["metadata"]["name"]),
                &[(path.clone(), message)],
            ));
        }
        let message = format!(
            "json: cannot unmarshal {actual} into Go struct field .{path} of type {expected}"
        );
        return Err(Failure::bad_request(format!("{what}: {message}")));
    }
    let unknown: Vec<String> = found
        .iter()
        .filter(|finding| matches!(finding.problem, Problem::Unknown))
        .map(|finding| format!("unknown field {:?}", finding.path))
        .collect();
    if strict && !unknown.is_empty() {
        let message = format!("strict decoding error: {}", unknown.join(", "));
        let message = if kind.custom() {
            message
        } else {
            format!("{what}: {message}")
        };
        return Err(Failure::bad_request(message));
    }
    prune(object, node);
    Ok(())
}

/// Whether a body is of the kind that the path names.
pub(crate) fn same_kind(kind: &Kind, object: &Value) -> Result<(), Failure> {
    let (version, name) = (text(&object["apiVersion"]), text(&object["kind"]));
    if name.is_empty() {
        return Err(Failure::bad_request("Object 'Kind' is missing"));
    }
    if (version.as_str(), name.as_str()) != (kind.api_version().as_str(), kind.kind) {
        return Err(Failure::bad_request(format!(
            "the API version in the data ({version}, Kind={name}) does not match the expected API version ({}, Kind={})",
            kind.api_version(),
            kind.kind
        )));
    }
    Ok(())
}

/// An applied configuration: the schema has to know every field. The real server answers 500 where it does not.
pub(crate) fn typed(config: &Value, node: Node<'_>) -> Result<(), Failure> {
    let lines: Vec<String> = findings(config, node)
        .iter()
        .filter_map(|finding| match &finding.problem {
            Problem::Unknown => Some(format!(".{}: field not declared in schema", finding.path)),
            Problem::Type(expected, actual) => {
                let expected = match expected.as_str() {
                    "integer" | "number" => "numeric (int or float)",
                    other => other,
                };
                Some(format!(
                    ".{}: expected {expected}, got {actual}",
                    finding.path
                ))
            }
            Problem::Missing | Problem::Choice(..) => None,
        })
        .collect();
    match lines.as_slice() {
        [] => Ok(()),
        [one] => Err(Failure::untyped(config, one)),
        many => {
            let many: Vec<String> = many.iter().map(|line| format!("  {line}")).collect();
            Err(Failure::untyped(
                config,
                &format!("errors:\n{}", many.join("\n")),
            ))
        }
    }
}

/// Gives a new object its identity: UID, time, and the first generation.
pub(crate) fn identify(state: &mut State, kind: &Kind, namespace: &str, object: &mut Value) {
    let now = state.now();
    let uid = state.identity();
    let metadata = &mut object["metadata"];
    if kind.namespaced {
        metadata["namespace"] = json!(namespace);
    }
    metadata["uid"] = json!(uid);
    metadata["creationTimestamp"] = json!(now);
    if kind.counts() {
        metadata["generation"] = json!(1);
    }
    if kind.kind == "PersistentVolumeClaim" {
        metadata["finalizers"] = json!(["kubernetes.io/pvc-protection"]);
    }
    if kind.kind == "Service" && kind.group.is_empty() {
        let spec = &mut object["spec"];
        if spec["type"] != "ExternalName" && spec["clusterIP"].is_null() {
            spec["clusterIP"] = json!(state.address());
        }
        if spec["clusterIP"].is_string() && spec["clusterIPs"].is_null() {
            spec["clusterIPs"] = json!([spec["clusterIP"]]);
        }
    }
    if (kind.group, kind.kind) == ("batch", "Job") {
        job_labels(object, &uid);
    }
}

/// The labels and the selector that a Job gets, by which it knows its pods.
fn job_labels(object: &mut Value, uid: &str) {
    let name = object["metadata"]["name"].clone();
    let spec = &mut object["spec"];
    if spec["manualSelector"] == true {
        return;
    }
    let labels = &mut spec["template"]["metadata"]["labels"];
    labels["batch.kubernetes.io/controller-uid"] = json!(uid);
    labels["batch.kubernetes.io/job-name"] = name.clone();
    labels["controller-uid"] = json!(uid);
    labels["job-name"] = name;
    spec["selector"] = json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}});
}

/// Takes over what a write cannot change, and counts the generation where the write changed what was wanted.
pub(crate) fn carry_over(kind: &Kind, live: &Value, object: &mut Value, subresource: &str) {
    if subresource == "status" {
        let status = object["status"].take();
        let managed = object["metadata"]["managedFields"].take();
        *object = live.clone();
        object["status"] = status;
        object["metadata"]["managedFields"] = managed;
        return;
    }
    if kind.status {
        object["status"] = live["status"].clone();
    }
    let kept = [
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
        "namespace",
        "generateName",
        "selfLink",
        "resourceVersion",
    ];
    for field in kept {
        object["metadata"][field] = live["metadata"][field].clone();
    }
    super::defaults::clear_nulls(object);
    if kind.counts() && wanted(kind, live) != wanted(kind, object) {
        let generation = live["metadata"]["generation"].as_i64().unwrap_or(1);
        object["metadata"]["generation"] = json!(generation + 1);
    }
}

/// What the generation counts: of a custom resource everything but metadata and status, else the spec; of a Deployment
/// its annotations too.
fn wanted(kind: &Kind, object: &Value) -> Value {
    let mut all = object.clone();
    if kind.custom() {
        all["metadata"].take();
        all["status"].take();
        return all;
    }
    let annotations = if kind.kind == "Deployment" {
        &object["metadata"]["annotations"]
    } else {
        &Value::Null
    };
    json!([object["spec"], annotations])
}

/// Writes an object as Go's types do: nothing empty where nothing is required.
pub(crate) fn normalise(kind: &Kind, object: &mut Value, node: Node<'_>) {
    super::defaults::clear_nulls(object);
    if !kind.custom() {
        omit_empty(object, node);
    }
}
