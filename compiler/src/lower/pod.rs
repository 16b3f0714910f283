//! The pod of a workload: the application's image, told by `CLOUDC_WORKLOAD` which part of it to be.

use std::time::Duration;

use k8s_openapi::api::core::v1::{
    Container, ContainerPort, EmptyDirVolumeSource, HTTPGetAction, LocalObjectReference, PodSpec,
    Probe, TopologySpreadConstraint, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::graph::{Limits, Sandbox};

use super::context::{Context, Identity};
use super::harden;
use super::links::{Link, variable};
use super::resources;

/// The port on which a workload answers: requests for a service, probes for every kind that stays.
pub(super) const PORT: u16 = 8080;
/// The most a pod may write to `/tmp`.
const TMP: &str = "64Mi";
/// What a pod gets on top of its handlers' timeout to hand its work back and leave.
const SLACK: Duration = Duration::from_secs(10);

/// How a pod is asked whether it is well.
pub(super) enum Probes {
    /// It stays, and answers on [`PORT`], which has this name.
    Http(&'static str),
    /// It runs once: its exit code is the answer.
    None,
}

/// The one container of a pod.
pub(super) fn container(
    cx: Context<'_>,
    workload: &str,
    (cpu, memory): (&str, &str),
    links: &[Link],
    probes: &Probes,
) -> Container {
    let mut env: Vec<_> = links.iter().flat_map(Link::env).collect();
    env.push(variable("CLOUDC_WORKLOAD", workload));
    let mut mounts: Vec<_> = links.iter().map(Link::mount).collect();
    mounts.push(VolumeMount {
        name: "tmp".to_owned(),
        mount_path: "/tmp".to_owned(),
        ..Default::default()
    });
    let mut container = Container {
        name: "app".to_owned(),
        image: Some(cx.settings.image(cx.app())),
        env: Some(env),
        resources: Some(resources::of(cpu, memory)),
        security_context: Some(harden::container()),
        volume_mounts: Some(mounts),
        ..Default::default()
    };
    if let Probes::Http(port) = probes {
        container.ports = Some(vec![ContainerPort {
            name: Some((*port).to_owned()),
            container_port: PORT.into(),
            protocol: Some("TCP".to_owned()),
            ..Default::default()
        }]);
        container.readiness_probe = Some(probe("/.cloudc/readyz", 5));
        container.liveness_probe = Some(probe("/.cloudc/healthz", 10));
    }
    container
}

fn probe(path: &str, period: i32) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.to_owned()),
            // The number of the container's only port: Knative takes no other, and no name.
            port: IntOrString::Int(PORT.into()),
            ..Default::default()
        }),
        period_seconds: Some(period),
        timeout_seconds: Some(2),
        ..Default::default()
    }
}

/// A pod with nothing that Knative refuses: it fits every kind of workload.
pub(super) fn spec(
    cx: Context<'_>,
    identity: &Identity,
    container: Container,
    links: &[Link],
    sandbox: Sandbox,
) -> PodSpec {
    let mut volumes: Vec<_> = links.iter().map(Link::volume).collect();
    volumes.push(tmp());
    let secrets = &cx.settings.image_pull_secrets;
    PodSpec {
        service_account_name: Some(identity.object.clone()),
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        image_pull_secrets: (!secrets.is_empty()).then(|| {
            let reference = |name: &String| LocalObjectReference { name: name.clone() };
            secrets.iter().map(reference).collect()
        }),
        runtime_class_name: match sandbox {
            Sandbox::None => None,
            Sandbox::Gvisor => Some("gvisor".to_owned()),
        },
        containers: vec![container],
        volumes: Some(volumes),
        ..Default::default()
    }
}

/// Adds what only plain Kubernetes takes: the pod's own security context and its grace period.
pub(super) fn on_kubernetes(spec: PodSpec, limits: &Limits) -> PodSpec {
    PodSpec {
        security_context: Some(harden::pod()),
        termination_grace_period_seconds: Some(grace_seconds(limits.timeout)),
        ..spec
    }
}

/// Spreads a Deployment's pods over zones and nodes, as far as there are any.
pub(super) fn spread(identity: &Identity) -> Vec<TopologySpreadConstraint> {
    ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
        .map(|key| TopologySpreadConstraint {
            topology_key: key.to_owned(),
            max_skew: 1,
            when_unsatisfiable: "ScheduleAnyway".to_owned(),
            label_selector: Some(identity.selector()),
            ..Default::default()
        })
        .to_vec()
}

/// The only place a pod can write to.
pub(super) fn tmp() -> Volume {
    Volume {
        name: "tmp".to_owned(),
        empty_dir: Some(EmptyDirVolumeSource {
            size_limit: Some(Quantity(TMP.to_owned())),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// How long a pod may take to leave: its handlers' timeout, and a little to hand work back.
pub(super) fn grace_seconds(timeout: Duration) -> i64 {
    seconds(timeout.saturating_add(SLACK))
}

/// Whole seconds, rounded up: a limit never becomes shorter than the user wrote.
pub(super) fn seconds(duration: Duration) -> i64 {
    let whole = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    i64::try_from(whole).unwrap_or(i64::MAX)
}
