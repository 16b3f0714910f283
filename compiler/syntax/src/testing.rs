//! `#[test(…)]` and `#[simulate(…)]`: an `async fn` that runs in a world of its own.

use proc_macro2::TokenStream;
use syn::{Lit, Signature};

use crate::arguments::{Argument, Arguments, Key};
use crate::error::{Error, Parsed, Spanned, codes};
use crate::item::Attribute;
use crate::{signature, value};

/// A test, as its attribute describes it.
#[derive(Clone, Debug)]
pub struct Test {
    /// What every choice of its world follows from; `None` for one that follows from the test's name.
    pub seed: Option<Spanned<u64>>,
    /// When its world starts, as RFC 3339 writes it.
    pub start: Option<Spanned<String>>,
}

/// A simulation, as its attribute describes it.
#[derive(Clone, Debug)]
pub struct Simulate {
    /// What is said of a test too; the seed is that of the first run.
    pub test: Test,
    /// How many worlds it runs in, at least 1: [`RUNS`] unless it is said.
    pub runs: u32,
}

/// The runs of a simulation that does not say how many.
pub const RUNS: u32 = 100;

const SEED: Key = Key {
    name: "seed",
    example: "7",
};

const START: Key = Key {
    name: "start",
    example: "\"2026-03-28T00:00:00Z\"",
};

const TEST: &[Key] = &[SEED, START];

const SIMULATE: &[Key] = &[
    Key {
        name: "runs",
        example: "1000",
    },
    SEED,
    START,
];

/// Reads `#[test(…)]`: the tokens between its parentheses, and the signature under it.
pub fn test(args: TokenStream, sig: &Signature) -> Parsed<Test> {
    let mut errors = Vec::new();
    let args = Arguments::parse(Attribute::Test, TEST, args, &mut errors);
    let test = read(&args, &mut errors);
    let fits = fits(Attribute::Test, sig, &mut errors);
    let value = fits.then_some(test);
    Parsed { value, errors }
}

/// Reads `#[simulate(…)]`: the tokens between its parentheses, and the signature under it.
pub fn simulate(args: TokenStream, sig: &Signature) -> Parsed<Simulate> {
    let mut errors = Vec::new();
    let args = Arguments::parse(Attribute::Simulate, SIMULATE, args, &mut errors);
    let test = read(&args, &mut errors);
    let runs = args.read("runs", value::count, &mut errors);
    let fits = fits(Attribute::Simulate, sig, &mut errors);
    let value = fits.then(|| Simulate {
        test,
        runs: runs.map_or(RUNS, |runs| runs.value),
    });
    Parsed { value, errors }
}

fn read(args: &Arguments, errors: &mut Vec<Error>) -> Test {
    Test {
        seed: args.read("seed", seed, errors),
        start: args.read("start", start, errors),
    }
}

/// A test takes the world or nothing; a simulation takes the world, or it would have nothing to look at.
fn fits(attribute: Attribute, sig: &Signature, errors: &mut Vec<Error>) -> bool {
    let before = errors.len();
    signature::free(sig, "a test", errors);
    let name = &sig.ident;
    let least = usize::from(attribute == Attribute::Simulate);
    let parameters = sig.inputs.len();
    if parameters > 1 || parameters < least {
        let what = attribute.name();
        let message =
            format!("`{name}` has {parameters} parameters, and `#[{what}]` brings one: the world");
        let label = "exactly one parameter";
        let error = Error::new(codes::WRONG_ITEM, name.span(), message, label);
        let error = error.over(signature::surplus(sig, 1));
        errors.push(error.help(format!("write `async fn {name}(world: World)`")));
    }
    errors.len() == before
}

/// A whole number that fits into 64 bits.
fn seed(argument: &Argument) -> Result<Spanned<u64>, Error> {
    match value::literal(argument)? {
        Some(Lit::Int(number)) if number.suffix().is_empty() => match number.base10_parse() {
            Ok(seed) => Ok(Spanned::new(seed, argument.span())),
            Err(_) => Err(argument.error(
                format!("`seed` is {number}, which is not from 0 to {}", u64::MAX),
                "out of range",
            )),
        },
        _ => Err(value::wrong(argument, "a whole number")),
    }
}

/// A point in time with its offset from UTC, in quotes.
fn start(argument: &Argument) -> Result<Spanned<String>, Error> {
    let text = value::string(argument)?;
    if is_time(&text.value) {
        return Ok(text);
    }
    let message = format!("`start` is no point in time: {:?}", text.value);
    let error = argument.error(message, "not understood");
    Err(error.help(format!(
        "write the date, the time and the offset from UTC: `start = {}`, or with `+01:00` for `Z`",
        START.example
    )))
}

/// Whether a text is a time of RFC 3339 that exists.
fn is_time(text: &str) -> bool {
    let number = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => text.parse::<u32>().ok(),
        false => None,
    };
    let clock = |text: &str| match (text.get(..2), text.get(2..3), text.get(3..)) {
        (Some(hour), Some(":"), Some(minute)) if minute.len() == 2 => {
            matches!((number(hour), number(minute)), (Some(0..=23), Some(0..=59)))
        }
        _ => false,
    };
    // `2026-03-28T00:00:00`, then a fraction, then the offset.
    let (Some(date), Some("T"), Some(hour), Some(second), Some(rest)) = (
        text.get(..10),
        text.get(10..11),
        text.get(11..16),
        text.get(16..19),
        text.get(19..),
    ) else {
        return false;
    };
    let parts: Vec<_> = date.split('-').map(number).collect();
    let [Some(year), Some(month), Some(day)] = parts[..] else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    let lengths = date.as_bytes()[4] == b'-' && date.as_bytes()[7] == b'-';
    let second = second.strip_prefix(':').and_then(number);
    let offset = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    };
    let digits = rest.len() - offset.len();
    let offset = offset == "Z" || offset.strip_prefix(['+', '-']).is_some_and(clock);
    lengths
        && (1..=days).contains(&day)
        && clock(hour)
        && matches!(second, Some(0..=59))
        && (digits == 0 || (2..=10).contains(&digits))
        && offset
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIG: &str = "async fn f(world: World)";

    fn tested(args: &str, sig: &str) -> Parsed<Test> {
        let sig = syn::parse_str(sig).expect(sig);
        test(args.parse().expect(args), &sig)
    }

    fn simulated(args: &str, sig: &str) -> Parsed<Simulate> {
        let sig = syn::parse_str(sig).expect(sig);
        simulate(args.parse().expect(args), &sig)
    }

    fn messages(errors: &[Error]) -> Vec<String> {
        let line = |error: &Error| format!("{} {}", error.code, error.message);
        errors.iter().map(line).collect()
    }

    #[test]
    fn all_keys() {
        let parsed = simulated(
            r#"runs = 1000, seed = 0xff, start = "2026-03-28T00:00:00Z""#,
            "async fn f(mut world: World) -> Result<(), E>",
        );
        assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
        let simulate = parsed.value.expect("a simulation");
        assert_eq!(simulate.runs, 1000);
        let Test { seed, start } = simulate.test;
        assert_eq!(seed.map(|seed| seed.value), Some(255));
        let start = start.map(|start| start.value);
        assert_eq!(start.as_deref(), Some("2026-03-28T00:00:00Z"));
    }

    #[test]
    fn no_keys() {
        for sig in ["async fn f()", "async fn f(_: World)", SIG] {
            let parsed = tested("", sig);
            assert!(parsed.errors.is_empty(), "{sig} {:?}", parsed.errors);
            assert!(parsed.value.is_some_and(|test| test.seed.is_none()));
        }
        let runs = simulated("", SIG).value.map(|simulate| simulate.runs);
        assert_eq!(runs, Some(RUNS));
    }

    #[test]
    fn wrong_items() {
        for (sig, message) in [
            ("fn f(world: World)", "CC107 `f` is not async"),
            (
                "async fn f<T>(world: T)",
                "CC107 `f` is generic, and a test chooses no types",
            ),
            (
                "async fn f(world: impl W)",
                "CC107 `f` is generic, and a test chooses no types",
            ),
            (
                "async fn f(&self)",
                "CC107 `f` is a method, and a test has no `self`",
            ),
            (
                "async unsafe fn f(w: World)",
                "CC107 `f` is unsafe, and a test can promise nothing",
            ),
            (
                "async fn f(a: World, b: World)",
                "CC107 `f` has 2 parameters, and `#[cloudc::test]` brings one: the world",
            ),
        ] {
            let parsed = tested("", sig);
            assert_eq!(messages(&parsed.errors), [message], "{sig}");
            assert!(parsed.value.is_none(), "{sig}");
        }
        assert_eq!(
            messages(&simulated("", "async fn f()").errors),
            ["CC107 `f` has 0 parameters, and `#[cloudc::simulate]` brings one: the world"]
        );
    }

    #[test]
    fn mistakes() {
        for (args, message) in [
            ("runs = 10", "CC101 `#[cloudc::test]` has no key `runs`"),
            ("seed = 1, seed = 2", "CC102 `seed` is there twice"),
            ("seed = \"1\"", "CC103 `seed` wants a whole number"),
            (
                "seed = -1",
                "CC103 `seed` is -1, which is not from 0 to 18446744073709551615",
            ),
            (
                "seed = 18446744073709551616",
                "CC103 `seed` is 18446744073709551616, which is not from 0 to 18446744073709551615",
            ),
            ("start = 5", "CC103 `start` wants a text in quotes"),
            (
                "start = \"tomorrow\"",
                "CC103 `start` is no point in time: \"tomorrow\"",
            ),
        ] {
            let parsed = tested(args, SIG);
            assert_eq!(messages(&parsed.errors), [message], "{args}");
        }
        assert_eq!(
            messages(&simulated("runs = 0", SIG).errors),
            ["CC103 `runs` is 0, which is not from 1 to 1000000"]
        );
    }

    #[test]
    fn times() {
        for time in [
            "2026-03-28T00:00:00Z",
            "2024-02-29T23:59:59Z",
            "2026-03-28T00:00:00.5Z",
            "2026-03-28T00:00:00.123456789+05:30",
            "1969-12-31T23:00:00-01:00",
        ] {
            assert!(is_time(time), "{time}");
        }
        for none in [
            "",
            "2026-03-28",
            "2026-03-28T00:00:00",
            "2026-03-28 00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2100-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:60Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00.1234567890Z",
            "2026-01-01T00:00:00+1",
            "2026-01-01T00:00:00+24:00",
            "2026-1-1T00:00:00Z",
            "20260101T000000Z",
            "+026-01-01T00:00:00Z",
            "2026-01-01T00:00:00Zé",
            "é026-01-01T00:00:00Z",
        ] {
            assert!(!is_time(none), "{none}");
        }
    }
}
