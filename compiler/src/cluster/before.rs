//! All that can be known before anything is changed, and before an image is built: said at once.

use std::collections::BTreeSet;

use futures_util::join;
use kube::Client;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::release::Release;

use super::checks::{self, Checked, Deletes};
use super::credentials::{self, Rotated};
use super::deploy::Canary;
use super::history::{self, Record};
use super::{Options, Problems, leftovers, running};

/// What was found out.
pub(super) struct Known {
    pub(super) checked: Checked,
    /// When Secrets will have been made anew.
    pub(super) rotated: Rotated,
}

/// Asks for everything that a deploy needs and that does not depend on the image: version, kinds, rights, the namespace, Secrets, and
/// the names in `options`. Nothing is changed.
///
/// # Errors
///
/// All that is missing.
pub async fn check(
    client: &Client,
    release: &Release,
    canary: Option<&Canary>,
    options: &Options,
) -> Result<(), Problems> {
    ask(client, release, canary, options).await.map(drop)
}

/// As [`check`], for who goes on.
pub(super) async fn ask(
    client: &Client,
    release: &Release,
    canary: Option<&Canary>,
    options: &Options,
) -> Result<Known, Problems> {
    // Beside a canary the servers know the users of both.
    let users = canary.map_or(release, |canary| &canary.beside);
    // Beside a canary all that is old stays, and what left until somebody waits for what came.
    let deletes = Deletes {
        volumes: canary.is_none() && volumes_named(release, options).next().is_some(),
        left: canary.is_none() && options.wait,
    };
    let checked = checks::check(client, release, deletes).await;
    let lacks =
        |code| matches!(&checked, Err(found) if found.iter().any(|problem| problem.code == code));
    if lacks(codes::CLUSTER_UNREACHABLE) {
        // One problem, not three.
        return Err(checked.err().unwrap_or_default());
    }
    let is_denied = lacks(codes::CLUSTER_DENIED);
    let (rotated, kept) = join!(
        credentials::planned(client, users, &options.rotate),
        of_records(client, release, canary, options),
    );
    let mut problems = Problems::new();
    let rotated = rotated.map_err(|found| problems.extend(found)).ok();
    problems.extend(kept.err().into_iter().flatten());
    // What may not be read is among the rights that are missing.
    problems.retain(|problem| !(is_denied && problem.code == codes::CLUSTER_DENIED));
    match (checked, rotated) {
        (Ok(checked), Some(rotated)) if problems.is_empty() => Ok(Known { checked, rotated }),
        (checked, _) => {
            let found = checked.err().unwrap_or_default();
            Err(found.into_iter().chain(problems).collect())
        }
    }
}

/// What a canary stands beside.
///
/// # Errors
///
/// Nothing is deployed yet, or nothing shares its requests.
pub(super) fn beside<'a>(
    records: &'a [Record],
    release: &Release,
) -> Result<&'a Record, Diagnostic> {
    let Some(current) = history::current(records) else {
        return Err(Diagnostic::error(
            codes::NO_RELEASE,
            format!(
                "there is nothing for a canary to stand beside: {} is not deployed yet",
                release.app
            ),
        )
        .help("deploy without --canary first"));
    };
    if !release.keys().any(|key| running::shares(&key)) {
        return Err(Diagnostic::error(
            codes::CLUSTER_LACKS,
            "only services of Knative share their requests, and this application has none",
        )
        .help("deploy without --canary"));
    }
    Ok(current)
}

/// Queues that another function would consume. Beside a canary the old consumers go on, and a queue has one.
fn consumers(old: &Release, new: &Release) -> Problems {
    let (old, new) = (old.consumers(), new.consumers());
    let moved = old.iter().filter_map(|(queue, function)| {
        let other = new.get(queue).filter(|other| *other != function)?;
        Some(
            Diagnostic::error(
                codes::CLUSTER_REFUSED,
                format!(
                    "the queue `{queue}` would be consumed by `{other}` and not by `{function}`, which a canary cannot try"
                ),
            )
            .help("deploy that without --canary"),
        )
    });
    moved.collect()
}

/// Two kinds of which one name can have only one: Knative makes a Service of its own for each of its services, and keeps one that it
/// did not make from being ready; KEDA's webhook refuses what another autoscaler scales, and makes such a one itself.
const RIVALS: [(&str, &str); 2] = [
    ("Service.serving.knative.dev", "Service"),
    (
        "ScaledObject.keda.sh",
        "HorizontalPodAutoscaler.autoscaling",
    ),
];

/// Whether a release would run on another target than the one before: what is new has to be ready before what is old goes, and these
/// cannot stand beside each other.
fn target(old: &Release, new: &Release) -> Option<Diagnostic> {
    let of = |release: &Release, kind: &str| -> BTreeSet<String> {
        let keys = release.keys().filter(|key| key.group_kind() == kind);
        keys.map(|key| key.name).collect()
    };
    let takes = |(from, to): (&str, &str)| {
        let name = of(old, from).intersection(&of(new, to)).next().cloned();
        name.map(|name| (name, from.to_owned(), to.to_owned()))
    };
    let mut both = RIVALS
        .iter()
        .flat_map(|(one, other)| [(*one, *other), (*other, *one)]);
    let (name, from, to) = both.find_map(takes)?;
    Some(
        Diagnostic::error(
            codes::CLUSTER_REFUSED,
            format!("the target of {} was changed: {to} {name} cannot come up beside {from} {name}", new.app),
        )
        .help(
            "change `target` back; or run `cloudc destroy`, which keeps the messages, and deploy then: it is not there meanwhile",
        ),
    )
}

/// What is named after `--delete-data` and is no queue.
fn volumes_named<'a>(
    release: &'a Release,
    options: &'a Options,
) -> impl Iterator<Item = &'a String> {
    let named = options.delete_data.iter();
    named.filter(|name| !release.retired.contains(name))
}

/// Whether what was deployed before allows this.
async fn of_records(
    client: &Client,
    release: &Release,
    canary: Option<&Canary>,
    options: &Options,
) -> Result<(), Problems> {
    let one = |problem| vec![problem];
    let (app, namespace) = (&release.app, &release.namespace);
    let records = history::records(client, app, namespace).await;
    let records = records.map_err(one)?;
    let mut problems = Problems::new();
    // One that failed may run in part.
    let mut before = [history::current(&records), records.last()]
        .into_iter()
        .flatten();
    problems.extend(before.find_map(|record| target(&record.release, release)));
    // Beside a canary the old servers stay.
    let mut volumes = Vec::new();
    if canary.is_some() {
        match beside(&records, release) {
            Ok(current) => problems.extend(consumers(&current.release, release)),
            Err(problem) => problems.push(problem),
        }
    } else {
        let named: Vec<String> = volumes_named(release, options).cloned().collect();
        let there = leftovers::volumes(client, (app, namespace), Some(release), &named).await;
        volumes.extend(there.map_err(one)?);
        // A deploy that was cut off after it deleted one is run again in the same words.
        volumes.extend(leftovers::remembered(&records, release));
    }
    // Without a queue there is no provisioner, and nobody who could delete another one's stream.
    let has_queues = release.queues().next().is_some();
    let queues: &[String] = if has_queues { &release.retired } else { &[] };
    problems.extend(leftovers::unknown(
        app,
        &options.delete_data,
        &volumes,
        queues,
    ));
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems)
    }
}
