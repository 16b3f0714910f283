//! `cloudc queue peek`

use std::fmt::Write as _;

use data_encoding::BASE64;
use serde::Serialize;
use serde_json::value::RawValue;

use super::arguments::Peek;
use super::broker::Broker;
use super::failure::not_made;
use super::letters::{self, DeadLetter};
use super::payload::{Payload, joined};
use super::{One, VERSION, application, one, streams, talk};
use crate::cli::arguments::MessageFormat;
use crate::cli::{DONE, output};
use crate::diagnostic::Diagnostic;
use crate::text::plain;

pub(super) fn run(arguments: &Peek) -> u8 {
    let format = application::format(&arguments.of.application);
    let looked = one(&arguments.of.application, &arguments.queue)
        .and_then(|one| talk(format, look(arguments, &one, format)));
    match looked {
        Ok(summary) if format == MessageFormat::Text => {
            output::note(&summary);
            DONE
        }
        Ok(_) => DONE,
        Err(code) => code,
    }
}

/// Prints the dead letters as they come; returns a line about how many there are.
async fn look(arguments: &Peek, one: &One, format: MessageFormat) -> Result<String, Diagnostic> {
    let stream = one.dead_stream()?;
    let queue = &one.queue.name;
    let mut broker = Broker::connect(&arguments.of.server, &one.app).await?;
    let Some(state) = streams::state(&mut broker, &stream).await? else {
        return Err(not_made(queue, &stream));
    };
    let mut from = arguments.from;
    let mut shown = 0;
    while shown < arguments.limit {
        let Some(letter) = letters::next(&mut broker, &stream, from).await? else {
            break;
        };
        output::print(&match format {
            MessageFormat::Text => text(&letter, arguments.full),
            MessageFormat::Json => json(&letter),
        });
        shown += 1;
        from = letter.number.saturating_add(1);
    }
    let all = usize::try_from(state.messages).unwrap_or(usize::MAX);
    Ok(match (shown, all) {
        (_, 0) => format!("{queue} has no dead letters"),
        (shown, all) if shown >= all => {
            format!(
                "{queue} has {}",
                output::count(all, "dead letter", "dead letters")
            )
        }
        (0, all) => format!("{queue} has {all} dead letters, none from number {from} on"),
        (shown, all) => {
            format!("showed {shown} of {all} dead letters of {queue}; go on with --from {from}")
        }
    })
}

fn text(letter: &DeadLetter, full: bool) -> String {
    let mut text = format!("number {}, {}", letter.number, time(&letter.time));
    if let Some(attempt) = letter.attempt() {
        let _ = write!(text, ", attempt {}", plain(attempt));
    }
    text.push('\n');
    let known = [("reason", letter.reason()), ("id", letter.id())];
    let known = known
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    for (name, value) in known.chain(letter.own_headers()) {
        let _ = writeln!(text, "{}: {}", plain(name), plain(value));
    }
    let payload = Payload::of(&letter.payload).lines(full);
    for line in payload.lines() {
        let _ = writeln!(text, "  {line}");
    }
    text.push('\n');
    text
}

/// `2026-11-25 20:50:02 UTC`, of a time as the broker writes it.
fn time(time: &str) -> String {
    match (time.get(..19), time.ends_with('Z')) {
        (Some(seconds), true) => format!("{} UTC", seconds.replacen('T', " ", 1)),
        _ => plain(time),
    }
}

/// A dead letter for a program: one line.
#[derive(Serialize)]
struct Object<'l> {
    version: u32,
    number: u64,
    time: &'l str,
    attempt: Option<u64>,
    reason: Option<&'l str>,
    id: Option<&'l str>,
    /// The number that it had in the queue's stream.
    sequence: Option<u64>,
    /// The message's own, in their order; a name may stand there twice.
    headers: Vec<(&'l str, &'l str)>,
    /// `json`: the payload stands here as it is. `text`: it is a string. `base64`: it is one in base 64.
    encoding: &'static str,
    payload: Box<RawValue>,
}

fn json(letter: &DeadLetter) -> String {
    let string = |text: &str| serde_json::value::to_raw_value(text);
    let (encoding, payload) = match Payload::of(&letter.payload) {
        Payload::Json(json) => ("json", RawValue::from_string(joined(json))),
        Payload::Text(text) => ("text", string(text)),
        Payload::Bytes(bytes) => ("base64", string(&BASE64.encode(bytes))),
    };
    let number = |text: Option<&str>| text.and_then(|text| text.parse().ok());
    let line = payload.and_then(|payload| {
        serde_json::to_string(&Object {
            version: VERSION,
            number: letter.number,
            time: &letter.time,
            attempt: number(letter.attempt()),
            reason: letter.reason(),
            id: letter.id(),
            sequence: number(letter.sequence()),
            headers: letter.own_headers().collect(),
            encoding,
            payload,
        })
    });
    // Strings and numbers always have a form in JSON.
    line.map(|line| line + "\n").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_to_the_second() {
        assert_eq!(
            time("2026-11-25T20:50:02.123456789Z"),
            "2026-11-25 20:50:02 UTC"
        );
        assert_eq!(time("soon"), "soon");
        assert_eq!(
            time("2026-11-25T20:50:02+01:00"),
            "2026-11-25T20:50:02+01:00"
        );
    }
}
