//! StatefulSets: their pods one after the other, and the claims that stay.

use serde_json::{Value, json};

use super::super::kinds::by_name;
use super::super::pods::Hang;
use super::super::store::{State, text};
use super::workloads::{count, hang, pod, run};
use super::{MANAGER, event, hash};

/// Makes the pods of a StatefulSet, with their claims.
pub(super) fn settle(state: &mut State, set: &Value) {
    let hang = hang(state, set);
    let metadata = &set["metadata"];
    let spec = &set["spec"];
    let name = text(&metadata["name"]);
    let wanted = spec["replicas"].as_u64().unwrap_or(1);
    let revision = format!("{name}-{}", hash(&spec["template"]));
    let quota = matches!(hang, Some(Hang::Quota(_)));
    // One pod after the other: the first that hangs keeps the others waiting.
    let made = if quota {
        0
    } else if hang.is_some() {
        wanted.min(1)
    } else {
        wanted
    };
    for index in 0..made {
        let pod_name = format!("{name}-{index}");
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
            ("controller-revision-hash", &revision),
            ("statefulset.kubernetes.io/pod-name", &pod_name),
        ] {
            template["metadata"]["labels"][label] = json!(value);
        }
        run(state, &pod(set, &pod_name, &template), hang.as_ref(), false);
    }
    if let Some(Hang::Quota(message)) = &hang {
        let message = format!(
            "create Pod {name}-0 in StatefulSet {name} failed error: pods \"{name}-0\" is forbidden: exceeded quota: \
             {message}"
        );
        event(state, set, "Warning", "FailedCreate", &message);
    }
    let ready = if hang.is_some() { 0 } else { wanted };
    let status = json!({
        "observedGeneration": metadata["generation"],
        "replicas": made,
        "readyReplicas": count(ready),
        "availableReplicas": ready,
        "currentReplicas": count(made),
        "updatedReplicas": count(made),
        "currentRevision": revision,
        "updateRevision": revision,
        "collisionCount": 0,
    });
    MANAGER.status(state, set, &status);
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
