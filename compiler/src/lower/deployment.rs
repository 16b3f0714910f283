//! A Deployment without `replicas`: whoever scales it counts its pods.

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec};
use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec};

use super::context::Identity;
use super::object::Object;
use super::pod;

/// The Deployment of these pods.
pub(super) fn deployment(identity: &Identity, pod: PodSpec) -> Object {
    Deployment {
        metadata: identity.metadata(),
        spec: Some(DeploymentSpec {
            selector: identity.selector(),
            template: PodTemplateSpec {
                metadata: Some(identity.template()),
                spec: Some(PodSpec {
                    topology_spread_constraints: Some(pod::spread(identity)),
                    ..pod
                }),
            },
            ..Default::default()
        }),
        ..Default::default()
    }
    .into()
}
