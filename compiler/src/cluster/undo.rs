//! Finishing a canary, and going back.

use kube::Client;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::release::Release;

use super::deploy::{Outcome, deploy};
use super::history::{self, Record, Status};
use super::{Listener, Options, Problems};

/// Gives a canary's release every request, and brings the functions of its queues and schedules along.
///
/// # Errors
///
/// There is no canary; else as a deploy.
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
    let note = format!("promotion of {}", canary.number);
    let options = decided(options, &records);
    deploy(client, &canary.release, None, &note, &options, tell).await
}

/// Goes back: takes a canary back if there is one; else deploys what was deployed before, or the release `to`, again.
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
    let note = format!("rollback to {}", target.number);
    let options = decided(options, &records);
    deploy(client, &target.release, None, &note, &options, tell).await
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

/// The release to go back to. A canary or a deploy that failed leaves the current one as that; else it is the one before whose tree
/// is another.
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
    one.fingerprint() != other.fingerprint()
}
