//! Which functions come, go and move, and what starts them.

use super::change::{Change, Kind, Setting, Subject, What};
use super::compare::{pairs, setting};
use super::document::{Document, Function, Trigger, WorkloadKind};

pub(super) fn compare(old: &Document, new: &Document, changes: &mut Vec<Change>) {
    let functions = pairs(&old.functions, &new.functions, |function| &function.name);
    for (name, pair) in functions {
        let subject = Subject::new(Kind::Function, name);
        match pair {
            (None, Some(function)) => changes.push(Change::new(What::New {
                subject,
                trigger: Some(function.trigger.to_string()),
            })),
            (Some(function), None) => {
                changes.push(unanswered(
                    Change::new(What::Gone { subject }),
                    function,
                    new,
                ));
            }
            (Some(was), Some(is)) => {
                changes.extend(moved(&subject, (old, was), (new, is)));
                changes.extend(trigger(&subject, was, is, new));
            }
            (None, None) => {}
        }
    }
}

/// A consumer or a schedule is called after its function and moves nowhere.
fn moved(
    subject: &Subject,
    old: (&Document, &Function),
    new: (&Document, &Function),
) -> Option<Change> {
    let service = |(graph, function): (&Document, &Function)| {
        let workload = graph.workload(&function.workload)?;
        (workload.kind == WorkloadKind::Service).then(|| workload.name.clone())
    };
    let (from, to) = (service(old)?, service(new)?);
    let risk = format!("its address is that of service {to}");
    let moved = from != to;
    let subject = subject.clone();
    moved.then(|| Change::new(What::Moved { subject, from, to }).risky(risk))
}

fn trigger(subject: &Subject, old: &Function, new: &Function, graph: &Document) -> Vec<Change> {
    let set = |which, from: String, to: String| setting(subject, which, Some(from), Some(to));
    let all = match (&old.trigger, &new.trigger) {
        (Trigger::Http { .. }, Trigger::Http { .. }) => {
            let (from, to) = (old.trigger.to_string(), new.trigger.to_string());
            let route = set(Setting::Route, from, to);
            vec![route.map(|change| unanswered(change, old, graph))]
        }
        (
            Trigger::Queue { queue, batch },
            Trigger::Queue {
                queue: new_queue,
                batch: new_batch,
            },
        ) => {
            let number = |batch: &Option<u32>| batch.map(|batch| batch.to_string());
            vec![
                set(Setting::Queue, queue.clone(), new_queue.clone()),
                setting(subject, Setting::Batch, number(batch), number(new_batch)),
            ]
        }
        (
            Trigger::Schedule { cron, timezone },
            Trigger::Schedule {
                cron: new_cron,
                timezone: new_zone,
            },
        ) => vec![
            set(Setting::Cron, cron.clone(), new_cron.clone()),
            set(Setting::Timezone, timezone.clone(), new_zone.clone()),
        ],
        (from, to) => {
            let other = set(Setting::Trigger, from.to_string(), to.to_string());
            vec![other.map(|change| unanswered(change, old, graph))]
        }
    };
    all.into_iter().flatten().collect()
}

/// Says so where requests are answered no more that were. Another function may have the route now.
fn unanswered(change: Change, old: &Function, new: &Document) -> Change {
    let Trigger::Http { method, path } = &old.trigger else {
        return change;
    };
    let has = |function: &Function| {
        matches!(&function.trigger, Trigger::Http { method: is, path: at } if is == method && at == path)
            && function.workload == old.workload
    };
    if new.functions.iter().any(has) {
        return change;
    }
    change.risky(format!("nobody answers {method} {path} any more"))
}
