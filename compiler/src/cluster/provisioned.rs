//! What the provisioner did, read off its log.

use k8s_openapi::api::core::v1::Pod;
use kube::api::{ListParams, LogParams};
use kube::{Api, Client, ResourceExt as _};
use serde_json::Value;

/// Lines of its log that are looked at.
const LINES: i64 = 200;

/// The messages of a Job's last pod, one a line: it logs JSON. Best effort: nothing depends on them.
pub(super) async fn messages(client: &Client, namespace: &str, job: &str) -> Vec<String> {
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let selector = ListParams::default().labels(&format!("batch.kubernetes.io/job-name={job}"));
    let Ok(found) = pods.list(&selector).await else {
        return Vec::new();
    };
    let Some(pod) = found
        .items
        .iter()
        .max_by_key(|pod| pod.creation_timestamp())
    else {
        return Vec::new();
    };
    let parameters = LogParams {
        tail_lines: Some(LINES),
        ..Default::default()
    };
    let log = pods
        .logs(&pod.name_any(), &parameters)
        .await
        .unwrap_or_default();
    log.lines().filter_map(message).collect()
}

fn message(line: &str) -> Option<String> {
    let line: Value = serde_json::from_str(line).ok()?;
    let message = line
        .pointer("/fields/message")
        .or_else(|| line.get("message"))?;
    let text: String = message
        .as_str()?
        .chars()
        .filter(|char| !char.is_control())
        .collect();
    (!text.is_empty()).then_some(text)
}
