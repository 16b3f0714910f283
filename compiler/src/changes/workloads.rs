//! Which services come and go, and how workloads are set.

use super::change::{Change, Setting, Subject, What};
use super::compare::{millis, pairs, setting};
use super::document::{Document, Workload, WorkloadKind};

pub(super) fn compare(old: &Document, new: &Document, changes: &mut Vec<Change>) {
    let workloads = pairs(&old.workloads, &new.workloads, |workload| &workload.name);
    for pair in workloads.into_values() {
        match pair {
            (None, Some(workload)) => changes.extend(service(workload).map(|subject| {
                let trigger = None;
                Change::new(What::New { subject, trigger })
            })),
            (Some(workload), None) => changes.extend(service(workload).map(|subject| {
                let gone = Change::new(What::Gone { subject });
                gone.risky("its address is gone with it")
            })),
            (Some(old), Some(new)) => changes.extend(settings(old, new)),
            (None, None) => {}
        }
    }
}

/// A consumer or a schedule comes and goes with its function.
fn service(workload: &Workload) -> Option<Subject> {
    (workload.kind == WorkloadKind::Service).then(|| workload.subject())
}

fn settings(old: &Workload, new: &Workload) -> Vec<Change> {
    let of = new.subject();
    let set = |which, from: String, to: String| setting(&of, which, Some(from), Some(to));
    let kind = |workload: &Workload| workload.subject().kind.to_string();
    let sandbox = set(Setting::Sandbox, old.sandbox.clone(), new.sandbox.clone());
    let sandbox = sandbox.map(|change| {
        change.risky_if(
            new.sandbox == "none",
            "its pods share the kernel of their node",
        )
    });
    let plain = [
        set(Setting::Kind, kind(old), kind(new)),
        set(Setting::Scale, old.scale.to_string(), new.scale.to_string()),
        set(
            Setting::Concurrency,
            old.concurrency.to_string(),
            new.concurrency.to_string(),
        ),
        set(
            Setting::Timeout,
            millis(old.timeout_ms),
            millis(new.timeout_ms),
        ),
        set(Setting::Memory, old.memory.clone(), new.memory.clone()),
        set(Setting::Cpu, old.cpu.clone(), new.cpu.clone()),
        sandbox,
        visibility(&of, old, new),
    ];
    plain.into_iter().flatten().collect()
}

/// Only services have one.
fn visibility(of: &Subject, old: &Workload, new: &Workload) -> Option<Change> {
    let (from, to) = (old.visibility.clone()?, new.visibility.clone()?);
    let risk = match to.as_str() {
        "public" => "whoever reaches the cluster's ingress may call it",
        _ => "callers from outside of the cluster are shut out",
    };
    let change = setting(of, Setting::Visibility, Some(from), Some(to))?;
    Some(change.risky(risk))
}
