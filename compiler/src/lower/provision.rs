//! The Job that makes the streams and consumers, so that no function needs the right to.

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec};

use crate::graph::{Sandbox, Trigger};

use super::context::{Context, Identity};
use super::object::{Manifest, Object};
use super::pod::{self, Probes};
use super::{account, comment, harden, links, names, network, retired};

const CPU: &str = "50m";
const MEMORY: &str = "64Mi";
/// Long enough for a broker that starts at the same time.
const DEADLINE_SECONDS: i64 = 600;
const RETRIES: i32 = 10;

/// The provisioner's file; `None` where there is no queue.
pub(super) fn manifest(cx: Context<'_>) -> Option<Manifest> {
    if cx.graph.queues.is_empty() {
        return None;
    }
    let identity = cx.identity(&names::provision(cx.app()), names::PROVISION, "provisioner");
    let links = [links::provisioner(cx)];
    let mut container = pod::container(cx, names::PROVISION, (CPU, MEMORY), &links, &Probes::None);
    container
        .env
        .get_or_insert_default()
        .extend(retired::variable(cx));
    let spec = JobSpec {
        backoff_limit: Some(RETRIES),
        active_deadline_seconds: Some(DEADLINE_SECONDS),
        // No `ttlSecondsAfterFinished`: a GitOps controller would make a deleted Job anew, for ever. It stays
        // until its name changes and the controller prunes it.
        template: PodTemplateSpec {
            metadata: Some(identity.template()),
            spec: Some(PodSpec {
                restart_policy: Some("Never".to_owned()),
                security_context: Some(harden::pod()),
                ..pod::spec(cx, &identity, container, &links, Sandbox::None)
            }),
        },
        ..Default::default()
    };
    Some(Manifest {
        file: "provision.yaml".to_owned(),
        comment: about(cx) + &retired::about(cx) + &comment::notes(&links),
        objects: vec![
            account::account(&identity),
            job(cx, &identity, spec),
            network::policy(&identity, Vec::new(), network::egress_to(&links)).into(),
        ],
    })
}

/// A Job's template can't be changed, so its name follows from what it does: the streams and consumers it
/// makes, and its own pod with the image. What an overlay changes is not in the name.
fn job(cx: Context<'_>, identity: &Identity, spec: JobSpec) -> Object {
    let mut hasher = blake3::Hasher::new();
    for queue in &cx.graph.queues {
        let stream = (
            &queue.name,
            queue.max_deliveries.as_ref().map(|setting| setting.value),
            queue.ack_wait,
            queue.dead_letter,
            queue.dedupe_window,
            queue.max_age,
        );
        hasher.update(format!("{stream:?}\n").as_bytes());
    }
    for (_, workload) in cx.workloads() {
        for function in cx.functions(workload) {
            if let Trigger::Queue { queue, .. } = function.trigger {
                // What bounds the messages in hand: pods at the most, and calls in each.
                let load = (workload.limits.scale.max, workload.limits.concurrency);
                hasher.update(format!("{:?}\n", (queue.0, &function.name, load)).as_bytes());
            }
        }
    }
    hasher.update(&serde_json::to_vec(&spec).unwrap_or_default());
    let hash = hasher.finalize().to_hex();
    let name = format!("{}-{}", identity.object, &hash.as_str()[..10]);
    Job {
        metadata: identity.metadata_of(&name),
        spec: Some(spec),
        ..Default::default()
    }
    .into()
}

fn about(cx: Context<'_>) -> String {
    let mut text =
        "Makes the streams and consumers of the queues, before any function needs them.\n\
                    The image knows them; this only says when.\n\n\
                    Kubernetes never changes a Job's pod, so the name follows from it, image and all. Build with the\n\
                    image's digest; where an overlay's `images:` changes it, the old Job has to be replaced."
            .to_owned();
    for queue in &cx.graph.queues {
        text.push_str("\n\n");
        text.push_str(&comment::queue(queue));
        text.push_str(&format!(
            "\n  stream {}, subject {}",
            names::stream(cx.app(), &queue.name),
            names::subject(cx.app(), &queue.name)
        ));
        if queue.dead_letter {
            text.push_str(&format!(
                "\n  failed messages: stream {}, subject {}",
                names::dead_stream(cx.app(), &queue.name),
                names::dead_subject(cx.app(), &queue.name)
            ));
        }
    }
    text
}
