//! `cloudc queue redrive`

use super::arguments::Redrive;
use super::broker::{self, Broker};
use super::failure::{Failure, NO_MESSAGE_FOUND, SEQUENCE_NOT_FOUND, not_made};
use super::letters::{self, DeadLetter};
use super::stop::Stop;
use super::{One, VERSION, application, confirm, one, progress, report, streams, talk};
use crate::cli::arguments::MessageFormat;
use crate::cli::{DONE, REFUSED, child, output};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::lower::names;

pub(super) fn run(arguments: &Redrive) -> u8 {
    let format = application::format(&arguments.application);
    let must_ask = arguments.which.all && !arguments.yes;
    if must_ask && !confirm::can_ask() {
        let message = "nobody is there to be asked: add --yes to move all dead letters";
        return confirm::wrong_usage("redrive", message);
    }
    let done = one(&arguments.application, &arguments.queue).and_then(|one| {
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

/// Which dead letters are moved. Those that come while others are moved are not: a message that fails again at once would
/// go round for ever.
enum Plan {
    /// These, the first one last.
    Numbers(Vec<u64>),
    /// All from the one number to the other.
    All { from: u64, last: u64 },
}

impl Plan {
    async fn next(
        &mut self,
        broker: &mut Broker,
        stream: &str,
    ) -> Result<Option<DeadLetter>, Failure> {
        match self {
            Self::Numbers(numbers) => {
                while let Some(number) = numbers.pop() {
                    // Somebody else may have moved it by now.
                    if let Some(letter) = letters::get(broker, stream, number).await? {
                        return Ok(Some(letter));
                    }
                }
                Ok(None)
            }
            Self::All { from, last } => {
                let letter = letters::next(broker, stream, *from).await?;
                let letter = letter.filter(|letter| letter.number <= *last);
                if let Some(letter) = &letter {
                    *from = letter.number.saturating_add(1);
                }
                Ok(letter)
            }
        }
    }
}

async fn redrive(arguments: &Redrive, one: &One, ask: bool) -> Result<Outcome, Diagnostic> {
    let dead = one.dead_stream()?;
    let queue = &one.queue.name;
    let mut broker = Broker::connect(&arguments.server).await?;
    let Some(state) = streams::state(&mut broker, &dead).await? else {
        return Err(not_made(queue, &dead));
    };
    let (mut plan, total) = if arguments.which.all {
        let all = Plan::All {
            from: 1,
            last: state.last_seq,
        };
        (all, state.messages)
    } else {
        let mut numbers = arguments.which.numbers.clone();
        numbers.sort_unstable_by(|a, b| b.cmp(a));
        numbers.dedup();
        let total = u64::try_from(numbers.len()).unwrap_or(u64::MAX);
        let missing = missing(&mut broker, &dead, queue, &numbers).await?;
        if !missing.is_empty() {
            return Ok(Outcome {
                moved: 0,
                left: total,
                ended: Ended::Failed(missing),
            });
        }
        (Plan::Numbers(numbers), total)
    };
    if ask && total > 0 {
        let question = format!("This sends {} to {queue} again.", dead_letters(total));
        if !confirm::typed(&question, queue) {
            return Ok(Outcome {
                moved: 0,
                left: total,
                ended: Ended::Declined,
            });
        }
    }
    let stop = Stop::listen().map_err(|error| {
        let message = format!("cannot listen for Ctrl-C: {error}");
        Diagnostic::error(codes::BROKER_REFUSED, message)
    })?;
    let bar = progress::bar(total, queue);
    let mut moved = 0;
    let ended = loop {
        if let Some(signal) = stop.asked() {
            break Ended::Stopped(signal);
        }
        match step(&mut broker, one, &dead, &mut plan).await {
            Ok(true) => moved += 1,
            Ok(false) => break Ended::Done,
            Err(found) => break Ended::Failed(vec![found]),
        }
        bar.inc(1);
    };
    bar.finish_and_clear();
    let left = match ended {
        Ended::Done => 0,
        _ => total.saturating_sub(moved),
    };
    Ok(Outcome { moved, left, ended })
}

/// Moves the next one; whether there was one.
async fn step(
    broker: &mut Broker,
    one: &One,
    dead: &str,
    plan: &mut Plan,
) -> Result<bool, Diagnostic> {
    let Some(letter) = plan.next(broker, dead).await? else {
        return Ok(false);
    };
    let (queue, stream) = (&one.queue.name, one.stream());
    let headers = letter.again(queue, &stream)?;
    let subject = names::subject(&one.app, queue);
    match broker.publish(&subject, headers, letter.payload).await {
        Ok(()) => {}
        Err(Failure::NobodyThere(_)) => return Err(not_made(queue, &stream)),
        Err(failure) => return Err(failure.into()),
    }
    // Only now: the queue has it. Cut off before, it is in both places, and the next run sends it with the same id.
    let deleted = broker.api::<serde_json::Value>(
        format!("STREAM.MSG.DELETE.{dead}"),
        broker::number(letter.number),
    );
    match deleted.await {
        Ok(_) => Ok(true),
        // Somebody else was faster.
        Err(failure) if failure.is(&[NO_MESSAGE_FOUND, SEQUENCE_NOT_FOUND]) => Ok(true),
        Err(failure) => Err(failure.into()),
    }
}

/// What there is to say about numbers that no dead letter has, in their order.
async fn missing(
    broker: &mut Broker,
    stream: &str,
    queue: &str,
    numbers: &[u64],
) -> Result<Vec<Diagnostic>, Failure> {
    let mut missing = Vec::new();
    for &number in numbers.iter().rev() {
        if letters::get(broker, stream, number).await?.is_none() {
            let message = format!("the queue `{queue}` has no dead letter {number}");
            let found = Diagnostic::error(codes::NOT_AT_BROKER, message);
            missing.push(found.help(format!("`cloudc queue peek {queue}` shows the numbers")));
        }
    }
    Ok(missing)
}
