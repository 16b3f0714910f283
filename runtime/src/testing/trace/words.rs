//! A trace as text.

use std::fmt;
use std::time::Duration;

use super::{Call, End, Event, Fate, Trace, What, Who};

/// So many characters of a value are shown in a line.
const SHOWN: usize = 60;

/// An event as a line of text, without its end.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a>(pub &'a Event);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (who, words) = words(&self.0.what, SHOWN);
        write!(f, "{}  {who:<18}  {words}", clock(self.0.at))
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.dropped() > 0 {
            writeln!(f, "({} earlier events are gone)", self.dropped())?;
        }
        for event in self.events() {
            writeln!(f, "{}", Line(event))?;
        }
        Ok(())
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Test => f.write_str("test"),
            Self::Call(call) => call.fmt(f),
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}.{}", self.function, self.run, self.attempt)
    }
}

/// Who did something, and what, without a cut; as a line of text has it.
pub(in crate::testing) fn words_of(event: &Event) -> (String, String) {
    words(&event.what, usize::MAX)
}

/// `12:30:00.000`, with the days in front where there are some.
pub(in crate::testing) fn clock(at: Duration) -> String {
    let seconds = at.as_secs();
    let (days, seconds) = (seconds / 86_400, seconds % 86_400);
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let millis = at.subsec_millis();
    let time = format!("{hours:02}:{minutes:02}:{seconds:02}.{millis:03}");
    match days {
        0 => time,
        days => format!("{days}d {time}"),
    }
}

/// Who or what it is about, and what happened; of values so many characters.
fn words(what: &What, shown: usize) -> (String, String) {
    match what {
        What::Sent {
            by,
            queue,
            message,
            duplicate: false,
            payload,
        } => (
            by.to_string(),
            format!("sent {queue} #{message}: {}", short(payload, shown)),
        ),
        What::Sent {
            by, queue, message, ..
        } => (
            by.to_string(),
            format!("sent {queue} #{message} once more, which was not taken"),
        ),
        What::Started { call } if call.messages > 1 => (
            call.to_string(),
            format!("started with {} messages", call.messages),
        ),
        What::Started { call } => (call.to_string(), "started".to_owned()),
        What::Ended { call, end } => (call.to_string(), end.to_string()),
        What::Settled {
            queue,
            message,
            attempt,
            how,
        } => (queue.to_string(), format!("#{message}.{attempt} {how}")),
        What::Buried { queue, id, reason } => (
            queue.to_string(),
            format!("{id} is a dead letter: {reason}"),
        ),
        What::LeaseExpired {
            queue,
            message,
            attempt,
        } => (
            queue.to_string(),
            format!("#{message}.{attempt} was not settled in time"),
        ),
        What::Aged { queue, message } => {
            (queue.to_string(), format!("#{message} was too old to keep"))
        }
        What::Lost { queue, message } => (
            queue.to_string(),
            format!("#{message} was lost in a restart"),
        ),
        What::Read {
            by,
            cache,
            key,
            age,
        } => (
            by.to_string(),
            format!(
                "read {cache} {key}: {}",
                if age.is_some() { "there" } else { "nothing" }
            ),
        ),
        What::Wrote {
            by,
            cache,
            key,
            value,
        } => (
            by.to_string(),
            format!("wrote {cache} {key} = {}", short(value, shown)),
        ),
        What::Removed { by, cache, key } => (by.to_string(), format!("removed {cache} {key}")),
        What::EntryExpired { cache, key } => (cache.to_string(), format!("{key} expired")),
        What::Evicted { cache, key } => (cache.to_string(), format!("{key} was evicted")),
        What::Skipped { function } => (
            function.to_string(),
            "left out a run: the one before is not done".to_owned(),
        ),
        What::Answered {
            service,
            request,
            status,
        } => (service.to_string(), format!("{request} → {status}")),
        What::Fault { fault } => ("fault".to_owned(), fault.clone()),
        What::PodDied { workload } => (workload.to_string(), "its pod died".to_owned()),
        What::Effect { by, name, key } => (by.to_string(), format!("{name} {key}")),
        What::Refused { by, reason } => (by.to_string(), format!("was refused: {reason}")),
        What::Outlived { function } => (
            function.to_string(),
            "a task that it spawned goes on after its end".to_owned(),
        ),
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Failed(reason) => write!(f, "failed: {reason}"),
            Self::Panicked(reason) => write!(f, "panicked: {reason}"),
            Self::TimedOut => f.write_str("ran into its timeout"),
            Self::Crashed => f.write_str("crashed"),
        }
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Acked => f.write_str("acked"),
            Self::Retried(delay) => write!(f, "comes again in {delay:?}"),
            Self::Returned => f.write_str("given back"),
            Self::Dropped => f.write_str("dropped"),
            Self::AckLate(time) => write!(f, "acked, but the ack takes {time:?}"),
            Self::AckLost => f.write_str("acked, but the ack was lost"),
        }
    }
}

/// The beginning of a text, in one line.
fn short(text: &str, shown: usize) -> String {
    let mut characters = text.chars();
    let mut short: String = characters
        .by_ref()
        .take(shown)
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .collect();
    if characters.next().is_some() {
        short.push('…');
    }
    short
}
