//! Knative's `Service`: the fields that cloudc uses, and the lowering of an HTTP service to it.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::PodSpec;
use k8s_openapi::api::networking::v1::NetworkPolicyEgressRule;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

use crate::graph::{Limits, Visibility};

use super::context::{Context, Identity};
use super::object::Object;
use super::{network, pod};

/// `serving.knative.dev/v1` `Service`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KnativeService {
    api_version: &'static str,
    kind: &'static str,
    /// The metadata. No annotation of autoscaling: Knative rejects it here.
    pub metadata: ObjectMeta,
    /// The specification.
    pub spec: KnativeSpec,
}

/// A Knative Service's specification.
#[derive(Clone, Debug, Serialize)]
pub struct KnativeSpec {
    /// What every revision is made from.
    pub template: RevisionTemplate,
}

/// A revision's metadata and specification.
#[derive(Clone, Debug, Serialize)]
pub struct RevisionTemplate {
    /// The annotations of autoscaling stand here. No name: Knative numbers its revisions.
    pub metadata: ObjectMeta,
    /// The specification.
    pub spec: RevisionSpec,
}

/// A revision's specification: a pod's, and how Knative drives it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RevisionSpec {
    /// Requests at the same time in one pod; the rest waits.
    pub container_concurrency: i64,
    /// How long a request may take, the wait for a pod included; also how long a pod may take to leave.
    pub timeout_seconds: i64,
    /// The pod.
    #[serde(flatten)]
    pub pod: PodSpec,
}

/// The ports on which the queue-proxy beside the container takes requests: HTTP/1, HTTP/2, and TLS where the
/// cluster turns `system-internal-tls` on. `BackendHTTPPort` and its like in Knative's `networking`.
const REQUESTS: [u16; 3] = [8012, 8013, 8112];
/// The queue-proxy's metrics, which the autoscaler reads.
const METRICS: u16 = 9090;
/// `max-revision-timeout-seconds` of Knative Serving, as it comes. A longer timeout of a user's `check` refuses.
const MOST_SECONDS: i64 = 600;
/// How long the queue-proxy takes requests after it was told to leave, and holds the container's own signal back.
const DRAIN: Duration = Duration::from_secs(30);

/// The label of a Knative Service that only the cluster may call.
pub(crate) const VISIBILITY: &str = "networking.knative.dev/visibility";

/// An HTTP service.
pub(super) fn service(identity: &Identity, limits: &Limits, pod: PodSpec) -> Object {
    let mut metadata = identity.metadata();
    if limits.visibility == Visibility::Private {
        let labels = metadata.labels.get_or_insert_default();
        labels.insert(VISIBILITY.to_owned(), "cluster-local".to_owned());
    }
    KnativeService {
        api_version: "serving.knative.dev/v1",
        kind: "Service",
        metadata,
        spec: KnativeSpec {
            template: RevisionTemplate {
                metadata: ObjectMeta {
                    annotations: Some(autoscaling(limits)),
                    ..identity.template()
                },
                spec: RevisionSpec {
                    container_concurrency: limits.concurrency.into(),
                    timeout_seconds: timeout_seconds(limits),
                    pod: eager(pod),
                },
            },
        },
    }
    .into()
}

/// More than the user's number, to which the runtime holds a handler. Knative counts from the request's arrival: the activator
/// (`NewTimeoutHandler` in `cmd/activator/main.go`) holds it while a pod starts, and a cold start must not eat the handler's time.
/// The pod's grace period is the same number (`makePodSpec` in `pkg/reconciler/revision/resources`), and the first thirty seconds of it
/// are the queue-proxy's (`drainSleepDuration` in `pkg/queue/sharedmain`): the container hears of its end after them.
///
/// Between 590 s and Knative's most there is less than ten seconds on top: a request that waits for a pod and then takes all of its time
/// is ended by Knative, and a pod that leaves in the middle of it is killed.
fn timeout_seconds(limits: &Limits) -> i64 {
    pod::grace_seconds(limits.timeout.max(DRAIN)).min(MOST_SECONDS)
}

/// Leaves the period of the readiness probe to Knative: without one it asks many times a second until the
/// first success, so a cold start takes no longer than it must. It takes no timeout beside that.
///
/// The threshold is Knative's default. It has to be written: beside a revision's name Knative fills in defaults the first time
/// only, and refuses the same manifest without them the second time (`ConfigurationSpec.SetDefaults`).
fn eager(mut pod: PodSpec) -> PodSpec {
    for container in &mut pod.containers {
        if let Some(probe) = &mut container.readiness_probe {
            probe.period_seconds = None;
            probe.timeout_seconds = None;
            probe.success_threshold = Some(1);
        }
    }
    pod
}

/// The autoscaler aims at `containerConcurrency` by itself, so the bounds are all it is told.
fn autoscaling(limits: &Limits) -> BTreeMap<String, String> {
    // Knative writes "no limit" as 0.
    let max = limits.scale.max.unwrap_or(0);
    [("min-scale", limits.scale.min), ("max-scale", max)]
        .into_iter()
        .map(|(key, value)| (format!("autoscaling.knative.dev/{key}"), value.to_string()))
        .collect()
}

/// Who may connect to the pods: Knative's activator and autoscaler, and its ingress, which connects
/// straight to them once the activator has stepped aside.
pub(super) fn policy(
    cx: Context<'_>,
    identity: &Identity,
    egress: Vec<NetworkPolicyEgressRule>,
) -> Object {
    let ingress = cx.settings.knative.ingress.iter().map(String::as_str);
    let serving = network::namespaces(["knative-serving"]);
    let mut rules = vec![network::from(
        [serving],
        REQUESTS.into_iter().chain([METRICS]),
    )];
    if !cx.settings.knative.ingress.is_empty() {
        rules.push(network::from([network::namespaces(ingress)], REQUESTS));
    }
    network::policy(identity, rules, egress).into()
}
