//! NetworkPolicies. Every policy names both directions, so what it doesn't let through is denied.
//! Probes are let through by Kubernetes itself: they come from the pod's own node.

use k8s_openapi::api::networking::v1::{
    IPBlock, NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer,
    NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::config::Egress;
use crate::graph::Workload;

use super::context::{Context, Identity};
use super::links::Link;

/// The policy of one part's pods.
pub(super) fn policy(
    identity: &Identity,
    ingress: Vec<NetworkPolicyIngressRule>,
    egress: Vec<NetworkPolicyEgressRule>,
) -> NetworkPolicy {
    NetworkPolicy {
        metadata: identity.metadata(),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(identity.selector()),
            policy_types: Some(vec!["Ingress".to_owned(), "Egress".to_owned()]),
            ingress: non_empty(ingress),
            egress: non_empty(egress),
        }),
    }
}

/// What a workload may connect to: names, its backends, and what `cloudc.toml` adds for it.
pub(super) fn egress(
    cx: Context<'_>,
    workload: &Workload,
    links: &[Link],
) -> Vec<NetworkPolicyEgressRule> {
    let mut rules = backends(links);
    let configured = cx.settings.egress.iter();
    rules.extend(
        configured
            .filter(|egress| applies(cx, workload, egress))
            .map(|egress| to([cidr(&egress.cidr)], egress.ports.iter().copied())),
    );
    if !rules.is_empty() {
        rules.insert(0, dns());
    }
    rules
}

/// What the provisioner may connect to.
pub(super) fn egress_to(links: &[Link]) -> Vec<NetworkPolicyEgressRule> {
    let mut rules = backends(links);
    rules.insert(0, dns());
    rules
}

fn backends(links: &[Link]) -> Vec<NetworkPolicyEgressRule> {
    links.iter().map(|link| link.egress.clone()).collect()
}

fn applies(cx: Context<'_>, workload: &Workload, egress: &Egress) -> bool {
    egress.functions.is_empty()
        || cx.functions(workload).any(|function| {
            egress
                .functions
                .iter()
                .any(|name| name.value == function.name)
        })
}

fn dns() -> NetworkPolicyEgressRule {
    let port = |protocol: &str| NetworkPolicyPort {
        port: Some(IntOrString::Int(53)),
        protocol: Some(protocol.to_owned()),
        ..Default::default()
    };
    NetworkPolicyEgressRule {
        to: Some(vec![namespaces(["kube-system"])]),
        ports: Some(vec![port("UDP"), port("TCP")]),
    }
}

/// Connections to these peers (none for any) on these TCP ports (none for any).
pub(super) fn to(
    peers: impl IntoIterator<Item = NetworkPolicyPeer>,
    tcp: impl IntoIterator<Item = u16>,
) -> NetworkPolicyEgressRule {
    NetworkPolicyEgressRule {
        to: non_empty(peers),
        ports: ports(tcp),
    }
}

/// Connections from these peers (none for any) on these TCP ports (none for any).
pub(super) fn from(
    peers: impl IntoIterator<Item = NetworkPolicyPeer>,
    tcp: impl IntoIterator<Item = u16>,
) -> NetworkPolicyIngressRule {
    NetworkPolicyIngressRule {
        from: non_empty(peers),
        ports: ports(tcp),
    }
}

fn ports(tcp: impl IntoIterator<Item = u16>) -> Option<Vec<NetworkPolicyPort>> {
    non_empty(tcp.into_iter().map(|port| NetworkPolicyPort {
        port: Some(IntOrString::Int(port.into())),
        protocol: Some("TCP".to_owned()),
        ..Default::default()
    }))
}

fn non_empty<T>(items: impl IntoIterator<Item = T>) -> Option<Vec<T>> {
    let items: Vec<T> = items.into_iter().collect();
    (!items.is_empty()).then_some(items)
}

/// The pods of these parts of the application.
pub(super) fn pods<'a>(app: &str, objects: impl IntoIterator<Item = &'a str>) -> NetworkPolicyPeer {
    let mut selector = one_of("app.kubernetes.io/instance", objects);
    let labels = selector.match_labels.get_or_insert_default();
    labels.insert("app.kubernetes.io/part-of".to_owned(), app.to_owned());
    NetworkPolicyPeer {
        pod_selector: Some(selector),
        ..Default::default()
    }
}

/// Every pod of these namespaces.
pub(super) fn namespaces<'a>(names: impl IntoIterator<Item = &'a str>) -> NetworkPolicyPeer {
    NetworkPolicyPeer {
        // Kubernetes sets this label on every namespace.
        namespace_selector: Some(one_of("kubernetes.io/metadata.name", names)),
        ..Default::default()
    }
}

/// Every pod of the cluster.
pub(super) fn cluster() -> NetworkPolicyPeer {
    NetworkPolicyPeer {
        namespace_selector: Some(LabelSelector::default()),
        ..Default::default()
    }
}

/// Every pod of the application's own namespace, whichever an overlay makes it.
pub(super) fn neighbours() -> NetworkPolicyPeer {
    NetworkPolicyPeer {
        pod_selector: Some(LabelSelector::default()),
        ..Default::default()
    }
}

/// Every address.
pub(super) fn anywhere() -> Vec<NetworkPolicyPeer> {
    ["0.0.0.0/0", "::/0"].map(cidr).to_vec()
}

/// A range of addresses.
pub(super) fn cidr(cidr: &str) -> NetworkPolicyPeer {
    NetworkPolicyPeer {
        ip_block: Some(IPBlock {
            cidr: cidr.to_owned(),
            except: None,
        }),
        ..Default::default()
    }
}

fn one_of<'a>(key: &str, values: impl IntoIterator<Item = &'a str>) -> LabelSelector {
    let mut values: Vec<String> = values.into_iter().map(str::to_owned).collect();
    let key = key.to_owned();
    if values.len() == 1 {
        return LabelSelector {
            match_labels: Some(values.pop().map(|value| (key, value)).into_iter().collect()),
            ..Default::default()
        };
    }
    LabelSelector {
        match_expressions: Some(vec![LabelSelectorRequirement {
            key,
            operator: "In".to_owned(),
            values: Some(values),
        }]),
        ..Default::default()
    }
}
