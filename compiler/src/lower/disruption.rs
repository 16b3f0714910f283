//! A PodDisruptionBudget: nodes are drained one pod at a time.

use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::context::Identity;
use super::object::Object;

/// The budget of a workload that always has pods. One at a time instead of a number that must
/// stay: with a single pod the latter would hold up every drain.
pub(super) fn budget(identity: &Identity) -> Object {
    PodDisruptionBudget {
        metadata: identity.metadata(),
        spec: Some(PodDisruptionBudgetSpec {
            max_unavailable: Some(IntOrString::Int(1)),
            selector: Some(identity.selector()),
            // Pods that don't work anyway must not hold up a drain either.
            unhealthy_pod_eviction_policy: Some("AlwaysAllow".to_owned()),
            ..Default::default()
        }),
        ..Default::default()
    }
    .into()
}
