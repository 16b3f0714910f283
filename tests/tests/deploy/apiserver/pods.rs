//! Pods: what they look like when they run and when they hang, and what their containers wrote.

use serde_json::{Value, json};

use super::request::{Call, Target};
use super::status::Failure;
use super::store::{State, text};

/// Why a workload does not come up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hang {
    /// Its image cannot be pulled, and what the registry said.
    ImagePull(String),
    /// Its containers end again and again, and what they last wrote.
    CrashLoop(String),
    /// No node takes its pods, and what the scheduler says.
    Unschedulable(String),
    /// A quota does not let its pods be made: the quota's name, and the numbers.
    Quota(String),
    /// Its pods run and are never ready.
    NeverReady,
    /// A Job that failed as often as it may, and what its container last wrote.
    JobFailed(String),
}

/// The status of a pod. `done` is a pod that ran to its end.
pub(crate) fn status(pod: &Value, hang: Option<&Hang>, done: bool) -> Value {
    let since = pod["metadata"]["creationTimestamp"].clone();
    let image = &pod["spec"]["containers"][0]["image"];
    let running = json!({"running": {"startedAt": since}});
    let ended = |code: i64, reason: &str| {
        json!({"terminated": {
            "exitCode": code,
            "reason": reason,
            "startedAt": since,
            "finishedAt": since,
            "containerID": "containerd://0",
        }})
    };
    let waiting =
        |reason: &str, message: &str| json!({"waiting": {"reason": reason, "message": message}});
    let (phase, ready, restarts, state, last) = match hang {
        Some(Hang::Unschedulable(message)) => {
            return json!({
                "phase": "Pending",
                "qosClass": "Burstable",
                "conditions": [{
                    "type": "PodScheduled",
                    "status": "False",
                    "reason": "Unschedulable",
                    "message": message,
                    "lastProbeTime": null,
                    "lastTransitionTime": since,
                }],
            });
        }
        Some(Hang::ImagePull(message)) => {
            let message = format!("Back-off pulling image {image}: ErrImagePull: {message}");
            (
                "Pending",
                false,
                0,
                waiting("ImagePullBackOff", &message),
                json!({}),
            )
        }
        Some(Hang::CrashLoop(_)) => {
            let message = format!(
                "back-off 5m0s restarting failed container={} pod={}_{}({})",
                text(&pod["spec"]["containers"][0]["name"]),
                text(&pod["metadata"]["name"]),
                text(&pod["metadata"]["namespace"]),
                text(&pod["metadata"]["uid"]),
            );
            (
                "Running",
                false,
                5,
                waiting("CrashLoopBackOff", &message),
                ended(1, "Error"),
            )
        }
        Some(Hang::JobFailed(_)) => ("Failed", false, 0, ended(1, "Error"), json!({})),
        Some(Hang::NeverReady | Hang::Quota(_)) => ("Running", false, 0, running, json!({})),
        None if done => ("Succeeded", false, 0, ended(0, "Completed"), json!({})),
        None => ("Running", true, 0, running, json!({})),
    };
    let condition = |kind: &str, good: bool| {
        let mut condition = json!({
            "type": kind,
            "status": if good { "True" } else { "False" },
            "lastProbeTime": null,
            "lastTransitionTime": since,
        });
        if !good {
            let names: Vec<String> = containers(pod)
                .map(|container| text(&container["name"]))
                .collect();
            condition["reason"] = json!(if done {
                "PodCompleted"
            } else {
                "ContainersNotReady"
            });
            condition["message"] = json!(format!(
                "containers with unready status: [{}]",
                names.join(" ")
            ));
        }
        condition
    };
    let statuses = containers(pod).map(|container| {
        json!({
            "name": container["name"],
            "image": container["image"],
            "imageID": if restarts > 0 || ready { container["image"].clone() } else { json!("") },
            "ready": ready,
            "started": state.get("running").is_some(),
            "restartCount": restarts,
            "state": state,
            "lastState": last,
        })
    });
    json!({
        "phase": phase,
        "qosClass": "Burstable",
        "startTime": since,
        "podIP": "10.244.0.9",
        "conditions": [
            condition("PodReadyToStartContainers", true),
            condition("Initialized", true),
            condition("Ready", ready),
            condition("ContainersReady", ready),
            condition("PodScheduled", true),
        ],
        "containerStatuses": statuses.collect::<Vec<_>>(),
    })
}

fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    pod["spec"]["containers"].as_array().into_iter().flatten()
}

/// `GET` on a pod's log: text, the last lines alone where they are bounded.
pub(crate) fn log(state: &State, target: &Target, call: &Call) -> Result<String, Failure> {
    let (_, pod) = super::read::get(state, target)?;
    let names: Vec<String> = containers(&pod)
        .map(|container| text(&container["name"]))
        .collect();
    let wanted = call.parameter("container");
    let name = &target.name;
    if wanted.is_empty() && names.len() > 1 {
        let message =
            format!("a container name must be specified for pod {name}, choose one of: {names:?}");
        return Err(Failure::bad_request(message));
    }
    let container = if wanted.is_empty() {
        names.first().cloned().unwrap_or_default()
    } else {
        wanted.to_owned()
    };
    if !names.contains(&container) {
        return Err(Failure::bad_request(format!(
            "container {container} is not valid for pod {name}"
        )));
    }
    let statuses = pod["status"]["containerStatuses"].as_array();
    let status = statuses
        .into_iter()
        .flatten()
        .find(|status| status["name"] == container.as_str());
    let previous = call.parameter("previous") == "true";
    let ran = status.is_some_and(|status| !status["lastState"]["terminated"].is_null());
    if previous && !ran {
        let message =
            format!("previous terminated container {container:?} in pod {name:?} not found");
        return Err(Failure::bad_request(message));
    }
    let waits = status.and_then(|status| status["state"]["waiting"]["reason"].as_str());
    if let Some(reason) = waits.filter(|_| !ran) {
        let why = if reason == "ImagePullBackOff" {
            "trying and failing to pull image"
        } else {
            reason
        };
        let message = format!("container {container:?} in pod {name:?} is waiting to start: {why}");
        return Err(Failure::bad_request(message));
    }
    let key = |previous| {
        (
            target.namespace.clone(),
            name.clone(),
            container.clone(),
            previous,
        )
    };
    // Between two runs the log of the last one is that of the run before.
    let written = state
        .logs
        .get(&key(previous))
        .or_else(|| state.logs.get(&key(!previous)).filter(|_| waits.is_some()));
    let lines: Vec<&str> = written
        .map(|text| text.lines().collect())
        .unwrap_or_default();
    let tail = call
        .parameter("tailLines")
        .parse::<usize>()
        .unwrap_or(lines.len());
    let first = lines.len().saturating_sub(tail);
    Ok(lines[first..]
        .iter()
        .map(|line| format!("{line}\n"))
        .collect())
}
