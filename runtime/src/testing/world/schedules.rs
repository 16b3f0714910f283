//! Schedule functions: started at their times, in their time zones, one run at a time.
//!
//! As a `CronJob` with `concurrencyPolicy: Forbid`: a run whose time comes while the one before is not
//! done is missed. When that one ends the controller starts the last one that was missed, if its time was
//! less than `startingDeadlineSeconds` ago; all others are left out. A run that fails is tried again, as often as the `Job` that cloudc writes.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::host::WorldHost;
use super::inside::Inside;
use super::pods::Pod;
use crate::app::{Kind, Workload};
use crate::host::{Call, Host as _, Outcome};
use crate::registry::Trigger;
use crate::testing::trace::What;

/// A run that was missed is started within this time: the `startingDeadlineSeconds` of the manifests.
const STARTING_DEADLINE: Duration = Duration::from_secs(300);
/// How often a run that failed is tried again: the `backoffLimit` of the manifests.
const RETRIES: u32 = 2;
/// How long a `Job` waits before its first try again, and twice as long before each further one.
const BACKOFF: Duration = Duration::from_secs(10);

/// Starts the clock of a schedule function.
///
/// # Errors
///
/// When its time zone is none.
pub(super) fn start(inside: &Arc<Inside>, workload: &Workload) -> Result<(), String> {
    if workload.kind != Kind::Schedule {
        return Ok(());
    }
    for index in &workload.functions {
        let Some(function) = inside.app.functions.get(*index) else {
            continue;
        };
        let Trigger::Schedule { timezone, .. } = function.trigger else {
            continue;
        };
        let zone = TimeZone::get(timezone.unwrap_or("UTC")).map_err(|error| {
            format!(
                "the schedule of `{}` has no time zone: {error}",
                function.name
            )
        })?;
        let schedule = Schedule {
            name: function.name,
            trigger: function.trigger,
            timeout: workload.timeout,
            pod: Pod::new(&workload.name),
        };
        inside.spawn(tick(Arc::clone(inside), Arc::new(schedule), zone));
    }
    Ok(())
}

/// A schedule function.
pub(super) struct Schedule {
    pub(super) name: &'static str,
    pub(super) trigger: &'static Trigger,
    pub(super) timeout: Duration,
    pub(super) pod: Arc<Pod>,
}

/// Starts a run at each of its times, if none is running; else it is missed. When the one that runs ends, the last
/// one that was missed is started, if that is not too late.
async fn tick(inside: Arc<Inside>, schedule: Arc<Schedule>, zone: TimeZone) {
    let Trigger::Schedule { cron, .. } = schedule.trigger else {
        return;
    };
    let start = || inside.spawn_for_now(job(Arc::clone(&inside), Arc::clone(&schedule)));
    let leave_out = || {
        inside.note(What::Skipped {
            function: schedule.name.into(),
        });
    };
    let mut running: Option<JoinHandle<()>> = None;
    let mut missed: Option<Instant> = None;
    let Ok(mut at) = Timestamp::try_from(inside.now()) else {
        return;
    };
    while let Some(next) = cron.next(at, &zone) {
        at = next;
        let Some(due) = until(&inside, next) else {
            return;
        };
        let mut time = pin!(tokio::time::sleep_until(due));
        loop {
            tokio::select! {
                biased;
                () = ended(&mut running), if running.is_some() => {
                    inside.stir();
                    match missed.take().map(|due| due.elapsed() <= STARTING_DEADLINE) {
                        Some(true) => running = Some(start()),
                        Some(false) => leave_out(),
                        None => {}
                    }
                }
                () = &mut time => break,
            }
        }
        inside.stir();
        if running.is_none() {
            running = Some(start());
        } else if missed.replace(due).is_some() {
            leave_out();
        }
    }
}

/// Waits for the end of a run, and takes it away.
async fn ended(run: &mut Option<JoinHandle<()>>) {
    if let Some(running) = run {
        // A handler's panic ends in its call, so this is no error.
        let _ = running.await;
    }
    *run = None;
}

/// The moment on the world's clock; `None` when it is too far away to be one.
fn until(inside: &Inside, at: Timestamp) -> Option<Instant> {
    let left = at.duration_since(Timestamp::try_from(inside.now()).ok()?);
    let left = Duration::try_from(left).unwrap_or_default();
    Instant::now().checked_add(left)
}

/// A run, and what a `Job` does when it fails.
pub(super) async fn job(inside: Arc<Inside>, schedule: Arc<Schedule>) {
    let _busy = inside.busy();
    let host = WorldHost::new(&inside, &schedule.pod);
    let mut backoff = BACKOFF;
    for retry in 0..=RETRIES {
        let Trigger::Schedule { handle, .. } = schedule.trigger else {
            return;
        };
        let call = Call {
            function: schedule.name,
            since: Instant::now(),
            timeout: schedule.timeout,
            messages: Vec::new(),
        };
        let done = tokio::select! {
            biased;
            () = schedule.pod.dies() => false,
            outcome = host.run(call, handle()) => matches!(outcome, Outcome::Done(())),
        };
        if done || retry == RETRIES {
            return;
        }
        tokio::time::sleep(backoff).await;
        backoff *= 2;
    }
}
