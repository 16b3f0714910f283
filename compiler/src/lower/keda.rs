//! KEDA's `ScaledObject`: the fields that cloudc uses, and the lowering of a queue function's scale to it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

use crate::config::Nats;
use crate::graph::{Limits, Queue};

use super::context::{Context, Identity};
use super::names;
use super::nats::MONITORING_PORT;
use super::object::Object;

/// `keda.sh/v1alpha1` `ScaledObject`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScaledObject {
    api_version: &'static str,
    kind: &'static str,
    /// The metadata. A name of at most 54 characters: the HPA behind it is `keda-hpa-<name>`.
    pub metadata: ObjectMeta,
    /// The specification.
    pub spec: ScaledObjectSpec,
}

/// A ScaledObject's specification.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScaledObjectSpec {
    /// What is scaled.
    pub scale_target_ref: ScaleTarget,
    /// Seconds between two looks at the queue while there is no pod.
    pub polling_interval: i32,
    /// Seconds of silence before the last pod leaves.
    pub cooldown_period: i32,
    /// Pods at the least.
    pub min_replica_count: u32,
    /// Pods at the most.
    pub max_replica_count: u32,
    /// What it is scaled by.
    pub triggers: Vec<Trigger>,
}

/// A Deployment of the same namespace.
#[derive(Clone, Debug, Serialize)]
pub struct ScaleTarget {
    /// Its name.
    pub name: String,
}

/// What a Deployment is scaled by.
#[derive(Clone, Debug, Serialize)]
pub struct Trigger {
    #[serde(rename = "type")]
    kind: &'static str,
    /// How the queue is found and what its lag means.
    pub metadata: JetStream,
}

/// The metadata of the `nats-jetstream` scaler: text, all of it. KEDA checks none of it on admission.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JetStream {
    /// `host:port` of the server's monitoring.
    pub nats_server_monitoring_endpoint: String,
    /// The account as the server names it; any other and KEDA finds no consumer.
    pub account: String,
    /// The stream.
    pub stream: String,
    /// The durable consumer.
    pub consumer: String,
    /// Messages that one pod is meant to have: waiting ones and those in hand.
    pub lag_threshold: String,
    /// Above this many the first pod comes.
    pub activation_lag_threshold: String,
    /// Whether the monitoring speaks TLS.
    pub use_https: String,
}

/// A message to a sleeping function waits for this at the most, and a little for the pod to start. KEDA's own 30 would be felt.
const POLLING_SECONDS: i32 = 5;
/// As long as Knative lets an idle service live, so that all of an application falls asleep alike. Work in
/// hand counts as lag, so nothing is cut short.
const COOLDOWN_SECONDS: i32 = 60;
/// KEDA's own bound where the user sets none; more where they want more at the least.
const UNBOUNDED: u32 = 100;

/// The scale of a queue function. `None` without monitoring to look at; `lower::check` has reported that.
pub(super) fn scaled_object(
    cx: Context<'_>,
    identity: &Identity,
    limits: &Limits,
    queue: &Queue,
    (function, batch): (&str, u32),
) -> Option<Object> {
    let (endpoint, account, https) = match &cx.settings.nats {
        Nats::Bundled(_) => {
            // KEDA looks from its own namespace, so the name says which one this is.
            let service = names::nats_monitoring(cx.app());
            let endpoint = format!("{service}.{}.svc:{MONITORING_PORT}", cx.namespace());
            (endpoint, names::account(cx.app()), false)
        }
        Nats::Existing(nats) => (
            nats.monitoring.as_ref()?.to_string(),
            nats.account.as_deref()?,
            nats.monitoring_tls,
        ),
    };
    let object = ScaledObject {
        api_version: "keda.sh/v1alpha1",
        kind: "ScaledObject",
        metadata: identity.metadata(),
        spec: ScaledObjectSpec {
            scale_target_ref: ScaleTarget {
                name: identity.object.clone(),
            },
            polling_interval: POLLING_SECONDS,
            cooldown_period: COOLDOWN_SECONDS,
            min_replica_count: limits.scale.min,
            max_replica_count: limits.scale.max.unwrap_or(UNBOUNDED).max(limits.scale.min),
            triggers: vec![Trigger {
                kind: "nats-jetstream",
                metadata: JetStream {
                    nats_server_monitoring_endpoint: endpoint,
                    account: account.to_owned(),
                    stream: names::stream(cx.app(), &queue.name),
                    consumer: names::consumer(function).to_owned(),
                    lag_threshold: (u64::from(limits.concurrency) * u64::from(batch)).to_string(),
                    activation_lag_threshold: "0".to_owned(),
                    use_https: https.to_string(),
                },
            }],
        },
    };
    Some(object.into())
}
