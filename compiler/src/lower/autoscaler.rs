//! A HorizontalPodAutoscaler: how a Deployment scales on Kubernetes alone.

use k8s_openapi::api::autoscaling::v2::{
    CrossVersionObjectReference, HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec, MetricSpec,
    MetricTarget, ResourceMetricSource,
};

use crate::graph::Scale;

use super::context::Identity;
use super::object::Object;

/// The share of the requested CPU at which pods are added.
const CPU_PERCENT: i32 = 70;
/// Pods at the most where the user sets no bound; the API wants one.
const UNBOUNDED: u32 = 100;

/// The scale as Kubernetes alone can give it: it knows no zero, so at least one pod.
pub(super) fn scale(scale: Scale) -> (u32, u32) {
    let min = scale.min.max(1);
    (min, scale.max.unwrap_or(UNBOUNDED).max(min))
}

/// The autoscaler of a Deployment.
pub(super) fn autoscaler(identity: &Identity, bounds: Scale) -> Object {
    let (min, max) = scale(bounds);
    let count = |pods: u32| i32::try_from(pods).unwrap_or(i32::MAX);
    HorizontalPodAutoscaler {
        metadata: identity.metadata(),
        spec: Some(HorizontalPodAutoscalerSpec {
            scale_target_ref: CrossVersionObjectReference {
                api_version: Some("apps/v1".to_owned()),
                kind: "Deployment".to_owned(),
                name: identity.object.clone(),
            },
            min_replicas: Some(count(min)),
            max_replicas: count(max),
            metrics: Some(vec![MetricSpec {
                type_: "Resource".to_owned(),
                resource: Some(ResourceMetricSource {
                    name: "cpu".to_owned(),
                    target: MetricTarget {
                        type_: "Utilization".to_owned(),
                        average_utilization: Some(CPU_PERCENT),
                        ..Default::default()
                    },
                }),
                ..Default::default()
            }]),
            ..Default::default()
        }),
        ..Default::default()
    }
    .into()
}
