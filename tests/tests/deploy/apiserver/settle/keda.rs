//! KEDA's operator: a ScaledObject gets its HorizontalPodAutoscaler, and its target as many replicas as wait for
//! nothing.

use serde_json::{Value, json};

use super::super::kinds::by_name;
use super::super::managed::Manager;
use super::super::store::{State, text};
use super::{Controller, apply, condition, delete, owner};

const KEDA: Controller = Controller("keda");
const FINALIZER: &str = "finalizer.keda.sh";

pub(super) fn settle(state: &mut State) {
    if !state.settings.groups.contains(&"keda.sh") {
        return;
    }
    for object in state.list(&by_name("keda.sh/v1alpha1", "ScaledObject"), "") {
        if object["metadata"]["deletionTimestamp"].is_null() {
            scale(state, &object);
        } else {
            let_go(state, object);
        }
    }
}

fn let_go(state: &mut State, mut object: Value) {
    let kind = by_name("keda.sh/v1alpha1", "ScaledObject");
    if let Some(finalizers) = object["metadata"]["finalizers"].as_array_mut() {
        finalizers.retain(|finalizer| finalizer != FINALIZER);
        let kept = state.put(&kind, object);
        delete::let_go(state, &kind, &kept);
    }
}

fn scale(state: &mut State, object: &Value) {
    let kind = by_name("keda.sh/v1alpha1", "ScaledObject");
    let name = text(&object["metadata"]["name"]);
    let namespace = text(&object["metadata"]["namespace"]);
    let mut marked = object.clone();
    marked["metadata"]["labels"]["scaledobject.keda.sh/name"] = json!(name);
    if marked["metadata"]["finalizers"].is_null() {
        marked["metadata"]["finalizers"] = json!([FINALIZER]);
    }
    let object = KEDA.write(state, &kind, Some(object), marked, "");
    let target = text(&object["spec"]["scaleTargetRef"]["name"]);
    let of = object["spec"]["scaleTargetRef"]["kind"]
        .as_str()
        .unwrap_or("Deployment");
    let target_kind = by_name(
        "apps/v1",
        if of == "StatefulSet" {
            "StatefulSet"
        } else {
            "Deployment"
        },
    );
    let Some(workload) = state.get(&target_kind, &namespace, &target).cloned() else {
        let message = format!(
            "ScaledObject doesn't have correct scaleTargetRef specification: {target} not found"
        );
        let status = json!({"conditions": [
            ready(&object, "False", "ScaledObjectCheckFailed", &message),
        ]});
        KEDA.status(state, &object, &status);
        return;
    };
    let least = object["spec"]["minReplicaCount"].as_u64().unwrap_or(0);
    let autoscaler = json!({
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {
            "name": format!("keda-hpa-{name}"),
            "namespace": namespace,
            "labels": object["metadata"]["labels"],
            "ownerReferences": owner(&object),
        },
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": target_kind.kind, "name": target},
            "minReplicas": least.max(1),
            "maxReplicas": object["spec"]["maxReplicaCount"].as_u64().unwrap_or(100),
        },
    });
    KEDA.keep(state, &autoscaler);
    let status = json!({
        "hpaName": format!("keda-hpa-{name}"),
        "scaleTargetKind": format!("apps/v1.{}", target_kind.kind),
        "scaleTargetGVKR": {
            "group": "apps", "version": "v1", "kind": target_kind.kind, "resource": target_kind.plural,
        },
        "originalReplicaCount": workload["spec"]["replicas"],
        "conditions": [
            ready(&object, "True", "ScaledObjectReady", "ScaledObject is defined correctly and is ready for scaling"),
            condition_of("Active", "False", "ScalerNotActive", "Scaling is not performed because triggers are not active"),
            condition_of("Fallback", "Unknown", "", ""),
        ],
    });
    let status = if object["status"]["hpaName"].is_null() {
        status
    } else {
        object["status"].clone()
    };
    KEDA.status(state, &object, &status);
    // A workload that does not come up keeps its replicas, so that there is something to see.
    if !state.hangs.contains_key(&(namespace, target)) {
        idle(state, &workload, &target_kind, least);
    }
}

fn ready(object: &Value, status: &str, reason: &str, message: &str) -> Value {
    let mut condition = condition(object, "Ready", status, reason, message);
    condition
        .as_object_mut()
        .map(|condition| condition.remove("lastTransitionTime"));
    condition
}

fn condition_of(kind: &str, status: &str, reason: &str, message: &str) -> Value {
    let mut condition = condition(&json!({}), kind, status, reason, message);
    condition
        .as_object_mut()
        .map(|condition| condition.remove("lastTransitionTime"));
    condition
}

/// Sets the replicas of a workload that nothing waits for, by its scale.
fn idle(state: &mut State, workload: &Value, kind: &super::super::kinds::Kind, replicas: u64) {
    if workload["spec"]["replicas"] == replicas {
        return;
    }
    let mut object = workload.clone();
    object["spec"]["replicas"] = json!(replicas);
    super::prepare::carry_over(kind, workload, &mut object, "");
    let manager = Manager {
        name: "keda".to_owned(),
        operation: "Update",
        api_version: kind.api_version(),
        subresource: "scale".to_owned(),
    };
    let node = state.schemas.kind(&kind.api_version(), kind.kind);
    let now = state.now();
    apply::update(Some(workload), &mut object, &manager, node, &now).expect("a number fits");
    state.put(kind, object);
}
