//! The bundled cache server: one Valkey that keeps nothing across restarts. A cache may lose
//! entries at any time, so a volume would only make it slower to come back.

use k8s_openapi::api::apps::v1::{StatefulSet, StatefulSetSpec};
use k8s_openapi::api::core::v1::{
    Container, PodSpec, PodTemplateSpec, Probe, TCPSocketAction, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::config::{BundledValkey, Valkey};

use super::context::{Context, Identity};
use super::links::VALKEY_PORT;
use super::object::{Manifest, Object};
use super::{account, harden, names, network, pod, resources, server, users};

const CPU: &str = "100m";

/// The workloads that use a cache, each with the rules of its user.
pub(super) fn users(cx: Context<'_>) -> Vec<(String, Vec<String>)> {
    users::permissions(cx).valkey.into_iter().collect()
}

/// The cache server's file; `None` where nobody uses a cache, or there is a server already.
pub(super) fn manifest(cx: Context<'_>) -> Option<Manifest> {
    let Valkey::Bundled(valkey) = &cx.settings.valkey else {
        return None;
    };
    let users = users(cx);
    if users.is_empty() {
        return None;
    }
    let identity = cx.identity(&names::valkey(cx.app()), "valkey", "cache");
    let clients = network::pods(cx.app(), users.iter().map(|(name, _)| name.as_str()));
    let ingress = vec![network::from([clients], [VALKEY_PORT])];
    Some(Manifest {
        file: "valkey.yaml".to_owned(),
        comment: "The cache server: one user for each workload that uses a cache.\n\
                  What a user may do follows from the edges of its functions."
            .to_owned(),
        objects: vec![
            account::account(&identity),
            server::headless(&identity, ("client", VALKEY_PORT)),
            stateful_set(&identity, container(cx, valkey, &users)),
            network::policy(&identity, ingress, Vec::new()).into(),
        ],
    })
}

fn stateful_set(identity: &Identity, container: Container) -> Object {
    StatefulSet {
        metadata: identity.metadata(),
        spec: Some(StatefulSetSpec {
            replicas: Some(1),
            service_name: Some(identity.object.clone()),
            pod_management_policy: Some(server::POD_MANAGEMENT.to_owned()),
            selector: identity.selector(),
            template: PodTemplateSpec {
                metadata: Some(identity.template()),
                spec: Some(PodSpec {
                    service_account_name: Some(identity.object.clone()),
                    automount_service_account_token: Some(false),
                    enable_service_links: Some(false),
                    security_context: Some(harden::pod()),
                    containers: vec![container],
                    volumes: Some(vec![pod::tmp()]),
                    ..Default::default()
                }),
            },
            ..Default::default()
        }),
        ..Default::default()
    }
    .into()
}

fn container(
    cx: Context<'_>,
    valkey: &BundledValkey,
    users: &[(String, Vec<String>)],
) -> Container {
    let secret = names::valkey_users(cx.app());
    let hash = |name: &str| names::variable("USER_", name, "_SHA256");
    Container {
        name: "valkey".to_owned(),
        image: Some(valkey.image.clone()),
        command: Some(vec!["valkey-server".to_owned()]),
        args: Some(arguments(valkey, users)),
        env: Some(
            users
                .iter()
                .map(|(name, _)| server::from_secret(&hash(name), &secret, name))
                .collect(),
        ),
        ports: Some(vec![server::port("client", VALKEY_PORT)]),
        readiness_probe: Some(probe(5)),
        liveness_probe: Some(probe(15)),
        resources: Some(resources::of(CPU, &valkey.memory)),
        security_context: Some(harden::container()),
        volume_mounts: Some(vec![VolumeMount {
            name: "tmp".to_owned(),
            mount_path: "/tmp".to_owned(),
            ..Default::default()
        }]),
        ..Default::default()
    }
}

/// The command line. The kubelet puts the hashes in; the server never sees a password.
fn arguments(valkey: &BundledValkey, users: &[(String, Vec<String>)]) -> Vec<String> {
    // The rest is for connections and what the allocator can't give back.
    let entries = resources::bytes(&valkey.memory) / 4 * 3;
    let port = VALKEY_PORT.to_string();
    let entries = entries.to_string();
    let mut arguments: Vec<String> = [
        ["--port", &port],
        ["--dir", "/tmp"],
        ["--save", ""],
        ["--appendonly", "no"],
        ["--maxmemory", &entries],
        ["--maxmemory-policy", "allkeys-lru"],
    ]
    .concat()
    .into_iter()
    .chain(["--user", "default", "off"])
    .map(str::to_owned)
    .collect();
    for (name, rules) in users {
        let hash = names::variable("USER_", name, "_SHA256");
        arguments.extend(["--user", name, "on"].map(str::to_owned));
        arguments.push(format!("#$({hash})"));
        arguments.extend(rules.iter().cloned());
    }
    arguments
}

/// Nobody is logged in, so a connection is all that can be asked for.
fn probe(period: i32) -> Probe {
    Probe {
        tcp_socket: Some(TCPSocketAction {
            port: IntOrString::String("client".to_owned()),
            ..Default::default()
        }),
        period_seconds: Some(period),
        timeout_seconds: Some(2),
        ..Default::default()
    }
}
