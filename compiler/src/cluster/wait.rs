//! Waiting until workloads are ready, and saying how they are meanwhile.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::release::Key;

use super::apis::Apis;
use super::failure::failed;
use super::pods::Pods;
use super::request::patiently;
use super::state::{self, Row, State};
use super::{Event, Listener, Problems};

/// How often objects are looked at.
const LOOK: Duration = Duration::from_secs(1);
/// Objects that are looked at at the same time.
const AT_ONCE: usize = 8;
/// How long a workload may be on its way until its pods are asked why.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long "ready" is not believed of an object that was changed and whose status does not say what it is of.
const SETTLE: Duration = Duration::from_secs(3);

/// Waits until all of these objects are ready. The status of those of `changed` may be that of what they were.
///
/// # Errors
///
/// One failed for good, or they are not ready at `deadline`: each, with the reason.
pub(super) async fn until_ready(
    apis: &Apis,
    pods: &Pods<'_>,
    (objects, changed): (&[&Value], &BTreeSet<Key>),
    deadline: Instant,
    tell: Listener<'_>,
) -> Result<(), Problems> {
    let keys: Vec<(Key, String)> = objects
        .iter()
        .map(|object| (Key::of(object), instance(object)))
        .filter(|(key, _)| state::is_waited_for(key))
        .collect();
    let start = Instant::now();
    let mut told: Vec<Row> = Vec::new();
    loop {
        let rows = stream::iter(&keys)
            .map(|(key, instance)| look(apis, pods, key, instance, start.elapsed() >= PATIENCE))
            .buffered(AT_ONCE)
            .collect::<Vec<_>>()
            .await;
        let mut known = Vec::new();
        let mut settling = false;
        for (row, (key, _)) in rows.into_iter().zip(&keys) {
            let mut row = row.map_err(|problem| vec![problem])?;
            let is_fresh = changed.contains(key) && start.elapsed() < SETTLE;
            if is_fresh && row.state.is_ready() {
                row.state = State::Coming("what changed was not looked at yet".to_owned());
                settling = true;
            }
            known.push(row);
        }
        if known != told {
            tell(Event::States(known.clone()));
            told = known;
        }
        if told.iter().all(|row| row.state.is_ready()) {
            return Ok(());
        }
        let has_failed = told.iter().any(|row| matches!(row.state, State::Failed(_)));
        // That takes a moment, which nobody has to plan for.
        let is_over = Instant::now() >= deadline && !settling;
        if has_failed || is_over {
            let late = told.iter().filter(|row| !row.state.is_ready());
            return Err(late.map(not_ready).collect());
        }
        sleep(LOOK).await;
    }
}

fn not_ready(row: &Row) -> Diagnostic {
    let (state, help) = match &row.state {
        State::Failed(why) => (format!("failed: {why}"), "mend it, and run this again"),
        State::Hangs(why) => (
            format!("does not come up: {why}"),
            "what was applied stays: mend it, and run this again, or go back with `cloudc rollback`",
        ),
        other => (
            format!("is not ready yet: {}", other.text()),
            "it may only be slow: run this again, perhaps with a longer --timeout",
        ),
    };
    Diagnostic::error(codes::NOT_READY, format!("{} {state}", row.workload)).help(help)
}

async fn look(
    apis: &Apis,
    pods: &Pods<'_>,
    key: &Key,
    instance: &str,
    ask_pods: bool,
) -> Result<Row, Diagnostic> {
    let api = apis.of(key)?;
    let found = patiently(|| api.get_opt(&key.name)).await;
    let found = found.map_err(|error| failed(&format!("cannot look at {key}"), &error))?;
    let Some(object) = found else {
        return Ok(Row {
            workload: key.to_string(),
            state: State::Failed("somebody deleted it".to_owned()),
        });
    };
    let generation = object.metadata.generation.unwrap_or(0);
    let mut state = state::of(key, generation, &object.data);
    let runs_pods = key.kind != "ScaledObject";
    if !state.is_ready()
        && runs_pods
        && (ask_pods || matches!(state, State::Failed(_)))
        && let Some(trouble) = pods
            .trouble(key, instance, state::newest(key, &object.data))
            .await
    {
        state = match state {
            State::Failed(why) => State::Failed(format!("{why}; {trouble}")),
            _ => State::Hangs(trouble),
        };
    }
    Ok(Row {
        workload: key.to_string(),
        state: state.plain(),
    })
}

/// The label by which a workload's pods are found.
fn instance(object: &Value) -> String {
    let label = object.pointer("/metadata/labels/app.kubernetes.io~1instance");
    let label = label.and_then(Value::as_str);
    label.map_or_else(|| Key::of(object).name, str::to_owned)
}
