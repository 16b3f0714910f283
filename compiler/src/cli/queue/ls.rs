//! `cloudc queue ls`

use std::fmt::Write as _;

use serde::Serialize;

use super::application::{self, Application, Known};
use super::arguments::Ls;
use super::broker::Broker;
use super::failure::{Failure, not_made};
use super::{VERSION, confirm, report, streams, talk};
use crate::cli::arguments::MessageFormat;
use crate::cli::{DONE, output};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::lower::names;

pub(super) fn run(arguments: &Ls) -> u8 {
    if arguments.of.application.app.is_some() && arguments.queues.is_empty() {
        let message = "--app says nothing about its queues: add --queue QUEUE for each of them";
        return confirm::wrong_usage(&["queue", "ls"], message);
    }
    let format = application::format(&arguments.of.application);
    let listed = application::find(&arguments.of.application, &arguments.queues).and_then(|of| {
        let rows = talk(format, look(arguments, &of))?;
        Ok((of, rows))
    });
    let (application, (rows, found)) = match listed {
        Ok(listed) => listed,
        Err(code) => return code,
    };
    match format {
        MessageFormat::Text if rows.is_empty() && found.is_empty() => {
            output::note(&format!("{} has no queues", application.app));
        }
        MessageFormat::Text => output::print(&table(&rows)),
        MessageFormat::Json => output::print(&json(&application.app, &rows)),
    }
    if found.is_empty() {
        return DONE;
    }
    report(&found, format)
}

/// A queue at the broker.
#[derive(Debug, Serialize)]
struct Row {
    queue: String,
    /// Messages that nobody was given yet.
    waiting: u64,
    /// Messages that a function was given, and has not settled; those that wait for their next attempt count.
    in_flight: u64,
    /// Those of them that were given out more than once.
    redelivered: u64,
    /// `None` for a queue that keeps none.
    dead_letters: Option<u64>,
}

/// Asks about each queue, also when one has something wrong.
async fn look(
    arguments: &Ls,
    application: &Application,
) -> Result<(Vec<Row>, Vec<Diagnostic>), Diagnostic> {
    let mut broker = Broker::connect(&arguments.of.server, &application.app).await?;
    let (mut rows, mut found) = (Vec::new(), Vec::new());
    for queue in &application.queues {
        match row(&mut broker, &application.app, queue, &mut found).await {
            Ok(row) => rows.extend(row),
            Err(failure) => {
                let is_deaf = failure.leaves_no_answers();
                found.push(failure.into());
                if is_deaf {
                    break;
                }
            }
        }
    }
    found.dedup();
    Ok((rows, found))
}

async fn row(
    broker: &mut Broker,
    app: &str,
    queue: &Known,
    found: &mut Vec<Diagnostic>,
) -> Result<Option<Row>, Failure> {
    let stream = names::stream(app, &queue.name);
    let Some(state) = streams::state(broker, &stream).await? else {
        found.push(not_made(&queue.name, &stream));
        return Ok(None);
    };
    let consumer = match &queue.consumer {
        Some(name) => {
            let consumer = streams::consumer(broker, &stream, name).await?;
            if consumer.is_none() {
                found.push(no_consumer(&queue.name, name));
            }
            consumer
        }
        None => streams::only_consumer(broker, &stream).await?,
    };
    let dead_stream = names::dead_stream(app, &queue.name);
    let dead = if queue.dead == Some(false) {
        None
    } else {
        let state = streams::state(broker, &dead_stream).await?;
        if state.is_none() && queue.dead == Some(true) {
            found.push(not_made(&queue.name, &dead_stream));
        }
        state.map(|state| state.messages)
    };
    let (waiting, in_flight, redelivered) = match consumer {
        Some(of) => (of.num_pending, of.num_ack_pending, of.num_redelivered),
        None => (state.messages, 0, 0),
    };
    Ok(Some(Row {
        queue: queue.name.clone(),
        waiting,
        in_flight,
        redelivered,
        dead_letters: dead,
    }))
}

fn no_consumer(queue: &str, consumer: &str) -> Diagnostic {
    let message = format!("the queue `{queue}` has no consumer `{consumer}` at the broker");
    Diagnostic::error(codes::NOT_AT_BROKER, message)
        .help("run the application's provision Job: it makes streams and consumers")
}

fn table(rows: &[Row]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let titles = [
        "queue",
        "waiting",
        "in flight",
        "redelivered",
        "dead letters",
    ];
    let cells = rows.iter().map(|row| {
        let dead = row.dead_letters.map(|count| count.to_string());
        [
            row.queue.clone(),
            row.waiting.to_string(),
            row.in_flight.to_string(),
            row.redelivered.to_string(),
            dead.unwrap_or_else(|| "-".to_owned()),
        ]
    });
    let width = rows.iter().map(|row| row.queue.len()).max();
    let width = width.unwrap_or_default().max("queue".len());
    let mut table = String::new();
    for [queue, waiting, in_flight, redelivered, dead] in
        std::iter::once(titles.map(str::to_owned)).chain(cells)
    {
        let _ = writeln!(
            table,
            "{queue:width$}  {waiting:>7}  {in_flight:>9}  {redelivered:>11}  {dead:>12}"
        );
    }
    table
}

fn json(app: &str, rows: &[Row]) -> String {
    let object = serde_json::json!({ "version": VERSION, "app": app, "queues": rows });
    format!("{object}\n")
}
