//! Which queues and caches come and go, and how they are set.

use super::change::{Change, Kind, Setting, Subject, What};
use super::compare::{is_less, millis, pairs, setting};
use super::document::{Cache, Document, Queue};

pub(super) fn queues(old: &Document, new: &Document, changes: &mut Vec<Change>) {
    for (name, pair) in pairs(&old.queues, &new.queues, |queue| &queue.name) {
        let subject = Subject::new(Kind::Queue, name);
        match pair {
            (None, Some(_)) => changes.push(fresh(subject)),
            (Some(_), None) => {
                let gone = Change::new(What::Gone { subject });
                changes.push(gone.risky("no function takes what is in it"));
            }
            (Some(was), Some(is)) => {
                changes.extend(consumer(&subject, old.consumer(name), new.consumer(name)));
                changes.extend(queue(&subject, was, is));
            }
            (None, None) => {}
        }
    }
}

pub(super) fn caches(old: &Document, new: &Document, changes: &mut Vec<Change>) {
    for (name, pair) in pairs(&old.caches, &new.caches, |cache| &cache.name) {
        let subject = Subject::new(Kind::Cache, name);
        match pair {
            (None, Some(_)) => changes.push(fresh(subject)),
            (Some(_), None) => changes.push(Change::new(What::Gone { subject })),
            (Some(old), Some(new)) => changes.extend(cache(&subject, old, new)),
            (None, None) => {}
        }
    }
}

fn fresh(subject: Subject) -> Change {
    let trigger = None;
    Change::new(What::New { subject, trigger })
}

fn consumer(queue: &Subject, old: Option<&str>, new: Option<&str>) -> Option<Change> {
    if old == new {
        return None;
    }
    let change = Change::new(What::Consumer {
        subject: queue.clone(),
        from: old.map(str::to_owned),
        to: new.map(str::to_owned),
    });
    Some(match (old, new) {
        (Some(_), None) => change.risky("what is sent to it waits"),
        (Some(old), Some(_)) => change.risky(format!(
            "what {old} has taken and not acknowledged comes again"
        )),
        (None, _) => change,
    })
}

fn queue(of: &Subject, old: &Queue, new: &Queue) -> Vec<Change> {
    let number = |bound: Option<u32>| bound.map(|bound| bound.to_string());
    let on = |is: bool| Some(if is { "on" } else { "off" }.to_owned());
    let time = |time: u64| Some(millis(time));
    let failed = if new.dead_letter {
        "a message that has failed as often is a dead letter at once"
    } else {
        "a message that has failed as often is dropped at once"
    };
    let set = |which, old, new| setting(of, which, old, new);
    let all = [
        payload(of, &old.payload, &new.payload),
        set(
            Setting::MaxDeliveries,
            number(old.max_deliveries),
            number(new.max_deliveries),
        )
        .map(|change| change.risky_if(is_less(old.max_deliveries, new.max_deliveries), failed)),
        set(
            Setting::AckWait,
            time(old.ack_wait_ms),
            time(new.ack_wait_ms),
        ),
        set(
            Setting::DeadLetter,
            on(old.dead_letter),
            on(new.dead_letter),
        )
        .map(|change| {
            let risk = "those that are there can no longer be looked at or sent again";
            change.risky_if(old.dead_letter, risk)
        }),
        set(
            Setting::DedupeWindow,
            time(old.dedupe_window_ms),
            time(new.dedupe_window_ms),
        )
        .map(|change| {
            let risk = "a message that is sent twice is known for a shorter time";
            change.risky_if(new.dedupe_window_ms < old.dedupe_window_ms, risk)
        }),
        set(
            Setting::MaxAge,
            old.max_age_ms.map(millis),
            new.max_age_ms.map(millis),
        )
        .map(|change| {
            let risk = "what has waited longer is lost";
            change.risky_if(is_less(old.max_age_ms, new.max_age_ms), risk)
        }),
    ];
    all.into_iter().flatten().collect()
}

fn payload(of: &Subject, old: &str, new: &str) -> Option<Change> {
    let change = setting(
        of,
        Setting::Payload,
        Some(old.to_owned()),
        Some(new.to_owned()),
    )?;
    Some(change.risky("messages that wait are of the old type"))
}

fn cache(of: &Subject, old: &Cache, new: &Cache) -> Vec<Change> {
    let types = |which, old: &str, new: &str| {
        let change = setting(of, which, Some(old.to_owned()), Some(new.to_owned()))?;
        Some(change.risky("entries that are there are of the old type"))
    };
    let all = [
        types(Setting::Key, &old.key, &new.key),
        types(Setting::Value, &old.value, &new.value),
        setting(
            of,
            Setting::Ttl,
            old.ttl_ms.map(millis),
            new.ttl_ms.map(millis),
        ),
    ];
    all.into_iter().flatten().collect()
}
