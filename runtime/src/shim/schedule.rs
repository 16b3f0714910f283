//! A schedule function: it runs once. The `CronJob` says when, and tries again.

use tokio::time::Instant;
use tracing::Instrument as _;

use super::pod::{Pod, close};
use crate::app::App;
use crate::host::{Call, Host as _, Outcome, for_log};
use crate::registry::Trigger;
use crate::telemetry::{Watched, schedule_span};

/// Runs the function, and ends as it does.
pub(super) async fn run(pod: &Pod<'_>) -> Result<(), String> {
    let workload = pod.linked()?;
    let functions = &App::linked().functions;
    let function = workload.functions.first();
    let Some(function) = function.and_then(|index| functions.get(*index)) else {
        return Err(format!("the workload `{}` has no function", workload.name));
    };
    let Trigger::Schedule { handle, .. } = function.trigger else {
        return Err(format!("`{}` has no schedule", function.name));
    };
    let connected = tokio::select! {
        () = pod.shutdown.begins() => return Err("told to leave before it began".to_owned()),
        connected = pod.connect_in_time() => connected?,
    };
    let call = Call {
        function: function.name,
        since: Instant::now(),
        timeout: workload.timeout,
        messages: Vec::new(),
    };
    let ended = tokio::select! {
        outcome = Watched.run(call, handle()).instrument(schedule_span(function.name)) => match outcome {
            Outcome::Done(()) => Ok(()),
            // Its own words may quote what is in a message or an entry.
            Outcome::Failed(error) => Err(format!("`{}` failed: {}", function.name, for_log(&*error))),
            Outcome::Panicked(_) => Err(format!("`{}` panicked", function.name)),
            Outcome::TimedOut => Err(format!("`{}` ran into its timeout", function.name)),
        },
        () = pod.shutdown.is_over(workload.timeout) => {
            Err(format!("the grace period is over; `{}` is given up", function.name))
        }
    };
    close(&connected).await;
    ended
}
