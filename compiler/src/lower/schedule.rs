//! A schedule function: the image, run once at points in time.

use k8s_openapi::api::batch::v1::{CronJob, CronJobSpec, JobSpec, JobTemplateSpec};
use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec};

use crate::graph::{Trigger, Workload, WorkloadId};

use super::context::{Context, Identity};
use super::object::{Manifest, Object};
use super::pod::{self, Probes};
use super::{account, comment, links, network};

/// A run that could not start within five minutes is left out. Without a bound the controller stops for good
/// after a hundred missed runs; below ten seconds it may never start one.
const STARTING_DEADLINE_SECONDS: i64 = 300;
/// How often a failed run is tried again.
const RETRIES: i32 = 2;
/// What an attempt gets on top of its timeout: to be scheduled, to pull the image, to wait after a failure.
const OVERHEAD_SECONDS: i64 = 60;
/// Finished runs that stay to be looked at, of either outcome.
const HISTORY: i32 = 3;

/// The file of a schedule function.
pub(super) fn manifest(cx: Context<'_>, id: WorkloadId, workload: &Workload) -> Manifest {
    let identity = cx.workload(workload);
    let limits = &workload.limits;
    let links = links::of(cx, id, &workload.name);
    let container = pod::container(
        cx,
        &workload.name,
        (&limits.cpu, &limits.memory),
        &links,
        &Probes::None,
    );
    let pod = pod::spec(cx, &identity, container, &links, limits.sandbox);
    let pod = PodSpec {
        restart_policy: Some("Never".to_owned()),
        ..pod::on_kubernetes(pod, limits)
    };
    let egress = network::egress(cx, workload, &links);
    let mut objects = vec![account::account(&identity)];
    objects.extend(cron_job(cx, &identity, workload, pod));
    objects.push(network::policy(&identity, Vec::new(), egress).into());
    Manifest {
        file: format!("schedule-{}.yaml", workload.name),
        comment: comment::workload(cx, workload, &links),
        objects,
    }
}

fn cron_job(
    cx: Context<'_>,
    identity: &Identity,
    workload: &Workload,
    pod: PodSpec,
) -> Option<Object> {
    let function = cx.functions(workload).next()?;
    let Trigger::Schedule { cron, timezone } = &function.trigger else {
        return None;
    };
    let job = JobSpec {
        backoff_limit: Some(RETRIES),
        // The runtime ends an attempt at its timeout; this ends a run whose runtime could not.
        active_deadline_seconds: Some(deadline(workload)),
        template: PodTemplateSpec {
            metadata: Some(identity.template()),
            spec: Some(pod),
        },
        ..Default::default()
    };
    let object = CronJob {
        metadata: identity.metadata(),
        spec: Some(CronJobSpec {
            schedule: cron.clone(),
            time_zone: Some(timezone.value.clone()),
            concurrency_policy: Some("Forbid".to_owned()),
            starting_deadline_seconds: Some(STARTING_DEADLINE_SECONDS),
            successful_jobs_history_limit: Some(HISTORY),
            failed_jobs_history_limit: Some(HISTORY),
            job_template: JobTemplateSpec {
                metadata: Some(identity.template()),
                spec: Some(job),
            },
            ..Default::default()
        }),
        ..Default::default()
    };
    Some(object.into())
}

fn deadline(workload: &Workload) -> i64 {
    let attempts = i64::from(RETRIES) + 1;
    let attempt = pod::seconds(workload.limits.timeout).saturating_add(OVERHEAD_SECONDS);
    attempt.saturating_mul(attempts)
}
