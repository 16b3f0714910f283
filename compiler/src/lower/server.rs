//! What the bundled servers have in common.

use k8s_openapi::api::core::v1::{
    ContainerPort, EnvVar, EnvVarSource, SecretKeySelector, Service, ServicePort, ServiceSpec,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::context::Identity;
use super::object::Object;

/// How a server's StatefulSet makes its pod. Where pods are made in order, one that never became ready is not replaced by one of a
/// newer template (https://github.com/kubernetes/kubernetes/issues/67250), so a wrong image would stand in the way of the right one.
pub(super) const POD_MANAGEMENT: &str = "Parallel";

/// The Service of a StatefulSet: its name leads straight to the one pod.
pub(super) fn headless(identity: &Identity, port: (&str, u16)) -> Object {
    service(identity, &identity.object, port, Some("None".to_owned()))
}

/// A Service beside it.
pub(super) fn address(identity: &Identity, name: &str, port: (&str, u16)) -> Object {
    service(identity, name, port, None)
}

fn service(
    identity: &Identity,
    name: &str,
    (port_name, port): (&str, u16),
    cluster_ip: Option<String>,
) -> Object {
    Service {
        metadata: identity.metadata_of(name),
        spec: Some(ServiceSpec {
            type_: Some("ClusterIP".to_owned()),
            cluster_ip,
            selector: Some(identity.pods()),
            ports: Some(vec![ServicePort {
                name: Some(port_name.to_owned()),
                port: port.into(),
                target_port: Some(IntOrString::String(port_name.to_owned())),
                protocol: Some("TCP".to_owned()),
                ..Default::default()
            }]),
            ..Default::default()
        }),
        ..Default::default()
    }
    .into()
}

/// A port of a container.
pub(super) fn port(name: &str, port: u16) -> ContainerPort {
    ContainerPort {
        name: Some(name.to_owned()),
        container_port: port.into(),
        protocol: Some("TCP".to_owned()),
        ..Default::default()
    }
}

/// A variable with a Secret's value: public keys and hashes only. A missing one keeps the server from
/// starting, and the pod's events say which.
pub(super) fn from_secret(variable: &str, secret: &str, key: &str) -> EnvVar {
    EnvVar {
        name: variable.to_owned(),
        value_from: Some(EnvVarSource {
            secret_key_ref: Some(SecretKeySelector {
                name: secret.to_owned(),
                key: key.to_owned(),
                ..Default::default()
            }),
            ..Default::default()
        }),
        ..Default::default()
    }
}
