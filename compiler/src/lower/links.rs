//! What a workload connects to, and what its pods need for that: addresses, credentials, a way
//! through the network.

use std::net::IpAddr;

use k8s_openapi::api::core::v1::{EnvVar, SecretVolumeSource, Volume, VolumeMount};
use k8s_openapi::api::networking::v1::{NetworkPolicyEgressRule, NetworkPolicyPeer};

use crate::config::{Address, Nats, Valkey};
use crate::graph::WorkloadId;

use super::context::Context;
use super::{names, network, permissions};

/// The port of the bundled broker.
pub(super) const NATS_PORT: u16 = 4222;
/// The port of the bundled cache server.
pub(super) const VALKEY_PORT: u16 = 6379;
/// The Secrets' keys become files here, one folder a backend.
const CREDENTIALS: &str = "/var/run/secrets/cloudc";

/// A backend that a workload connects to.
pub(super) struct Link {
    /// `nats`: what its variables, volume and folder are called after.
    name: &'static str,
    /// Where it is, as its clients write it.
    url: String,
    /// The Secret with the workload's credentials.
    secret: String,
    /// The rule that lets the workload's pods through to it.
    pub(super) egress: NetworkPolicyEgressRule,
    /// What people should know of that rule.
    pub(super) note: Option<String>,
}

/// The backends of a workload: those that its edges need, none besides.
pub(super) fn of(cx: Context<'_>, id: WorkloadId, name: &str) -> Vec<Link> {
    let broker = permissions::nats(cx.graph, id).map(|_| nats(cx, name));
    let cache = permissions::valkey(cx.graph, id).map(|_| valkey(cx, name));
    broker.into_iter().chain(cache).collect()
}

/// The broker, for the workload of this name.
pub(super) fn nats(cx: Context<'_>, workload: &str) -> Link {
    let scheme = |tls| if tls { "tls" } else { "nats" };
    match &cx.settings.nats {
        Nats::Bundled(_) => bundled(
            cx,
            "nats",
            scheme(false),
            &names::nats(cx.app()),
            NATS_PORT,
            names::nats_secret(workload),
        ),
        Nats::Existing(nats) => existing("nats", scheme(nats.tls), &nats.address, &nats.secret),
    }
}

/// The broker, for the provisioner: it may have credentials of its own.
pub(super) fn provisioner(cx: Context<'_>) -> Link {
    let link = nats(cx, &names::provision(cx.app()));
    let own = match &cx.settings.nats {
        Nats::Bundled(_) => None,
        Nats::Existing(nats) => nats.provision_secret.clone(),
    };
    Link {
        secret: own.unwrap_or(link.secret),
        ..link
    }
}

fn valkey(cx: Context<'_>, workload: &str) -> Link {
    let scheme = |tls| if tls { "rediss" } else { "redis" };
    match &cx.settings.valkey {
        Valkey::Bundled(_) => bundled(
            cx,
            "valkey",
            scheme(false),
            &names::valkey(cx.app()),
            VALKEY_PORT,
            names::valkey_secret(workload),
        ),
        Valkey::Existing(valkey) => existing(
            "valkey",
            scheme(valkey.tls),
            &valkey.address,
            &valkey.secret,
        ),
    }
}

/// The short host name: it holds in whichever namespace an overlay puts the application.
fn bundled(
    cx: Context<'_>,
    name: &'static str,
    scheme: &str,
    host: &str,
    port: u16,
    secret: String,
) -> Link {
    Link {
        name,
        url: format!("{scheme}://{host}:{port}"),
        secret,
        egress: network::to([network::pods(cx.app(), [host])], [port]),
        note: None,
    }
}

fn existing(name: &'static str, scheme: &str, address: &Address, secret: &str) -> Link {
    let (peers, note) = match peer(address) {
        Some(peer) => (vec![peer], None),
        None => (network::anywhere(), Some(anywhere(address))),
    };
    Link {
        name,
        url: format!("{scheme}://{address}"),
        secret: secret.to_owned(),
        egress: network::to(peers, [address.port]),
        note,
    }
}

/// Where an address can be held to: itself for an IP address, its namespace for a Service of the cluster, as
/// far as Kubernetes' search domains take it. `None` for a name outside, or one that ends with a dot.
fn peer(address: &Address) -> Option<NetworkPolicyPeer> {
    let host = address.host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(ip) = host.parse::<IpAddr>() {
        let bits = if ip.is_ipv4() { 32 } else { 128 };
        return Some(network::cidr(&format!("{ip}/{bits}")));
    }
    let mut parts = host.split('.').skip(1);
    match (parts.next(), parts.next()) {
        (None, _) => Some(network::neighbours()),
        (Some(namespace), None | Some("svc")) => Some(network::namespaces([namespace])),
        _ => None,
    }
}

/// Why a rule lets everything through.
fn anywhere(address: &Address) -> String {
    format!(
        "Connections to port {} go anywhere: a NetworkPolicy knows no names, and {} is outside of the cluster.",
        address.port, address.host
    )
}

impl Link {
    /// `CLOUDC_NATS_URL` and `CLOUDC_NATS_CREDENTIALS`: where it is, and the folder with the Secret's files.
    pub(super) fn env(&self) -> [EnvVar; 2] {
        let prefix = format!("CLOUDC_{}", self.name.to_ascii_uppercase());
        [
            variable(&format!("{prefix}_CREDENTIALS"), &self.folder()),
            variable(&format!("{prefix}_URL"), &self.url),
        ]
    }

    /// A file and no variable: it doesn't leak into child processes and crash reports, and a changed
    /// Secret arrives without a restart.
    pub(super) fn volume(&self) -> Volume {
        Volume {
            name: self.name.to_owned(),
            secret: Some(SecretVolumeSource {
                secret_name: Some(self.secret.clone()),
                ..Default::default()
            }),
            ..Default::default()
        }
    }

    pub(super) fn mount(&self) -> VolumeMount {
        VolumeMount {
            name: self.name.to_owned(),
            mount_path: self.folder(),
            read_only: Some(true),
            ..Default::default()
        }
    }

    fn folder(&self) -> String {
        format!("{CREDENTIALS}/{}", self.name)
    }
}

pub(super) fn variable(name: &str, value: &str) -> EnvVar {
    EnvVar {
        name: name.to_owned(),
        value: Some(value.to_owned()),
        ..Default::default()
    }
}
