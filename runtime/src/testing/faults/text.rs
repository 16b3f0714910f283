//! Faults as text: the form that `CLOUDC_FAULTS` takes.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::fmt::friendly::{Spacing, SpanParser, SpanPrinter};

use super::{AckFault, Fault, Kind, OperationFault, Place};

/// What stands behind the place of a fault in a call.
const KINDS: &str = "crash@2, hang, lose-ack, late-ack=45s, redeliver@2, hold=5s, slow@2=5s, fail@2, \
     no-answer@2, evict@2 and duplicate@2";

/// `5s`, `1m30s`.
const TIME: SpanPrinter = SpanPrinter::new().spacing(Spacing::None);

/// A text that is no fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no fault: {why}")]
pub struct NoFault {
    text: String,
    why: String,
}

/// Several faults as text, with commas between them.
#[derive(Clone, Copy, Debug)]
pub struct List<'a>(pub &'a [Fault]);

/// Reads several faults with commas between them. No text is no fault.
///
/// # Errors
///
/// When one of them is none.
pub fn parse_list(text: &str) -> Result<Vec<Fault>, NoFault> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    text.split(',').map(|fault| fault.trim().parse()).collect()
}

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{fault}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call { place, kind } => write!(f, "{place}:{kind}"),
            Self::Restart {
                publish,
                losing: None,
            } => write!(f, "restart@{publish}"),
            Self::Restart {
                publish,
                losing: Some(time),
            } => write!(f, "restart-losing@{publish}={}", Time(*time)),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}.{}", self.function, self.run, self.delivery)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crash { at } => write!(f, "crash@{at}"),
            Self::Hang => f.write_str("hang"),
            Self::Ack(AckFault::Lost) => f.write_str("lose-ack"),
            Self::Ack(AckFault::Late(time)) => write!(f, "late-ack={}", Time(*time)),
            Self::Redeliver { at } => write!(f, "redeliver@{at}"),
            Self::Hold(time) => write!(f, "hold={}", Time(*time)),
            Self::Operation { call, fault } => match fault {
                OperationFault::Slow(time) => write!(f, "slow@{call}={}", Time(*time)),
                OperationFault::Fail => write!(f, "fail@{call}"),
                OperationFault::NoAnswer => write!(f, "no-answer@{call}"),
                OperationFault::Evict => write!(f, "evict@{call}"),
                OperationFault::Duplicate => write!(f, "duplicate@{call}"),
            },
        }
    }
}

/// `1m30s`.
pub(super) struct Time(pub(super) Duration);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&TIME.unsigned_duration_to_string(&self.0))
    }
}

impl FromStr for Fault {
    type Err = NoFault;

    fn from_str(text: &str) -> Result<Self, NoFault> {
        fault(text).map_err(|why| NoFault {
            text: text.to_owned(),
            why,
        })
    }
}

fn fault(text: &str) -> Result<Fault, String> {
    let Some((place, kind)) = text.split_once(':') else {
        return restart(text);
    };
    Ok(Fault::Call {
        place: self::place(place)?,
        kind: self::kind(kind)?,
    })
}

fn place(text: &str) -> Result<Place, String> {
    let wrong = || {
        format!(
            "`{text}` is no call; write the function and the number of its message or call, and the \
             delivery where it is not the first: `charge#3.2`"
        )
    };
    let (function, numbers) = text.split_once('#').ok_or_else(wrong)?;
    let (run, delivery) = numbers.split_once('.').unwrap_or((numbers, "1"));
    let run = run.parse().map_err(|_| wrong())?;
    let delivery = delivery.parse().map_err(|_| wrong())?;
    if function.is_empty() || run == 0 || delivery == 0 {
        return Err(wrong());
    }
    Ok(Place {
        function: function.into(),
        run,
        delivery,
    })
}

fn restart(text: &str) -> Result<Fault, String> {
    let parts = Parts::of(text);
    let losing = match parts.word {
        "restart" => parts.no_time().map(|()| None)?,
        "restart-losing" => Some(parts.time()?),
        _ => {
            return Err(format!(
                "a fault in a call is like `charge#3.1:crash@2`, with one of {KINDS} behind the colon; \
                 one of the broker is `restart@17` or `restart-losing@17=2s`"
            ));
        }
    };
    let publish = u64::from(parts.number(1)?);
    Ok(Fault::Restart { publish, losing })
}

fn kind(text: &str) -> Result<Kind, String> {
    let parts = Parts::of(text);
    let operation = |fault| {
        let call = parts.number(1)?;
        Ok(Kind::Operation { call, fault })
    };
    match parts.word {
        "slow" => return operation(OperationFault::Slow(parts.time()?)),
        "late-ack" => {
            parts.no_number()?;
            return Ok(Kind::Ack(AckFault::Late(parts.time()?)));
        }
        "hold" => {
            parts.no_number()?;
            return Ok(Kind::Hold(parts.time()?));
        }
        _ => {}
    }
    let kind = match parts.word {
        "crash" => Kind::Crash {
            at: parts.number(0)?,
        },
        "redeliver" => Kind::Redeliver {
            at: parts.number(0)?,
        },
        "fail" => operation(OperationFault::Fail)?,
        "no-answer" => operation(OperationFault::NoAnswer)?,
        "evict" => operation(OperationFault::Evict)?,
        "duplicate" => operation(OperationFault::Duplicate)?,
        "hang" => parts.no_number().map(|()| Kind::Hang)?,
        "lose-ack" => parts.no_number().map(|()| Kind::Ack(AckFault::Lost))?,
        word => return Err(format!("nothing is called `{word}`; there are {KINDS}")),
    };
    parts.no_time()?;
    Ok(kind)
}

/// `slow@2=5s`, taken apart.
#[derive(Clone, Copy)]
struct Parts<'a> {
    word: &'a str,
    number: Option<&'a str>,
    time: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Self {
        let (front, time) = match text.split_once('=') {
            Some((front, time)) => (front, Some(time)),
            None => (text, None),
        };
        let (word, number) = match front.split_once('@') {
            Some((word, number)) => (word, Some(number)),
            None => (front, None),
        };
        Self { word, number, time }
    }

    fn number(self, least: u32) -> Result<u32, String> {
        let number = self.number.and_then(|number| number.parse().ok());
        number.filter(|number| *number >= least).ok_or_else(|| {
            let word = self.word;
            format!("`{word}` needs a number, {least} or more: `{word}@2`")
        })
    }

    fn no_number(self) -> Result<(), String> {
        match self.number {
            Some(_) => Err(format!("`{}` takes no number", self.word)),
            None => Ok(()),
        }
    }

    fn time(self) -> Result<Duration, String> {
        let time = self
            .time
            .and_then(|time| SpanParser::new().parse_unsigned_duration(time).ok());
        time.ok_or_else(|| {
            let number = self.number.map(|number| format!("@{number}"));
            let front = format!("{}{}", self.word, number.unwrap_or_default());
            format!("`{front}` needs a time: `{front}=5s`")
        })
    }

    fn no_time(self) -> Result<(), String> {
        match self.time {
            Some(_) => Err(format!("`{}` takes no time", self.word)),
            None => Ok(()),
        }
    }
}
