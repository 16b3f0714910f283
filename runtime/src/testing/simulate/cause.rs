//! What probably made two runs of one seed differ.

use std::collections::BTreeSet;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::Ran;
use super::differ::Difference;
use crate::testing::trace::{Event, words_of};

/// A number or date so near to the real time is the real time.
const NEAR: Duration = Duration::from_secs(24 * 60 * 60);

/// What probably made two runs of one seed differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The same things happened in another order.
    Order,
    /// Something holds the real time.
    WallClock,
    /// Something looks like chance.
    Random,
    /// The same thing happened at another time.
    Delay,
    /// Nothing of these is to be seen.
    Leftover,
}

impl Cause {
    /// By what the runs went on with, and by how they failed where that is all.
    pub(super) fn of(
        difference: &Difference<'_>,
        (first, second): (&Ran, &Ran),
        now: SystemTime,
    ) -> Self {
        let words = |events: &[&Event]| -> Vec<_> {
            let both = events.iter().map(|event| words_of(event));
            both.map(|(_, words)| words).collect()
        };
        let mut firsts = words(&difference.first);
        let mut seconds = words(&difference.second);
        if firsts.is_empty() && seconds.is_empty() {
            firsts.push(first.failure.clone().unwrap_or_default());
            seconds.push(second.failure.clone().unwrap_or_default());
        }
        let (Some(first), Some(second)) = (firsts.first(), seconds.first()) else {
            return Self::Leftover;
        };
        if first == second {
            let who = |events: &[&Event]| events.first().map(|event| words_of(event).0);
            let same = who(&difference.first) == who(&difference.second);
            return if same { Self::Delay } else { Self::Order };
        }
        if exchanged(&firsts, &seconds, str::to_owned) || exchanged(&firsts, &seconds, unnumbered) {
            return Self::Order;
        }
        let (first, second) = (tokens(first), tokens(second));
        let mut differing = first.symmetric_difference(&second);
        let clock = Clock::at(now);
        if differing.clone().any(|token| clock.is_told_by(token)) {
            Self::WallClock
        } else if differing.any(|token| looks_random(token)) {
            Self::Random
        } else {
            Self::Leftover
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Order => {
                "The same things happened in another order. Probably something iterates over a HashMap or \
                 HashSet (take a BTreeMap, or sort), work is done on other threads, or a `select!` has no \
                 `biased;`."
            }
            Self::WallClock => {
                "What differs looks like the real time. Take `cloudc::now()`: it is the time of the world \
                 in a test, and the real one in production."
            }
            Self::Random => {
                "What differs looks random: a uuid or a random number. Take `cloudc::rng()`: it follows \
                 the seed in a test, and is truly random in production."
            }
            Self::Delay => {
                "The same thing happened at another time. Probably how long something waits is random \
                 (take `cloudc::rng()`) or counted from the real time (take `cloudc::now()`)."
            }
            Self::Leftover => {
                "Probably there is state that outlives a world: a static, a thread local, a file. It is \
                 not as the earlier run found it. Make it anew in each world, or hold it in a cache. (Or \
                 chance decided and left no trace: take `cloudc::rng()`.)"
            }
        })
    }
}

/// Whether each run later does what the other one does first.
fn exchanged(firsts: &[String], seconds: &[String], form: fn(&str) -> String) -> bool {
    let later =
        |rest: &[String], wanted: &str| rest.iter().skip(1).any(|text| form(text) == wanted);
    match (firsts.first(), seconds.first()) {
        (Some(first), Some(second)) => {
            let (first, second) = (form(first), form(second));
            first != second && later(firsts, &second) && later(seconds, &first)
        }
        _ => false,
    }
}

/// Without the numbers of messages: the same payloads in another order have other numbers.
fn unnumbered(words: &str) -> String {
    let mut parts = words.split('#');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + part.trim_start_matches(|character: char| character.is_ascii_digit())
    })
}

/// The pieces of a text in which values stand.
fn tokens(text: &str) -> BTreeSet<&str> {
    let inner = |character: char| character.is_ascii_alphanumeric() || "-_.:+".contains(character);
    text.split(|character| !inner(character))
        .map(|token| token.trim_matches(['.', ':', '-', '+']))
        .filter(|token| !token.is_empty())
        .collect()
}

/// The real time, in the forms in which it is written down.
struct Clock {
    since_epoch: Duration,
    dates: Vec<String>,
}

impl Clock {
    fn at(now: SystemTime) -> Self {
        let today = Timestamp::try_from(now).unwrap_or(Timestamp::UNIX_EPOCH);
        let days = [-24, 0, 24].map(SignedDuration::from_hours);
        let dates = days.into_iter().filter_map(|days| {
            let day = today.checked_add(days).ok()?;
            Some(day.to_zoned(TimeZone::UTC).date().to_string())
        });
        Self {
            since_epoch: now.duration_since(UNIX_EPOCH).unwrap_or_default(),
            dates: dates.collect(),
        }
    }

    fn is_told_by(&self, token: &str) -> bool {
        if self.dates.iter().any(|date| token.contains(&**date)) {
            return true;
        }
        let whole = token.split_once('.').map_or(token, |(whole, _)| whole);
        let Ok(number) = whole.parse::<u128>() else {
            return false;
        };
        let now = self.since_epoch;
        [
            (u128::from(now.as_secs()), u128::from(NEAR.as_secs())),
            (now.as_millis(), NEAR.as_millis()),
            (now.as_micros(), NEAR.as_micros()),
            (now.as_nanos(), NEAR.as_nanos()),
        ]
        .into_iter()
        .any(|(now, near)| number.abs_diff(now) <= near)
    }
}

/// A uuid, a long number, a number with many decimals, or a long mix of letters and digits.
fn looks_random(token: &str) -> bool {
    if token.as_bytes().windows(36).any(is_uuid) {
        return true;
    }
    if let Some((whole, decimals)) = token.split_once('.')
        && is_number(whole)
        && is_number(decimals)
        && decimals.len() >= 6
    {
        return true;
    }
    token.split(['-', '_', '.', ':', '+']).any(|piece| {
        let digits = piece.bytes().filter(u8::is_ascii_digit).count();
        let mixed = digits > 0 && digits < piece.len();
        (mixed && piece.len() >= 12) || (is_number(piece) && piece.len() >= 9)
    })
}

fn is_uuid(bytes: &[u8]) -> bool {
    bytes.iter().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
