//! Cron expressions as a Kubernetes CronJob reads them.
//!
//! The rules are those of `ParseStandard` of robfig/cron v3, which Kubernetes calls: five fields of
//! lists, ranges and steps, three-letter names for months and days of the week, `?` for `*`, and
//! `@daily` and its like. Sunday is 0 and not 7. Libraries for Rust read more than that (`L`, `#`, a
//! field for seconds), which the cluster would refuse.

use crate::arguments::Argument;
use crate::error::{Error, codes};
use crate::value;

/// The points in time of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cron {
    /// From 0 to 59.
    pub minutes: Values,
    /// From 0 to 23.
    pub hours: Values,
    /// Days of the month, from 1 to 31.
    pub days: Values,
    /// From 1 to 12.
    pub months: Values,
    /// Days of the week, from 0, which is Sunday, to 6.
    pub weekdays: Values,
}

/// The values of a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// A set bit for each value: bit 0 for 0.
    pub bits: u64,
    /// Whether the user left the field open with `*`. Where both kinds of day are given, one of them is
    /// enough; where one is open, the other decides.
    pub any: bool,
}

/// What is wrong with an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wrong {
    /// In a few words.
    what: String,
    /// What to write instead.
    help: String,
}

/// The expression that is a key's value: its text, and what it says.
pub(crate) fn read(argument: &Argument) -> Result<(String, Cron), Error> {
    let text = value::string(argument)?.value;
    match Cron::read(&text) {
        Ok(cron) => Ok((text, cron)),
        Err(Wrong { what, help }) => {
            let message = format!("`{text}` is no cron expression: {what}");
            let error = Error::new(
                codes::BAD_CRON,
                argument.key_span,
                message,
                "no cron expression",
            );
            Err(error.over(argument.tokens()).help(help))
        }
    }
}

/// A field: what it holds, from and to, and the names of its values from the first one on.
struct Field {
    what: &'static str,
    min: u32,
    max: u32,
    names: &'static [&'static str],
}

const MINUTE: Field = Field::numbers("minute", 0, 59);
const HOUR: Field = Field::numbers("hour", 0, 23);
const DAY: Field = Field::numbers("day of the month", 1, 31);
const MONTH: Field = Field {
    names: &[
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ],
    ..Field::numbers("month", 1, 12)
};
const WEEKDAY: Field = Field {
    names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    ..Field::numbers("day of the week", 0, 6)
};

impl Cron {
    /// Reads an expression. `None` for what is none, which the grammar reports where it is written.
    pub fn parse(text: &str) -> Option<Self> {
        Self::read(text).ok()
    }

    fn read(text: &str) -> Result<Self, Wrong> {
        if text.starts_with("TZ=") || text.starts_with("CRON_TZ=") {
            return Err(wrong(
                "the time zone has a key of its own",
                "write it as `timezone = \"…\"`",
            ));
        }
        let text = if text.starts_with('@') {
            shorthand(text)?
        } else {
            text
        };
        let fields: Vec<_> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields[..] else {
            let help = match fields.len() {
                6 => {
                    "there is no field for seconds: minute, hour, day of the month, month, day of the week"
                }
                _ => {
                    "write five: minute, hour, day of the month, month, day of the week, such as `0 3 * * *`"
                }
            };
            return Err(wrong(
                format!("{} fields instead of five", fields.len()),
                help,
            ));
        };
        Ok(Self {
            minutes: MINUTE.parse(minutes)?,
            hours: HOUR.parse(hours)?,
            days: DAY.parse(days)?,
            months: MONTH.parse(months)?,
            weekdays: WEEKDAY.parse(weekdays)?,
        })
    }
}

impl Values {
    /// Whether the field has a value, which is at most 63.
    pub fn has(self, value: u32) -> bool {
        self.bits & (1 << value) != 0
    }
}

impl Field {
    const fn numbers(what: &'static str, min: u32, max: u32) -> Self {
        Self {
            what,
            min,
            max,
            names: &[],
        }
    }

    fn parse(&self, text: &str) -> Result<Values, Wrong> {
        let mut values = Values::default();
        for part in text.split(',') {
            let part = self.range(part)?;
            values.bits |= part.bits;
            values.any |= part.any;
        }
        Ok(values)
    }

    /// `*`, `*/n`, `a`, `a/n` (from a on), `a-b` or `a-b/n`.
    fn range(&self, text: &str) -> Result<Values, Wrong> {
        let (range, step) = match text.split_once('/') {
            Some((range, step)) => (range, Some(self.step(step)?)),
            None => (text, None),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" || range == "?" => (self.min, self.max),
            Some((from, to)) => (self.value(from)?, self.value(to)?),
            None => {
                let from = self.value(range)?;
                (from, if step.is_some() { self.max } else { from })
            }
        };
        if from > to {
            return Err(wrong(
                format!("`{range}` ends before it starts"),
                format!(
                    "write the earlier {} first, or a list of two ranges",
                    self.what
                ),
            ));
        }
        let step = step.unwrap_or(1);
        let bits = (from..=to)
            .step_by(step as usize)
            .fold(0, |bits, value| bits | 1 << value);
        Ok(Values {
            bits,
            any: (range == "*" || range == "?") && step == 1,
        })
    }

    fn step(&self, text: &str) -> Result<u32, Wrong> {
        match text.parse() {
            Ok(step) if step > 0 => Ok(step),
            _ => Err(wrong(
                format!("`{text}` is no step"),
                "write a number from 1 after the `/`, such as `*/5`",
            )),
        }
    }

    fn value(&self, text: &str) -> Result<u32, Wrong> {
        let named = self
            .names
            .iter()
            .position(|name| name.eq_ignore_ascii_case(text));
        let value = match named {
            Some(index) => self.min + index as u32,
            None => text.parse().map_err(|_| self.no_value(text))?,
        };
        if (self.min..=self.max).contains(&value) {
            Ok(value)
        } else {
            Err(self.no_value(text))
        }
    }

    fn no_value(&self, text: &str) -> Wrong {
        let Self { what, min, max, .. } = self;
        let help = match (self.names, text) {
            ([], _) => format!("write a number from {min} to {max}"),
            ([first, .., last], "7") if self.min == 0 => {
                format!(
                    "Sunday is 0: write a number from {min} to {max}, or a name from `{first}` to `{last}`"
                )
            }
            (names, _) => format!(
                "write a number from {min} to {max}, or a name from `{}` to `{}`",
                names[0],
                names[names.len() - 1]
            ),
        };
        wrong(format!("`{text}` is no {what}"), help)
    }
}

fn shorthand(text: &str) -> Result<&'static str, Wrong> {
    Ok(match text {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        _ if text.starts_with("@every") => {
            return Err(wrong(
                "a CronJob runs at points in time, not in intervals",
                "write a step, such as `*/15 * * * *` for every quarter of an hour",
            ));
        }
        _ => {
            return Err(wrong(
                format!("`{text}` is unknown"),
                "write `@hourly`, `@daily`, `@weekly`, `@monthly` or `@yearly`, or five fields",
            ));
        }
    })
}

fn wrong(what: impl Into<String>, help: impl Into<String>) -> Wrong {
    Wrong {
        what: what.into(),
        help: help.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(field: &str) -> Vec<u32> {
        let cron = Cron::parse(&format!("{field} * * * *")).expect("it parses");
        (0..60).filter(|minute| cron.minutes.has(*minute)).collect()
    }

    #[test]
    fn fields_as_robfig_reads_them() {
        assert_eq!(minutes("5"), [5]);
        assert_eq!(minutes("5,7,5"), [5, 7]);
        assert_eq!(minutes("5-8"), [5, 6, 7, 8]);
        assert_eq!(minutes("5-20/5"), [5, 10, 15, 20]);
        assert_eq!(minutes("50/3"), [50, 53, 56, 59]);
        assert_eq!(minutes("*/20"), [0, 20, 40]);
        assert_eq!(minutes("1-2,*/30"), [0, 1, 2, 30]);
        assert_eq!(minutes("?").len(), 60);
        assert_eq!(minutes("*/99"), [0]);
    }

    #[test]
    fn names_and_shorthands() {
        let same = |a, b| {
            assert_eq!(
                Cron::parse(a).expect("it parses"),
                Cron::parse(b).expect("it parses")
            )
        };
        same("0 0 * JAN-Mar MON,fri", "0 0 * 1-3 1,5");
        same("@weekly", "0 0 * * SUN");
        same("@hourly", "  0\t*  * * *  ");
        same("@midnight", "@daily");
        same("@annually", "@yearly");
    }

    #[test]
    fn what_is_no_expression() {
        let mut out = String::new();
        for text in [
            "",
            "* * * *",
            "0 0 3 * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * foo *",
            "* * * * 7",
            "* * L * *",
            "5-1 * * * *",
            "*/0 * * * *",
            "1/x * * * *",
            "1,,2 * * * *",
            "1-2-3 * * * *",
            "-1 * * * *",
            "99999999999 * * * *",
            "@every 5m",
            "@noon",
            "TZ=UTC 0 3 * * *",
            "é * * * *",
        ] {
            let wrong = Cron::read(text).expect_err("wrong");
            out += &format!("{text}\n    {}\n    {}\n", wrong.what, wrong.help);
        }
        insta::assert_snapshot!(out, @r#"

            0 fields instead of five
            write five: minute, hour, day of the month, month, day of the week, such as `0 3 * * *`
        * * * *
            4 fields instead of five
            write five: minute, hour, day of the month, month, day of the week, such as `0 3 * * *`
        0 0 3 * * *
            6 fields instead of five
            there is no field for seconds: minute, hour, day of the month, month, day of the week
        60 * * * *
            `60` is no minute
            write a number from 0 to 59
        * 24 * * *
            `24` is no hour
            write a number from 0 to 23
        * * 0 * *
            `0` is no day of the month
            write a number from 1 to 31
        * * * 13 *
            `13` is no month
            write a number from 1 to 12, or a name from `jan` to `dec`
        * * * foo *
            `foo` is no month
            write a number from 1 to 12, or a name from `jan` to `dec`
        * * * * 7
            `7` is no day of the week
            Sunday is 0: write a number from 0 to 6, or a name from `sun` to `sat`
        * * L * *
            `L` is no day of the month
            write a number from 1 to 31
        5-1 * * * *
            `5-1` ends before it starts
            write the earlier minute first, or a list of two ranges
        */0 * * * *
            `0` is no step
            write a number from 1 after the `/`, such as `*/5`
        1/x * * * *
            `x` is no step
            write a number from 1 after the `/`, such as `*/5`
        1,,2 * * * *
            `` is no minute
            write a number from 0 to 59
        1-2-3 * * * *
            `2-3` is no minute
            write a number from 0 to 59
        -1 * * * *
            `` is no minute
            write a number from 0 to 59
        99999999999 * * * *
            `99999999999` is no minute
            write a number from 0 to 59
        @every 5m
            a CronJob runs at points in time, not in intervals
            write a step, such as `*/15 * * * *` for every quarter of an hour
        @noon
            `@noon` is unknown
            write `@hourly`, `@daily`, `@weekly`, `@monthly` or `@yearly`, or five fields
        TZ=UTC 0 3 * * *
            the time zone has a key of its own
            write it as `timezone = "…"`
        é * * * *
            `é` is no minute
            write a number from 0 to 59
        "#);
    }
}
