//! Deployments, StatefulSets and Jobs, with their pods.

use serde_json::{Value, json};

use super::super::kinds::by_name;
use super::super::pods::{self, Hang};
use super::super::store::{State, text};
use super::{Controller, MANAGER, condition, dependents, event, hash, owner, stateful};

const KUBELET: Controller = Controller("kubelet");

pub(super) fn settle(state: &mut State) {
    let all = |state: &State, version: &str, kind: &str| {
        let mut all = state.list(&by_name(version, kind), "");
        all.retain(|object| object["metadata"]["deletionTimestamp"].is_null());
        all
    };
    for object in all(state, "apps/v1", "Deployment") {
        deployment(state, &object);
    }
    for object in all(state, "apps/v1", "StatefulSet") {
        stateful::settle(state, &object);
    }
    for object in all(state, "batch/v1", "Job") {
        job(state, &object);
    }
}

/// What a workload hangs on; for a Knative revision it is said of its Service.
pub(super) fn hang(state: &State, object: &Value) -> Option<Hang> {
    let namespace = text(&object["metadata"]["namespace"]);
    let service = &object["metadata"]["labels"]["serving.knative.dev/service"];
    let name = if service.is_string() {
        service
    } else {
        &object["metadata"]["name"]
    };
    let hang = state.hangs.get(&(namespace, text(name))).cloned();
    hang.or_else(|| {
        let containers = object["spec"]["template"]["spec"]["containers"].as_array();
        let mut images = containers
            .into_iter()
            .flatten()
            .map(|one| text(&one["image"]));
        images
            .any(|image| state.unpullable.contains(&image))
            .then(|| Hang::ImagePull("manifest unknown".to_owned()))
    })
}

/// The number of a Deployment's template, which its controller notes on it.
const REVISION: &str = "deployment.kubernetes.io/revision";

fn deployment(state: &mut State, deployment: &Value) {
    let deployment = &number(state, deployment);
    let hang = hang(state, deployment);
    let metadata = &deployment["metadata"];
    let spec = &deployment["spec"];
    let wanted = spec["replicas"].as_u64().unwrap_or(1);
    let id = hash(&spec["template"]);
    let name = format!("{}-{id}", text(&metadata["name"]));
    let mut template = spec["template"].clone();
    template["metadata"]["labels"]["pod-template-hash"] = json!(id);
    let mut selector = spec["selector"].clone();
    selector["matchLabels"]["pod-template-hash"] = json!(id);
    let known = dependents(state, "apps/v1", "ReplicaSet", deployment);
    let fresh = !known
        .iter()
        .any(|set| set["metadata"]["name"] == name.as_str());
    // What ran already goes on: a workload hangs on its next template, or on its first.
    let replica_set = |replicas: u64, name: &str, template: &Value, selector: &Value| {
        json!({
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": name,
                "namespace": metadata["namespace"],
                "labels": template["metadata"]["labels"],
                "annotations": {REVISION: metadata["annotations"][REVISION]},
                "ownerReferences": owner(deployment),
            },
            "spec": {"replicas": replicas, "selector": selector, "template": template},
        })
    };
    let set = MANAGER.keep(state, &replica_set(wanted, &name, &template, &selector));
    if fresh {
        let message = format!("Scaled up replica set {name} from 0 to {wanted}");
        event(state, deployment, "Normal", "ScalingReplicaSet", &message);
    }
    let ready = replicas(state, &set, wanted, hang.as_ref());
    let mut old_pods = 0;
    for old in dependents(state, "apps/v1", "ReplicaSet", deployment) {
        if old["metadata"]["name"] == name.as_str() {
            continue;
        }
        if ready < wanted {
            old_pods +=
                u64::try_from(dependents(state, "v1", "Pod", &old).len()).unwrap_or_default();
            continue;
        }
        let old_name = text(&old["metadata"]["name"]);
        let old = MANAGER.keep(
            state,
            &replica_set(
                0,
                &old_name,
                &old["spec"]["template"],
                &old["spec"]["selector"],
            ),
        );
        replicas(state, &old, 0, None);
    }
    let quota = matches!(hang, Some(Hang::Quota(_)));
    let updated = if quota { 0 } else { wanted };
    let available = ready + old_pods;
    let mut conditions = vec![];
    if available >= wanted {
        let message = "Deployment has minimum availability.";
        conditions.push(condition(
            deployment,
            "Available",
            "True",
            "MinimumReplicasAvailable",
            message,
        ));
    } else {
        let message = "Deployment does not have minimum availability.";
        conditions.push(condition(
            deployment,
            "Available",
            "False",
            "MinimumReplicasUnavailable",
            message,
        ));
    }
    if ready >= wanted {
        let message = format!("ReplicaSet {name:?} has successfully progressed.");
        conditions.push(condition(
            deployment,
            "Progressing",
            "True",
            "NewReplicaSetAvailable",
            &message,
        ));
    } else {
        let message = format!("ReplicaSet {name:?} is progressing.");
        conditions.push(condition(
            deployment,
            "Progressing",
            "True",
            "ReplicaSetUpdated",
            &message,
        ));
    }
    if let Some(Hang::Quota(message)) = &hang {
        let message = refused(&set, message);
        conditions.push(condition(
            deployment,
            "ReplicaFailure",
            "True",
            "FailedCreate",
            &message,
        ));
    }
    let status = json!({
        "observedGeneration": metadata["generation"],
        "replicas": count(updated + old_pods),
        "updatedReplicas": count(updated),
        "readyReplicas": count(available),
        "availableReplicas": count(available),
        "unavailableReplicas": count((updated + old_pods).max(wanted).saturating_sub(available)),
        "conditions": conditions,
    });
    MANAGER.status(state, deployment, &status);
}

/// Notes the number of the template: that of its ReplicaSet, or the next one.
fn number(state: &mut State, deployment: &Value) -> Value {
    let sets = dependents(state, "apps/v1", "ReplicaSet", deployment);
    let noted = |set: &Value| {
        set["metadata"]["annotations"][REVISION]
            .as_str()
            .and_then(|number| number.parse::<u64>().ok())
            .unwrap_or(0)
    };
    let name = format!(
        "{}-{}",
        text(&deployment["metadata"]["name"]),
        hash(&deployment["spec"]["template"])
    );
    let next = sets.iter().map(noted).max().unwrap_or(0) + 1;
    let current = sets
        .iter()
        .find(|set| set["metadata"]["name"] == name.as_str())
        .map_or(next, noted);
    let mut marked = deployment.clone();
    marked["metadata"]["annotations"][REVISION] = json!(current.to_string());
    MANAGER.write(
        state,
        &by_name("apps/v1", "Deployment"),
        Some(deployment),
        marked,
        "status",
    )
}

/// A number as Go's types write it: nothing where it is zero.
pub(super) fn count(number: u64) -> Value {
    if number == 0 {
        Value::Null
    } else {
        json!(number)
    }
}

fn refused(set: &Value, message: &str) -> String {
    let name = text(&set["metadata"]["name"]);
    format!("pods \"{name}-bcdfg\" is forbidden: exceeded quota: {message}")
}

/// Makes or ends the pods of a ReplicaSet: how many are ready.
fn replicas(state: &mut State, set: &Value, wanted: u64, hang: Option<&Hang>) -> u64 {
    let name = text(&set["metadata"]["name"]);
    let existing = dependents(state, "v1", "Pod", set);
    let kind = by_name("v1", "Pod");
    let keep = usize::try_from(wanted).unwrap_or_default();
    for pod in existing.iter().skip(keep) {
        state.take(
            &kind,
            &text(&pod["metadata"]["namespace"]),
            &text(&pod["metadata"]["name"]),
        );
    }
    if let (Some(Hang::Quota(message)), true) = (hang, wanted > 0 && existing.is_empty()) {
        event(
            state,
            set,
            "Warning",
            "FailedCreate",
            &format!("Error creating: {}", refused(set, message)),
        );
        return 0;
    }
    for index in 0..wanted {
        let id = hash(&json!([name, index]));
        let pod = pod(
            set,
            &format!("{name}-{}", &id[..5]),
            &set["spec"]["template"],
        );
        run(state, &pod, hang, false);
    }
    let ready = if hang.is_some() { 0 } else { wanted };
    let status = json!({
        "observedGeneration": set["metadata"]["generation"],
        "replicas": wanted,
        "fullyLabeledReplicas": count(wanted),
        "readyReplicas": count(ready),
        "availableReplicas": count(ready),
    });
    MANAGER.status(state, set, &status);
    ready
}

pub(super) fn pod(controller: &Value, name: &str, template: &Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": controller["metadata"]["namespace"],
            "labels": template["metadata"]["labels"],
            "annotations": template["metadata"]["annotations"],
            "ownerReferences": owner(controller),
        },
        "spec": template["spec"],
    })
}

/// Makes a pod and lets the kubelet act on it.
pub(super) fn run(state: &mut State, wanted: &Value, hang: Option<&Hang>, done: bool) {
    let pod = MANAGER.keep(state, wanted);
    if !pod["metadata"]["deletionTimestamp"].is_null() {
        return;
    }
    KUBELET.status(state, &pod, &pods::status(&pod, hang, done));
    let image = &pod["spec"]["containers"][0]["image"];
    let key = |previous: bool| {
        let metadata = &pod["metadata"];
        let container = text(&pod["spec"]["containers"][0]["name"]);
        (
            text(&metadata["namespace"]),
            text(&metadata["name"]),
            container,
            previous,
        )
    };
    match hang {
        Some(Hang::ImagePull(message)) => {
            let message = format!("Failed to pull image {image}: {message}");
            event(state, &pod, "Warning", "Failed", &message);
        }
        Some(Hang::CrashLoop(lines)) => {
            state.logs.insert(key(true), lines.clone());
            event(
                state,
                &pod,
                "Warning",
                "BackOff",
                "Back-off restarting failed container",
            );
        }
        Some(Hang::JobFailed(lines)) => {
            state.logs.insert(key(false), lines.clone());
        }
        Some(Hang::Unschedulable(message)) => {
            event(state, &pod, "Warning", "FailedScheduling", message)
        }
        Some(Hang::NeverReady) => {
            let message = "Readiness probe failed: HTTP probe failed with statuscode: 503";
            event(state, &pod, "Warning", "Unhealthy", message);
        }
        Some(Hang::Quota(_)) | None => {}
    }
}

/// Writes what a Job's pod is to say.
fn write(state: &mut State, pod: &Value) {
    let (namespace, name) = (
        text(&pod["metadata"]["namespace"]),
        text(&pod["metadata"]["name"]),
    );
    let says = state
        .says
        .iter()
        .find(|((of, job), _)| *of == namespace && name.starts_with(job.as_str()));
    let Some((_, said)) = says else {
        return;
    };
    let container = text(&pod["spec"]["containers"][0]["name"]);
    let said = said.clone();
    state.logs.insert((namespace, name, container, false), said);
}

fn job(state: &mut State, job: &Value) {
    let over = |condition: &Value| condition["type"] == "Complete" || condition["type"] == "Failed";
    if job["status"]["conditions"]
        .as_array()
        .is_some_and(|conditions| conditions.iter().any(over))
        || job["spec"]["suspend"] == true
    {
        return;
    }
    let hang = hang(state, job);
    let name = text(&job["metadata"]["name"]);
    let since = &job["metadata"]["creationTimestamp"];
    let mut status = json!({"startTime": since, "uncountedTerminatedPods": {}});
    if let Some(Hang::Quota(message)) = &hang {
        let message = format!("Error creating: {}", refused(job, message));
        event(state, job, "Warning", "FailedCreate", &message);
        MANAGER.status(state, job, &status);
        return;
    }
    let id = hash(&json!(name));
    let pod = pod(
        job,
        &format!("{name}-{}", &id[..5]),
        &job["spec"]["template"],
    );
    run(state, &pod, hang.as_ref(), true);
    if hang.is_none() {
        write(state, &pod);
    }
    match &hang {
        None => {
            status["succeeded"] = json!(1);
            status["ready"] = json!(0);
            status["completionTime"] = since.clone();
            let (reason, message) = (
                "CompletionsReached",
                "Reached expected number of succeeded pods",
            );
            status["conditions"] = json!([
                condition(job, "SuccessCriteriaMet", "True", reason, message),
                condition(job, "Complete", "True", reason, message),
            ]);
            event(state, job, "Normal", "Completed", "Job completed");
        }
        Some(Hang::JobFailed(_)) => {
            status["failed"] = json!(job["spec"]["backoffLimit"].as_u64().unwrap_or(6) + 1);
            status["ready"] = json!(0);
            let (reason, message) = (
                "BackoffLimitExceeded",
                "Job has reached the specified backoff limit",
            );
            status["conditions"] = json!([
                condition(job, "FailureTarget", "True", reason, message),
                condition(job, "Failed", "True", reason, message),
            ]);
            event(state, job, "Warning", reason, message);
        }
        Some(_) => {
            status["active"] = json!(1);
            status["ready"] = json!(0);
        }
    }
    MANAGER.status(state, job, &status);
}
