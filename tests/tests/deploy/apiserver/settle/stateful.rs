//! StatefulSets: their pods one after the other, and the claims that stay.

use serde_json::{Value, json};

use super::super::kinds::by_name;
use super::super::pods::Hang;
use super::super::store::{State, text};
use super::workloads::{count, hang, pod, run};
use super::{MANAGER, event, hash};

const REVISION: &str = "controller-revision-hash";

/// Makes the pods of a StatefulSet, with their claims. Source: `updateStatefulSet` of pkg/controller/statefulset, v1.33.
pub(super) fn settle(state: &mut State, set: &Value) {
    let hang = hang(state, set);
    let metadata = &set["metadata"];
    let spec = &set["spec"];
    let (namespace, name) = (text(&metadata["namespace"]), text(&metadata["name"]));
    let wanted = spec["replicas"].as_u64().unwrap_or(1);
    let revision = format!("{name}-{}", hash(&spec["template"]));
    let in_order = spec["podManagementPolicy"] != "Parallel";
    let (mut made, mut updated) = (0, 0);
    for index in 0..wanted {
        if matches!(hang, Some(Hang::Quota(_))) {
            break;
        }
        let pod_name = format!("{name}-{index}");
        made += 1;
        let kind = by_name("v1", "Pod");
        let old = state.get(&kind, &namespace, &pod_name).cloned();
        if let Some(old) = old.filter(|pod| pod["metadata"]["labels"][REVISION] != *revision) {
            // Where pods come in order, one that is not ready is waited for, whatever its template.
            if in_order && !is_ready(&old) {
                break;
            }
            state.take(&kind, &namespace, &pod_name);
        }
        updated += 1;
        let template = template(state, set, &pod_name, &revision);
        run(state, &pod(set, &pod_name, &template), hang.as_ref(), false);
        // The first that hangs keeps the others waiting.
        if in_order && hang.is_some() {
            break;
        }
    }
    if let Some(Hang::Quota(message)) = &hang {
        let message = format!(
            "create Pod {name}-0 in StatefulSet {name} failed error: pods \"{name}-0\" is forbidden: exceeded quota: \
             {message}"
        );
        event(state, set, "Warning", "FailedCreate", &message);
    }
    let ready = if hang.is_some() { 0 } else { updated };
    let is_done = ready == wanted;
    let current = match set["status"]["currentRevision"].as_str() {
        Some(current) if !is_done => current.to_owned(),
        _ => revision.clone(),
    };
    let at_current = if current == revision {
        updated
    } else {
        made - updated
    };
    let status = json!({
        "observedGeneration": metadata["generation"],
        "replicas": made,
        "readyReplicas": count(ready),
        "availableReplicas": ready,
        "currentReplicas": count(at_current),
        "updatedReplicas": count(updated),
        "currentRevision": current,
        "updateRevision": revision,
        "collisionCount": 0,
    });
    MANAGER.status(state, set, &status);
}

fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array();
    let mut conditions = conditions.into_iter().flatten();
    conditions.any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

/// The template of one pod, with its claims, which are made.
fn template(state: &mut State, set: &Value, pod_name: &str, revision: &str) -> Value {
    let spec = &set["spec"];
    let mut template = spec["template"].clone();
    for claim in spec["volumeClaimTemplates"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let claim_name = format!("{}-{pod_name}", text(&claim["metadata"]["name"]));
        self::claim(state, set, claim, &claim_name);
        let volume = json!({
            "name": claim["metadata"]["name"],
            "persistentVolumeClaim": {"claimName": claim_name},
        });
        if !template["spec"]["volumes"].is_array() {
            template["spec"]["volumes"] = json!([]);
        }
        template["spec"]["volumes"]
            .as_array_mut()
            .expect("a list")
            .insert(0, volume);
    }
    for (label, value) in [
        (REVISION, revision),
        ("statefulset.kubernetes.io/pod-name", pod_name),
    ] {
        template["metadata"]["labels"][label] = json!(value);
    }
    template
}

fn claim(state: &mut State, set: &Value, template: &Value, name: &str) {
    let namespace = text(&set["metadata"]["namespace"]);
    if state
        .get(&by_name("v1", "PersistentVolumeClaim"), &namespace, name)
        .is_some()
    {
        return;
    }
    let mut labels = template["metadata"]["labels"].clone();
    for (key, value) in set["spec"]["selector"]["matchLabels"]
        .as_object()
        .into_iter()
        .flatten()
    {
        labels[key] = value.clone();
    }
    let mut spec = template["spec"].clone();
    spec["volumeName"] = json!(format!("pvc-{}", hash(&json!(name))));
    let claim = json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": spec,
        "status": {
            "phase": "Bound",
            "accessModes": spec["accessModes"],
            "capacity": spec["resources"]["requests"],
        },
    });
    MANAGER.keep(state, &claim);
}
