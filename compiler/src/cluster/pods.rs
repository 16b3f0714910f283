//! Why a workload's pods do not come up: what a person would look for with `kubectl describe` and `kubectl logs`.

use jiff::SignedDuration;
use k8s_openapi::api::core::v1::{ContainerStatus, Event, Pod};
use kube::api::{ListParams, LogParams};
use kube::{Api, Client, ResourceExt as _};

use crate::release::Key;
use crate::text::plain;

/// Lines of a log that are shown.
const LINES: i64 = 5;
/// The longest log line that is shown, in characters.
const LINE: usize = 300;
/// How long a program may fail its probes until that is a reason. Kubernetes asks every ten seconds where nobody says, Knative more
/// often.
const STARTING: SignedDuration = SignedDuration::from_secs(20);

/// Where to look for a workload's pods.
pub(super) struct Pods<'a> {
    pub(super) client: &'a Client,
    pub(super) app: &'a str,
    pub(super) namespace: &'a str,
}

impl Pods<'_> {
    /// What keeps the pods of a workload from running, if anything does; of a StatefulSet with the `revision` that they are to have.
    /// Best effort: who may not look learns nothing.
    pub(super) async fn trouble(
        &self,
        key: &Key,
        instance: &str,
        revision: Option<&str>,
    ) -> Option<String> {
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), self.namespace);
        let labels = format!(
            "app.kubernetes.io/instance={instance},app.kubernetes.io/part-of={}",
            self.app
        );
        let mut found = pods
            .list(&ListParams::default().labels(&labels))
            .await
            .ok()?
            .items;
        // What becomes of one that leaves says nothing about those that come, nor does what became of a Job before this one.
        found.retain(|pod| {
            pod.metadata.deletion_timestamp.is_none() && !is_of_another_job(key, pod)
        });
        // The newest pod is of the newest template.
        found.sort_by_key(|pod| std::cmp::Reverse(pod.creation_timestamp()));
        let left = revision.and_then(|revision| {
            let mut pods = found.iter();
            pods.find(|pod| is_left_behind(pod, revision))
        });
        if let Some(pod) = left {
            let name = pod.name_any();
            return Some(format!(
                "its pod {name} is of an older template and never became ready, and Kubernetes does not replace it: \
                 kubectl delete pod {name} -n {}",
                self.namespace
            ));
        }
        for pod in &found {
            if let Some(trouble) = unscheduled(pod) {
                return Some(trouble);
            }
            for container in containers(pod) {
                if let Some(trouble) = waits(container) {
                    return Some(trouble);
                }
                if let Some(exit) = crashes(container) {
                    let log = self.log(&pods, pod, container).await;
                    return Some(format!("{exit}{log}"));
                }
            }
        }
        let late: Vec<&Pod> = found.iter().filter(|pod| !is_ready(pod)).collect();
        self.event(|event| {
            if found.is_empty() {
                made_by(key, event)
            } else {
                late.iter().any(|pod| keeps_back(pod, event))
            }
        })
        .await
    }

    async fn log(&self, pods: &Api<Pod>, pod: &Pod, container: &ContainerStatus) -> String {
        let parameters = LogParams {
            container: Some(container.name.clone()),
            previous: container.restart_count > 0,
            tail_lines: Some(LINES),
            ..Default::default()
        };
        let Ok(log) = pods.logs(&pod.name_any(), &parameters).await else {
            return String::new();
        };
        let lines = log.lines().map(|line| {
            let line = plain(line);
            format!("\n    {}", line.chars().take(LINE).collect::<String>())
        });
        lines.collect()
    }

    /// The last warning that is a `reason`.
    async fn event(&self, is_reason: impl Fn(&Event) -> bool) -> Option<String> {
        let events: Api<Event> = Api::namespaced(self.client.clone(), self.namespace);
        let mut found = events.list(&ListParams::default()).await.ok()?.items;
        found.retain(|event| event.type_.as_deref() == Some("Warning") && is_reason(event));
        found.sort_by_key(|event| event.last_timestamp.as_ref().map(|time| time.0));
        let event = found.pop()?;
        let reason = event.reason.unwrap_or_default();
        Some(format!("{reason}: {}", event.message.unwrap_or_default()))
    }
}

/// Whether a warning says why a pod is not ready. Why it had no node for a while is over once it has one, and a program that starts
/// fails its first probes.
fn keeps_back(pod: &Pod, event: &Event) -> bool {
    let object = &event.involved_object;
    // A StatefulSet's pods have the names of those before them.
    let is_it = object.name == pod.metadata.name && object.uid == pod.metadata.uid;
    if object.kind.as_deref() != Some("Pod") || !is_it {
        return false;
    }
    match event.reason.as_deref() {
        Some("FailedScheduling") => false,
        Some("Unhealthy") => {
            let started = containers(pod).filter_map(|container| {
                let running = container.state.as_ref()?.running.as_ref()?;
                Some(running.started_at.as_ref()?.0)
            });
            let (Some(started), Some(last)) = (started.max(), event.last_timestamp.as_ref()) else {
                return true;
            };
            last.0.duration_since(started) >= STARTING
        }
        _ => true,
    }
}

/// Whether a warning is about a workload, or about what a controller made of it on the way to its pods.
fn made_by(key: &Key, event: &Event) -> bool {
    let object = &event.involved_object;
    let kind = object.kind.as_deref().unwrap_or_default();
    let name = object.name.as_deref().unwrap_or_default();
    let rest = name
        .strip_prefix(&key.name)
        .and_then(|rest| rest.strip_prefix('-'));
    match (key.kind.as_str(), kind) {
        (own, kind) if own == kind => name == key.name,
        ("Deployment", "ReplicaSet") => rest.is_some_and(|hash| !hash.contains('-')),
        // A revision's name ends with a hash of ten digits, and so on from there.
        ("Service", "Revision" | "Deployment" | "ReplicaSet") => rest.is_some_and(|rest| {
            let hash = rest.split('-').next().unwrap_or_default();
            hash.len() == 10 && hash.bytes().all(|digit| digit.is_ascii_hexdigit())
        }),
        _ => false,
    }
}

/// Whether a pod is of another Job than the one that is asked about. Their pods stay when they are done.
fn is_of_another_job(key: &Key, pod: &Pod) -> bool {
    let own = pod.labels().get("batch.kubernetes.io/job-name");
    key.kind == "Job" && own.is_some_and(|own| *own != key.name)
}

/// Whether a StatefulSet's pod is of an older template and stays: not every Kubernetes replaces one that is not ready. The first
/// patches of 1.35 do not (https://github.com/kubernetes/kubernetes/issues/137409).
fn is_left_behind(pod: &Pod, revision: &str) -> bool {
    let own = pod.labels().get("controller-revision-hash");
    own.is_some_and(|own| own != revision)
        && !is_ready(pod)
        && pod.metadata.deletion_timestamp.is_none()
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod
        .status
        .as_ref()
        .and_then(|status| status.conditions.as_ref());
    let mut conditions = conditions.into_iter().flatten();
    conditions.any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

fn containers(pod: &Pod) -> impl Iterator<Item = &ContainerStatus> {
    let status = pod.status.as_ref();
    let statuses = status.and_then(|status| status.container_statuses.as_ref());
    statuses.into_iter().flatten()
}

fn unscheduled(pod: &Pod) -> Option<String> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    let scheduled = conditions
        .iter()
        .find(|condition| condition.type_ == "PodScheduled")?;
    if scheduled.status == "True" {
        return None;
    }
    let message = scheduled.message.as_deref().unwrap_or("no node takes it");
    Some(format!("no node for its pod: {message}"))
}

fn waits(container: &ContainerStatus) -> Option<String> {
    let waiting = container.state.as_ref()?.waiting.as_ref()?;
    let reason = waiting.reason.as_deref()?;
    let message = waiting.message.as_deref().unwrap_or_default();
    match reason {
        "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" | "ErrImageNeverPull" => {
            Some(format!(
                "the image {} cannot be pulled ({reason}): {message}",
                container.image
            ))
        }
        "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" => {
            Some(format!("its container cannot start ({reason}): {message}"))
        }
        _ => None,
    }
}

fn crashes(container: &ContainerStatus) -> Option<String> {
    let state = container.state.as_ref()?;
    let backs_off = state
        .waiting
        .as_ref()
        .is_some_and(|waiting| waiting.reason.as_deref() == Some("CrashLoopBackOff"));
    let ended = state
        .terminated
        .as_ref()
        .filter(|ended| ended.exit_code != 0);
    // Between two tries it runs for a moment.
    let tries = container.restart_count > 0 && !container.ready;
    if !backs_off && ended.is_none() && !tries {
        return None;
    }
    let last = container
        .last_state
        .as_ref()
        .and_then(|state| state.terminated.as_ref());
    let ended = ended.or(last);
    let reason = ended.and_then(|ended| ended.reason.as_deref());
    let code = match (ended, reason) {
        (_, Some("OOMKilled")) => "was killed for using too much memory".to_owned(),
        (_, Some("StartError")) => "could not be started".to_owned(),
        (Some(ended), _) => format!("ended with exit code {}", ended.exit_code),
        (None, _) => "keeps ending".to_owned(),
    };
    let times = match container.restart_count {
        0 => String::new(),
        1 => ", and was started again once".to_owned(),
        times => format!(", and was started again {times} times"),
    };
    // One that never ran has no log: the node says why.
    let why = ended.and_then(|ended| ended.message.as_deref());
    let why = why.filter(|_| reason == Some("StartError"));
    let why = why.map(|why| format!(": {why}")).unwrap_or_default();
    Some(format!("its program {code}{times}{why}"))
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn what_a_new_pod_says_of_its_first_seconds_is_no_reason() {
        let pod = |uid: &str| -> Pod {
            let running = json!({"startedAt": "2026-01-01T00:00:10Z"});
            from_value(json!({
                "metadata": {"name": "shop-nats-0", "uid": uid},
                "status": {"containerStatuses": [{
                    "name": "nats", "image": "", "imageID": "", "ready": false, "restartCount": 0, "state": {"running": running},
                }]},
            }))
            .expect("a pod")
        };
        let event = |reason: &str, second: u32| -> Event {
            from_value(json!({
                "metadata": {},
                "involvedObject": {"kind": "Pod", "name": "shop-nats-0", "uid": "1"},
                "reason": reason, "lastTimestamp": format!("2026-01-01T00:00:{second}Z"),
            }))
            .expect("an event")
        };
        for (reason, second, keeps) in [
            ("Unhealthy", 11, false),
            ("Unhealthy", 30, true),
            ("FailedScheduling", 20, false),
            ("FailedMount", 11, true),
        ] {
            assert_eq!(
                keeps_back(&pod("1"), &event(reason, second)),
                keeps,
                "{reason} {second}"
            );
        }
        let of_the_one_before = keeps_back(&pod("2"), &event("FailedMount", 11));
        assert!(!of_the_one_before);
    }

    #[test]
    fn a_program_that_ends_is_described() {
        let ended = |reason: &str, restarts: u32| {
            let ended = json!({"exitCode": 128, "reason": reason, "message": "no such file"});
            let container = from_value(json!({
                "name": "app", "image": "", "imageID": "", "ready": false, "restartCount": restarts,
                "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": ended},
            }));
            crashes(&container.expect("a container"))
        };
        let said = |text: &str| Some(text.to_owned());
        assert_eq!(
            ended("StartError", 2),
            said("its program could not be started, and was started again 2 times: no such file")
        );
        assert_eq!(
            ended("Error", 1),
            said("its program ended with exit code 128, and was started again once")
        );
        assert_eq!(
            ended("OOMKilled", 0),
            said("its program was killed for using too much memory")
        );
    }
}
