//! A queue function: pods that pull from one durable consumer.

use crate::config::Target;
use crate::graph::{Trigger, Workload, WorkloadId};

use super::context::{Context, Identity};
use super::object::{Manifest, Object};
use super::pod::{self, Probes};
use super::{account, autoscaler, comment, deployment, disruption, keda, links, network};

/// The file of a queue function.
pub(super) fn manifest(cx: Context<'_>, id: WorkloadId, workload: &Workload) -> Manifest {
    let identity = cx.workload(workload);
    let limits = &workload.limits;
    let links = links::of(cx, id, &workload.name);
    let container = pod::container(
        cx,
        &workload.name,
        (&limits.cpu, &limits.memory),
        &links,
        &Probes::Http("health"),
    );
    let pod = pod::spec(cx, &identity, container, &links, limits.sandbox);
    let mut objects = vec![
        account::account(&identity),
        deployment::deployment(&identity, pod::on_kubernetes(pod, limits)),
    ];
    let always_there = match cx.settings.target {
        Target::Knative => {
            objects.extend(scaled_object(cx, &identity, workload));
            limits.scale.min >= 1
        }
        Target::Kubernetes => {
            objects.push(autoscaler::autoscaler(&identity, limits.scale));
            true
        }
    };
    if always_there {
        objects.push(disruption::budget(&identity));
    }
    let egress = network::egress(cx, workload, &links);
    objects.push(network::policy(&identity, Vec::new(), egress).into());
    Manifest {
        file: format!("consumer-{}.yaml", workload.name),
        comment: comment::workload(cx, workload, &links),
        objects,
    }
}

fn scaled_object(cx: Context<'_>, identity: &Identity, workload: &Workload) -> Option<Object> {
    let function = cx.functions(workload).next()?;
    let Trigger::Queue { queue, batch } = &function.trigger else {
        return None;
    };
    let queue = cx.graph.queues.get(queue.0)?;
    let batch = batch.as_ref().map_or(1, |batch| batch.value);
    keda::scaled_object(
        cx,
        identity,
        &workload.limits,
        queue,
        (&function.name, batch),
    )
}
