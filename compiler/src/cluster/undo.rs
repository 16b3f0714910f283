//! Finishing a canary, and going back.

use std::collections::BTreeSet;

use kube::Client;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::release::{self, Release};

use super::deploy::{Outcome, bring};
use super::history::{self, Purpose, Record, Status};
use super::{Event, Listener, Options, Problems};

/// Gives a canary's release every request, and brings the functions of its queues and schedules along. One that was cut off is
/// gone on with.
///
/// # Errors
///
/// There is no canary, or none that came up; else as a deploy.
pub async fn promote(
    client: &Client,
    app: &str,
    namespace: &str,
    options: &Options,
    tell: Listener<'_>,
) -> Result<Outcome, Problems> {
    let records = read(client, app, namespace).await?;
    let Some(canary) = history::canary(&records) else {
        return Err(vec![
            Diagnostic::error(codes::NO_RELEASE, format!("{app} has no canary to promote"))
                .help("start one with `cloudc deploy --canary 10`"),
        ]);
    };
    if canary.purpose == Purpose::Canary && canary.status != Status::Canary {
        let message = format!(
            "release {} of {app} is a canary that did not come up",
            canary.number
        );
        return Err(vec![Diagnostic::error(codes::NO_RELEASE, message).help(
            "run `cloudc deploy --canary` again, or take it back with `cloudc rollback`",
        )]);
    }
    let options = decided(options, &records);
    let purpose = Purpose::Promotion;
    bring(client, (&canary.release, None), purpose, &options, tell).await
}

/// Goes back: takes a canary back if there is one; else deploys what was deployed before, or the release `to`, again. One that was
/// cut off is gone on with.
///
/// # Errors
///
/// There is nothing to go back to; else as a deploy.
pub async fn rollback(
    client: &Client,
    app: &str,
    namespace: &str,
    to: Option<u32>,
    options: &Options,
    tell: Listener<'_>,
) -> Result<Outcome, Problems> {
    let records = read(client, app, namespace).await?;
    let target = target(&records, app, to).map_err(|problem| vec![problem])?;
    let number = match target.purpose {
        Purpose::Rollback(number) if target.is_unfinished() => number,
        _ => target.number,
    };
    let release = left_behind(&records, &target.release, tell);
    let options = decided(options, &records);
    let purpose = Purpose::Rollback(number);
    bring(client, (&release, None), purpose, &options, tell).await
}

/// A release to go back to, as one that knows of the queues which later ones had. Its objects are as they were, so its provisioner
/// leaves these alone: the next deploy's retires them.
fn left_behind(records: &[Record], release: &Release, tell: Listener<'_>) -> Release {
    let queues: BTreeSet<&str> = release.queues().collect();
    let retired = release::retired(records.iter().map(|record| &record.release), &queues);
    for queue in &retired {
        if !release.retired.contains(queue) {
            tell(Event::Done(format!(
                "queue {queue} left, and its messages are kept: the next deploy deletes its stream once it is empty"
            )));
        }
    }
    release.clone().brought_back().giving_up(retired)
}

/// The options of a deploy that was decided on these releases.
fn decided(options: &Options, records: &[Record]) -> Options {
    Options {
        seen: records.last().map(|record| record.number),
        ..options.clone()
    }
}

async fn read(client: &Client, app: &str, namespace: &str) -> Result<Vec<Record>, Problems> {
    let records = history::records(client, app, namespace).await;
    records.map_err(|problem| vec![problem])
}

/// The release to go back to. A rollback that did not come to its end has that of its own; a canary or a deploy that failed leaves the
/// current one as that; else it is the one before whose tree is another.
fn target<'a>(records: &'a [Record], app: &str, to: Option<u32>) -> Result<&'a Record, Diagnostic> {
    let none = |message: String| Diagnostic::error(codes::NO_RELEASE, message);
    let were: Vec<&Record> = records
        .iter()
        .filter(|record| record.status == Status::Deployed)
        .collect();
    let known = || {
        let numbers: Vec<String> = were
            .iter()
            .map(|record| record.number.to_string())
            .collect();
        match numbers.as_slice() {
            [] => "nothing was deployed yet".to_owned(),
            numbers => format!("these were deployed and are kept: {}", numbers.join(", ")),
        }
    };
    if let Some(number) = to {
        let found = were.iter().find(|record| record.number == number);
        return found.copied().ok_or_else(|| {
            none(format!("{app} has no release {number} to go back to")).help(known())
        });
    }
    let current = were.last().copied();
    let is_later = |record: &&Record| current.is_none_or(|current| record.number > current.number);
    let mut later = records.iter().rev().take_while(is_later);
    // What was to be left is still the current one.
    let unfinished = later
        .find(|record| matches!(record.purpose, Purpose::Rollback(_)) && record.is_unfinished());
    if let Some(unfinished) = unfinished {
        return Ok(unfinished);
    }
    let newest = records.last();
    if let (Some(current), Some(newest)) = (current, newest)
        && newest.number > current.number
        && newest.status != Status::Undone
    {
        return Ok(current);
    }
    let before = current.and_then(|current| {
        let mut before = were.iter().rev();
        before
            .find(|record| differs(&record.release, &current.release))
            .copied()
    });
    before.ok_or_else(|| none(format!("{app} has no release to go back to")).help(known()))
}

fn differs(one: &Release, other: &Release) -> bool {
    one.origin() != other.origin()
}
