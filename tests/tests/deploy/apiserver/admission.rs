//! The webhooks of Knative Serving and KEDA.

use serde_json::{Value, json};

use super::kinds::{Kind, by_name};
use super::settings::Settings;
use super::status::Failure;
use super::store::{State, text};

const KNATIVE: &str = "validation.webhook.serving.knative.dev";
const KEDA: &str = "vscaledobject.kb.io";

/// Lets the webhooks complete and check an object that is about to be kept.
pub(crate) fn admit(
    state: &State,
    kind: &Kind,
    live: Option<&Value>,
    object: &mut Value,
    dry: bool,
) -> Result<(), Failure> {
    if !state.settings.webhooks {
        return Ok(());
    }
    match (kind.group, kind.kind) {
        ("serving.knative.dev", "Service") => {
            complete(&state.settings, live, object);
            let wrong = knative(live, object);
            if !wrong.is_empty() {
                let message = format!("validation failed: {}", wrong.join("\n"));
                return Err(Failure::denied(KNATIVE, 400, &message));
            }
            if dry {
                try_a_pod(state, object)?;
            }
        }
        ("keda.sh", "ScaledObject") => {
            let name = text(&object["spec"]["scaleTargetRef"]["name"]);
            if let Some(message) = scaled_object(state, object, &name) {
                return Err(Failure::denied(KEDA, 403, &message));
            }
        }
        _ => {}
    }
    Ok(())
}

/// In a dry run, and there alone, the webhook tries a pod of the template, whose account has to be there. Source:
/// `validateRevisionTemplate` of serving/pkg/webhook.
fn try_a_pod(state: &State, object: &Value) -> Result<(), Failure> {
    let namespace = text(&object["metadata"]["namespace"]);
    let account = text(&object["spec"]["template"]["spec"]["serviceAccountName"]);
    let accounts = by_name("v1", "ServiceAccount");
    if account.is_empty() || state.get(&accounts, &namespace, &account).is_some() {
        return Ok(());
    }
    let message = format!(
        "validation failed: dry run failed with pods \"dry-run-validation\" is forbidden: error looking up service \
         account {namespace}/{account}: serviceaccount {account:?} not found: spec.template"
    );
    Err(Failure::denied(KNATIVE, 400, &message))
}

/// Knative's defaults. Source: `SetDefaults` of serving/pkg/apis/serving/v1.
fn complete(settings: &Settings, live: Option<&Value>, object: &mut Value) {
    let user = &settings.user;
    let changed = live.is_none_or(|live| live["spec"] != object["spec"]);
    let notes = &mut object["metadata"]["annotations"];
    if live.is_none() {
        notes["serving.knative.dev/creator"] = json!(user);
    }
    if changed {
        notes["serving.knative.dev/lastModifier"] = json!(user);
    }
    let name = |object: &Value| object["spec"]["template"]["metadata"]["name"].clone();
    // A template that has the name of the one before is left as it is.
    let is_known = live.is_some_and(|live| name(live).is_string() && name(live) == name(object));
    if !is_known {
        fill(
            &mut object["spec"]["template"]["spec"],
            settings.idle_timeout,
        );
    }
    set(
        &mut object["spec"],
        "traffic",
        json!([{"latestRevision": true, "percent": 100}]),
    );
    for target in object["spec"]["traffic"]
        .as_array_mut()
        .into_iter()
        .flatten()
    {
        let latest = target["revisionName"].is_null();
        set(target, "latestRevision", json!(latest));
    }
    super::defaults::clear_nulls(object);
}

fn set(object: &mut Value, field: &str, value: Value) {
    if object[field].is_null() {
        object[field] = value;
    }
}

/// A template's.
fn fill(spec: &mut Value, idle_timeout: Option<u64>) {
    set(spec, "containerConcurrency", json!(0));
    set(spec, "timeoutSeconds", json!(300));
    set(spec, "enableServiceLinks", json!(false));
    if let Some(seconds) = idle_timeout {
        set(spec, "idleTimeoutSeconds", json!(seconds));
    }
    for container in spec["containers"].as_array_mut().into_iter().flatten() {
        set(container, "name", json!("user-container"));
        set(container, "resources", json!({}));
        set(
            container,
            "readinessProbe",
            json!({"tcpSocket": {"port": 0}}),
        );
        set(
            &mut container["readinessProbe"],
            "successThreshold",
            json!(1),
        );
        for port in container["ports"].as_array_mut().into_iter().flatten() {
            set(port, "protocol", json!("TCP"));
            set(port, "name", json!("user-port"));
        }
    }
}

/// Knative's checks. Source: `Validate` of serving/pkg/apis/serving/v1.
fn knative(live: Option<&Value>, object: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let name = text(&object["metadata"]["name"]);
    for key in object["metadata"]["annotations"]
        .as_object()
        .into_iter()
        .flat_map(|notes| notes.keys())
    {
        if key.starts_with("autoscaling.knative.dev") {
            wrong.push(format!(
                "invalid key name {key:?}: metadata.annotations\nautoscaling annotations must be put under \
                 \"spec.template.metadata.annotations\" to work"
            ));
        }
    }
    let spec = &object["spec"]["template"]["spec"];
    for field in [
        "terminationGracePeriodSeconds",
        "restartPolicy",
        "hostNetwork",
        "lifecycle",
    ] {
        if !spec[field].is_null() {
            wrong.push(format!(
                "must not set the field(s): spec.template.spec.{field}"
            ));
        }
    }
    let concurrency = spec["containerConcurrency"].as_i64().unwrap_or_default();
    if !(0..=1000).contains(&concurrency) {
        let field = "spec.template.spec.containerConcurrency";
        wrong.push(format!("expected 0 <= {concurrency} <= 1000: {field}"));
    }
    let timeout = spec["timeoutSeconds"].as_i64().unwrap_or_default();
    if !(0..=600).contains(&timeout) {
        wrong.push(format!(
            "expected 0 <= {timeout} <= 600: spec.template.spec.timeoutSeconds"
        ));
    }
    let ports: usize = spec["containers"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|container| container["ports"].as_array().map_or(0, Vec::len))
        .sum();
    if ports > 1 {
        wrong.push(
            "more than one container port is set: spec.template.spec.containers[*].ports"
                .to_owned(),
        );
    }
    traffic(&object["spec"]["traffic"], &mut wrong);
    revision_name(live, object, &name, &mut wrong);
    wrong
}

fn traffic(targets: &Value, wrong: &mut Vec<String>) {
    let mut sum = 0;
    let mut tags: Vec<&str> = Vec::new();
    for (index, target) in targets.as_array().into_iter().flatten().enumerate() {
        let field = |name: &str| format!("spec.traffic[{index}].{name}");
        let percent = target["percent"].as_i64().unwrap_or_default();
        if !(0..=100).contains(&percent) {
            wrong.push(format!(
                "expected 0 <= {percent} <= 100: {}",
                field("percent")
            ));
        }
        sum += percent;
        if target["latestRevision"] == true && !target["revisionName"].is_null() {
            wrong.push(format!(
                "may not set revisionName {} when latestRevision is true: {}",
                target["revisionName"],
                field("latestRevision")
            ));
        }
        if target["latestRevision"] == false && target["revisionName"].is_null() {
            wrong.push(format!("missing field(s): {}", field("revisionName")));
        }
        if let Some(tag) = target["tag"].as_str().filter(|tag| !tag.is_empty()) {
            if tags.contains(&tag) {
                wrong.push(format!(
                    "Multiple definitions for {tag:?}: {}",
                    field("tag")
                ));
            }
            tags.push(tag);
        }
    }
    if sum != 100 {
        wrong.push(format!(
            "Traffic targets sum to {sum}, want 100: spec.traffic"
        ));
    }
}

fn revision_name(live: Option<&Value>, object: &Value, service: &str, wrong: &mut Vec<String>) {
    let template = &object["spec"]["template"];
    let Some(name) = template["metadata"]["name"].as_str() else {
        return;
    };
    let prefix = format!("{service}-");
    if !name.starts_with(&prefix) {
        wrong.push(format!(
            "invalid value: {name:?} must have prefix {prefix:?}: spec.template.metadata.name"
        ));
    }
    let before = live.map(|live| &live["spec"]["template"]);
    if before.is_some_and(|before| before["metadata"]["name"] == name && before != template) {
        wrong.push(
            "Saw the following changes without a name change (-old +new): spec.template.metadata.name".to_owned(),
        );
    }
}

/// KEDA's checks. Source: apis/keda/v1alpha1/scaledobject_webhook.go.
fn scaled_object(state: &State, object: &Value, target: &str) -> Option<String> {
    let spec = &object["spec"];
    let kind = spec["scaleTargetRef"]["kind"]
        .as_str()
        .unwrap_or("Deployment");
    let (least, most) = (
        spec["minReplicaCount"].as_i64().unwrap_or(0),
        spec["maxReplicaCount"].as_i64().unwrap_or(100),
    );
    if least > most {
        return Some(format!(
            "MinReplicaCount={least} must be less than MaxReplicaCount={most}"
        ));
    }
    if let Some(idle) = spec["idleReplicaCount"]
        .as_i64()
        .filter(|idle| *idle >= least)
    {
        return Some(format!(
            "IdleReplicaCount={idle} must be less than MinReplicaCount={least}"
        ));
    }
    let namespace = text(&object["metadata"]["namespace"]);
    let same = |other: &&Value| {
        other["metadata"]["name"] != object["metadata"]["name"]
            && other["spec"]["scaleTargetRef"]["name"] == target
            && other["spec"]["scaleTargetRef"]["kind"]
                .as_str()
                .unwrap_or("Deployment")
                == kind
    };
    let others = state.list(&by_name("keda.sh/v1alpha1", "ScaledObject"), &namespace);
    if let Some(other) = others.iter().find(same) {
        let other = text(&other["metadata"]["name"]);
        return Some(format!(
            "the workload '{target}' of type 'apps/v1.{kind}' is already managed by the ScaledObject '{other}'"
        ));
    }
    let mut names: Vec<&str> = spec["triggers"]
        .as_array()?
        .iter()
        .filter_map(|trigger| trigger["name"].as_str())
        .collect();
    names.sort_unstable();
    names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| {
        format!("triggerName {} is defined multiple times in the ScaledObject, but it must be unique", pair[0])
    })
}
