//! Where KEDA runs. The broker's NetworkPolicy lets it read the lag from one namespace, and a consumer whose lag nobody reads never
//! wakes up.

use std::collections::BTreeSet;

use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService;
use kube::{Api, Client};
use serde_json::Value;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::release::Release;

use super::request::patiently;

/// The API through which KEDA gives the autoscaler its metrics. A cluster has one server of it.
const METRICS: &str = "v1beta1.external.metrics.k8s.io";

/// How the Service behind that API begins where the server is KEDA's: `keda-metrics-apiserver` in its manifests,
/// `keda-operator-metrics-apiserver` in its chart.
const SERVER: &str = "keda-";

/// Says that KEDA runs in another namespace than those that the broker lets in. `None` also where this user may not look.
pub(super) async fn elsewhere(client: &Client, release: &Release) -> Option<Diagnostic> {
    let let_in = let_in(release);
    if let_in.is_empty() {
        return None;
    }
    let services: Api<APIService> = Api::all(client.clone());
    let found = patiently(|| services.get_opt(METRICS)).await.ok()??;
    let server = found.spec?.service?;
    let namespace = server.namespace?;
    if !server.name?.starts_with(SERVER) || let_in.contains(namespace.as_str()) {
        return None;
    }
    let named: Vec<&str> = let_in.into_iter().collect();
    Some(
        Diagnostic::error(
            codes::CLUSTER_LACKS,
            format!(
                "KEDA runs in the namespace {namespace}, and the broker lets it read the lag from {} alone: no consumer would wake up",
                named.join(", ")
            ),
        )
        .help(format!("write `keda.namespace = \"{namespace}\"` in cloudc.toml")),
    )
}

/// The namespaces from which the broker of the release lets requests in.
fn let_in(release: &Release) -> BTreeSet<&str> {
    let policies = release.objects.iter().filter(|object| {
        object["kind"] == "NetworkPolicy"
            && object["metadata"]["labels"]["app.kubernetes.io/component"] == "broker"
    });
    policies
        .flat_map(|policy| list(&policy["spec"]["ingress"]))
        .flat_map(|rule| list(&rule["from"]))
        .filter_map(|peer| {
            peer.pointer("/namespaceSelector/matchLabels/kubernetes.io~1metadata.name")
        })
        .filter_map(Value::as_str)
        .collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
