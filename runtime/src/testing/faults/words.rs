//! Faults in words, for a report.

use std::fmt;

use super::text::Time;
use super::{AckFault, Fault, Kind, OperationFault};

/// What a fault does, as a sentence without its end: `the acknowledgement is lost`.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a>(pub &'a Fault);

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Fault::Call { kind, .. } => in_call(f, *kind),
            Fault::Restart { publish, losing } => {
                let publish = Nth(*publish);
                write!(
                    f,
                    "the broker restarts before the {publish} message is sent"
                )?;
                match losing {
                    Some(time) => write!(f, ", and loses the last {}", Time(*time)),
                    None => Ok(()),
                }
            }
        }
    }
}

fn in_call(f: &mut fmt::Formatter<'_>, kind: Kind) -> fmt::Result {
    match kind {
        Kind::Crash { at } => write!(f, "its pod dies {}", Wait(at)),
        Kind::Hang => f.write_str("it never ends, and runs into its timeout"),
        Kind::Ack(AckFault::Lost) => f.write_str("the acknowledgement is lost"),
        Kind::Ack(AckFault::Late(time)) => {
            write!(f, "the acknowledgement arrives after {}", Time(time))
        }
        Kind::Redeliver { at } => write!(f, "the message is delivered again {}", Wait(at)),
        Kind::Hold(time) => write!(f, "it is held back for {} before it begins", Time(time)),
        Kind::Operation { call, fault } => {
            let call = Nth(u64::from(call));
            match fault {
                OperationFault::Slow(time) => {
                    write!(f, "its {call} use of a queue or cache takes {}", Time(time))
                }
                OperationFault::Fail => {
                    write!(f, "its {call} use of a queue or cache fails without effect")
                }
                OperationFault::NoAnswer => {
                    write!(
                        f,
                        "its {call} use of a queue or cache reports an error, but has its effect"
                    )
                }
                OperationFault::Evict => {
                    write!(
                        f,
                        "the entry that its {call} use reads is evicted just before"
                    )
                }
                OperationFault::Duplicate => {
                    write!(
                        f,
                        "the message that its {call} use sends is in the queue twice"
                    )
                }
            }
        }
    }
}

/// When a handler waits.
struct Wait(u32);

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("before it begins"),
            at => write!(f, "when it waits for the {} time", Nth(u64::from(at))),
        }
    }
}

/// `2nd`.
struct Nth(u64);

impl fmt::Display for Nth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.0;
        let ending = match (number % 10, number % 100) {
            (_, 11..=13) => "th",
            (1, _) => "st",
            (2, _) => "nd",
            (3, _) => "rd",
            _ => "th",
        };
        write!(f, "{number}{ending}")
    }
}
