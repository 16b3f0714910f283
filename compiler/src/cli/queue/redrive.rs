//! `cloudc queue redrive`

use super::arguments::Redrive;
use super::broker::Broker;
use super::failure::{Failure, not_made};
use super::letters;
use super::moving::{Moved, Moving, Numbers};
use super::stop::Stop;
use super::{One, VERSION, application, confirm, one, progress, report, streams, talk};
use crate::cli::arguments::MessageFormat;
use crate::cli::{DONE, REFUSED, child, output};
use crate::codes;
use crate::diagnostic::Diagnostic;

pub(super) fn run(arguments: &Redrive) -> u8 {
    let format = application::format(&arguments.of.application);
    let must_ask = arguments.which.all && !arguments.yes;
    if must_ask && !confirm::can_ask() {
        let message = "nobody is there to be asked: add --yes to move all dead letters";
        return confirm::wrong_usage(&["queue", "redrive"], message);
    }
    let done = one(&arguments.of.application, &arguments.queue).and_then(|one| {
        let outcome = talk(format, redrive(arguments, &one, must_ask))?;
        Ok((one, outcome))
    });
    match done {
        Ok((one, outcome)) => conclude(&one, &outcome, format),
        Err(code) => code,
    }
}

/// What came of it.
struct Outcome {
    moved: u64,
    /// How many more it should have been.
    left: u64,
    ended: Ended,
}

/// Why it ended.
enum Ended {
    Done,
    /// Whoever was asked said no.
    Declined,
    /// By this signal.
    Stopped(i32),
    /// All of it, so that it can be said together.
    Failed(Vec<Diagnostic>),
}

fn conclude(one: &One, outcome: &Outcome, format: MessageFormat) -> u8 {
    let Outcome { moved, left, ended } = outcome;
    let queue = &one.queue.name;
    match format {
        MessageFormat::Json => {
            let object = serde_json::json!({
                "version": VERSION, "app": one.app, "queue": queue, "moved": moved, "left": left,
            });
            output::print(&format!("{object}\n"));
        }
        MessageFormat::Text => {
            let count = dead_letters(*moved);
            output::note(&match ended {
                Ended::Done => format!("moved {count} back to {queue}"),
                _ if *moved == 0 => "nothing was moved".to_owned(),
                _ => format!(
                    "moved {count} back to {queue}; {left} left: run the command again to go on"
                ),
            });
        }
    }
    match ended {
        Ended::Done => DONE,
        Ended::Declined => REFUSED,
        Ended::Stopped(signal) => {
            child::end_by(*signal);
            REFUSED
        }
        Ended::Failed(found) => report(found, format),
    }
}

fn dead_letters(count: u64) -> String {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    output::count(count, "dead letter", "dead letters")
}

async fn redrive(arguments: &Redrive, one: &One, ask: bool) -> Result<Outcome, Diagnostic> {
    let dead = one.dead_stream()?;
    let queue = &one.queue.name;
    let mut broker = Broker::connect(&arguments.of.server, &one.app).await?;
    let Some(state) = streams::state(&mut broker, &dead).await? else {
        return Err(not_made(queue, &dead));
    };
    let not_begun = |left, ended| Outcome {
        moved: 0,
        left,
        ended,
    };
    let (numbers, total): (Numbers, u64) = if arguments.which.all {
        // Those that come while others are moved are not: a message that fails again at once would go round for ever. A number
        // that nobody has is passed over.
        (
            Box::new(state.first_seq.max(1)..=state.last_seq),
            state.messages,
        )
    } else {
        let mut numbers = arguments.which.numbers.clone();
        numbers.sort_unstable();
        numbers.dedup();
        let total = u64::try_from(numbers.len()).unwrap_or(u64::MAX);
        let missing = missing(&mut broker, &dead, queue, &numbers).await?;
        if !missing.is_empty() {
            return Ok(not_begun(total, Ended::Failed(missing)));
        }
        (Box::new(numbers.into_iter()), total)
    };
    if ask && total > 0 {
        let question = format!("This sends {} to {queue} again.", dead_letters(total));
        if !confirm::typed(&question, queue) {
            return Ok(not_begun(total, Ended::Declined));
        }
    }
    let stop = Stop::listen().map_err(|error| {
        let message = format!("cannot listen for Ctrl-C: {error}");
        Diagnostic::error(codes::BROKER_REFUSED, message)
    })?;
    let bar = progress::bar(total, queue);
    let mut moving = Moving::new(broker, one, dead, numbers);
    let stopped = moving.run(&stop, || bar.inc(1)).await;
    bar.finish_and_clear();
    let Moved { count, found } = moving.end();
    let ended = match stopped {
        _ if !found.is_empty() => Ended::Failed(found),
        Some(signal) => Ended::Stopped(signal),
        None => Ended::Done,
    };
    let left = match ended {
        Ended::Done => 0,
        _ => total.saturating_sub(count),
    };
    Ok(Outcome {
        moved: count,
        left,
        ended,
    })
}

/// What there is to say about numbers that no dead letter has, in their order.
async fn missing(
    broker: &mut Broker,
    stream: &str,
    queue: &str,
    numbers: &[u64],
) -> Result<Vec<Diagnostic>, Failure> {
    let mut missing = Vec::new();
    for &number in numbers {
        if letters::get(broker, stream, number).await?.is_none() {
            let message = format!("the queue `{queue}` has no dead letter {number}");
            let found = Diagnostic::error(codes::NOT_AT_BROKER, message);
            missing.push(found.help(format!("`cloudc queue peek {queue}` shows the numbers")));
        }
    }
    Ok(missing)
}
