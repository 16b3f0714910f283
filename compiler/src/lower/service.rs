//! An HTTP service: one workload for the HTTP functions of a package.

use k8s_openapi::api::core::v1::{PodSpec, Service, ServicePort, ServiceSpec};
use k8s_openapi::api::networking::v1::NetworkPolicyEgressRule;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::config::Target;
use crate::graph::{Visibility, Workload, WorkloadId};

use super::context::{Context, Identity};
use super::object::{Manifest, Object};
use super::pod::{self, PORT, Probes};
use super::{account, autoscaler, comment, deployment, disruption, knative, links, network};

/// The name of the port; Knative reads the protocol from it.
const PORT_NAME: &str = "http1";

/// The file of a service.
pub(super) fn manifest(cx: Context<'_>, id: WorkloadId, workload: &Workload) -> Manifest {
    let identity = cx.workload(workload);
    let limits = &workload.limits;
    let links = links::of(cx, id, &workload.name);
    let container = pod::container(
        cx,
        &workload.name,
        (&limits.cpu, &limits.memory),
        &links,
        &Probes::Http(PORT_NAME),
    );
    let pod = pod::spec(cx, &identity, container, &links, limits.sandbox);
    let egress = network::egress(cx, workload, &links);
    let mut objects = vec![account::account(&identity)];
    match cx.settings.target {
        Target::Knative => {
            objects.push(knative::service(&identity, limits, pod));
            // One pod alone may go at any time: Knative starts another when a request comes.
            if limits.scale.min >= 2 {
                objects.push(disruption::budget(&identity));
            }
            objects.push(knative::policy(cx, &identity, egress));
        }
        Target::Kubernetes => objects.extend(plain(&identity, workload, pod, egress)),
    }
    Manifest {
        file: format!("service-{}.yaml", workload.name),
        comment: comment::workload(cx, workload, &links),
        objects,
    }
}

fn plain(
    identity: &Identity,
    workload: &Workload,
    pod: PodSpec,
    egress: Vec<NetworkPolicyEgressRule>,
) -> [Object; 5] {
    let limits = &workload.limits;
    let from = match limits.visibility {
        Visibility::Public => None,
        Visibility::Private => Some(network::cluster()),
    };
    [
        deployment::deployment(identity, pod::on_kubernetes(pod, limits)),
        address(identity),
        autoscaler::autoscaler(identity, limits.scale),
        disruption::budget(identity),
        network::policy(identity, vec![network::from(from, [PORT])], egress).into(),
    ]
}

/// The Kubernetes Service in front of the pods; an Ingress or a Gateway of the cluster leads to it.
fn address(identity: &Identity) -> Object {
    Service {
        metadata: identity.metadata(),
        spec: Some(ServiceSpec {
            type_: Some("ClusterIP".to_owned()),
            selector: Some(identity.pods()),
            ports: Some(vec![ServicePort {
                name: Some("http".to_owned()),
                port: 80,
                target_port: Some(IntOrString::String(PORT_NAME.to_owned())),
                protocol: Some("TCP".to_owned()),
                ..Default::default()
            }]),
            ..Default::default()
        }),
        ..Default::default()
    }
    .into()
}
