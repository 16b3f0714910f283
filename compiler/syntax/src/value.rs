//! The values of keys: each function reads one form and says what to write where it finds another.

use std::time::Duration;

use proc_macro2::TokenTree;
use syn::parse::Parser;
use syn::{Lit, RangeLimits};

use crate::arguments::Argument;
use crate::duration;
use crate::error::{Error, Spanned};
use crate::knobs::Scale;

/// A text in quotes.
pub(crate) fn string(argument: &Argument) -> Result<Spanned<String>, Error> {
    match literal(argument)? {
        Some(Lit::Str(text)) => Ok(Spanned::new(text.value(), argument.span())),
        other => {
            let error = wrong(argument, "a text in quotes");
            // `service = search`, `memory = 128`: what is meant is clear. A route or a cron
            // expression is more than a word.
            if argument.key.example.contains(' ') {
                return Err(error);
            }
            let meant = match (other, &*argument.value) {
                (Some(Lit::Int(number)), _) => number.to_string(),
                (None, [TokenTree::Ident(word)]) => word.to_string(),
                _ => return Err(error),
            };
            Err(error.help(format!("write `{} = \"{meant}\"`", argument.key.name)))
        }
    }
}

/// The most of anything that is counted: more than any cluster gives, and within Kubernetes' `int32`.
const MOST: u32 = 1_000_000;

/// A whole number from 1 to [`MOST`].
pub(crate) fn count(argument: &Argument) -> Result<Spanned<u32>, Error> {
    match literal(argument)? {
        Some(Lit::Int(number)) if number.suffix().is_empty() => match number.base10_parse() {
            Ok(value) if (1..=MOST).contains(&value) => Ok(Spanned::new(value, argument.span())),
            _ => Err(argument.error(
                format!(
                    "`{}` is {number}, which is not from 1 to {MOST}",
                    argument.key.name,
                ),
                "out of range",
            )),
        },
        _ => Err(wrong(argument, "a whole number")),
    }
}

/// `true` or `false`.
pub(crate) fn flag(argument: &Argument) -> Result<Spanned<bool>, Error> {
    match literal(argument)? {
        Some(Lit::Bool(flag)) => Ok(Spanned::new(flag.value, argument.span())),
        _ => Err(wrong(argument, "`true` or `false`")),
    }
}

/// A length of time of at least `least`, in quotes.
pub(crate) fn duration(argument: &Argument, least: Duration) -> Result<Spanned<Duration>, Error> {
    let key = argument.key.name;
    let text = match literal(argument)? {
        Some(Lit::Str(text)) => text.value(),
        Some(Lit::Int(number)) => {
            let unit = match number.suffix() {
                "" => "s",
                suffix => suffix,
            };
            let meant = format!("{}{unit}", number.base10_digits());
            let error = wrong(argument, "a length of time in quotes");
            return Err(match duration::parse(&meant) {
                Some(_) => error.help(format!("write `{key} = \"{meant}\"`")),
                None => error,
            });
        }
        _ => return Err(wrong(argument, "a length of time in quotes")),
    };
    match duration::parse(&text) {
        Some(value) if value < least => Err(argument.error(
            format!("`{key}` is {text}, and must be at least {least:?}"),
            "too short",
        )),
        Some(value) => Ok(Spanned::new(value, argument.span())),
        None => Err(argument
            .error(
                format!("`{key}` is no length of time: {text:?}"),
                "not understood",
            )
            .help(format!(
                "write whole numbers with `d`, `h`, `m`, `s` or `ms`, longest first: \
                 `{key} = {}`, `{key} = \"1h30m\"`",
                argument.key.example
            ))),
    }
}

/// One of some words, in quotes.
pub(crate) fn choice<T: Copy>(
    argument: &Argument,
    choices: &[(&str, T)],
) -> Result<Spanned<T>, Error> {
    let text = string(argument)?;
    let chosen = choices.iter().find(|(word, _)| *word == text.value);
    chosen
        .map(|(_, value)| Spanned::new(*value, text.span))
        .ok_or_else(|| {
            let words: Vec<String> = choices
                .iter()
                .map(|(word, _)| format!("`\"{word}\"`"))
                .collect();
            argument
                .error(
                    format!("`{}` cannot be {:?}", argument.key.name, text.value),
                    "no such choice",
                )
                .help(format!("write {}", words.join(" or ")))
        })
}

/// A path to an item.
pub(crate) fn path(argument: &Argument) -> Result<Spanned<syn::Path>, Error> {
    filled(argument)?;
    syn::Path::parse_mod_style
        .parse2(argument.tokens())
        .map(|path| Spanned::new(path, argument.span()))
        .map_err(|_| {
            let error = wrong(argument, "the path of a static, without quotes");
            match literal(argument) {
                Ok(Some(Lit::Str(text))) if syn::parse_str::<syn::Path>(&text.value()).is_ok() => {
                    error.help(format!("write `{} = {}`", argument.key.name, text.value()))
                }
                _ => error,
            }
        })
}

/// `0..=20`, `1..`, or a lone `3` for exactly three.
pub(crate) fn scale(argument: &Argument) -> Result<Spanned<Scale>, Error> {
    filled(argument)?;
    let form = || wrong(argument, "a range of whole numbers");
    let (min, max) = match syn::parse2::<syn::Expr>(argument.tokens()).map_err(|_| form())? {
        syn::Expr::Range(range) => {
            let min = range.start.as_deref().map(whole);
            let max = range.end.as_deref().map(whole);
            match (min, max, range.limits) {
                (Some(Some(min)), None, _) => (min, None),
                (Some(Some(min)), Some(Some(max)), RangeLimits::Closed(_)) => (min, Some(max)),
                (Some(Some(min)), Some(Some(max)), RangeLimits::HalfOpen(_)) => {
                    return Err(argument
                        .error("`scale` leaves out its upper end", "half-open range")
                        .help(format!("write `scale = {min}..={max}`")));
                }
                (None, Some(Some(max)), _) => {
                    return Err(argument
                        .error("`scale` has no lower end", "from how many?")
                        .help(format!("write `scale = 0..={max}`")));
                }
                _ => return Err(form()),
            }
        }
        fixed => {
            let fixed = whole(&fixed).ok_or_else(form)?;
            (fixed, Some(fixed))
        }
    };
    match max {
        Some(0) => Err(argument.error("`scale` allows no pod at all", "must allow at least 1")),
        _ if min.max(max.unwrap_or(0)) > MOST => Err(argument
            .error(
                format!("`scale` asks for more than {MOST} pods"),
                "out of range",
            )
            .help("write `scale = 0..=20`, or `scale = 0..` where there is no bound")),
        Some(max) if max < min => Err(argument
            .error("`scale` ends before it starts", "an empty range")
            .help(format!("write `scale = {max}..={min}`"))),
        max => Ok(Spanned::new(Scale { min, max }, argument.span())),
    }
}

fn whole(expr: &syn::Expr) -> Option<u32> {
    match expr {
        syn::Expr::Lit(syn::ExprLit {
            lit: Lit::Int(number),
            ..
        }) if number.suffix().is_empty() => number.base10_parse().ok(),
        _ => None,
    }
}

/// The value as one literal; `None` where it is something else.
pub(crate) fn literal(argument: &Argument) -> Result<Option<Lit>, Error> {
    filled(argument)?;
    Ok(syn::parse2(argument.tokens()).ok())
}

fn filled(argument: &Argument) -> Result<(), Error> {
    if argument.value.is_empty() {
        let key = argument.key.name;
        return Err(argument.error(format!("`{key}` has no value"), "expected a value"));
    }
    Ok(())
}

/// A value of another form than the one that is wanted.
pub(crate) fn wrong(argument: &Argument, wanted: &str) -> Error {
    argument.error(
        format!("`{}` wants {wanted}", argument.key.name),
        format!("not {wanted}"),
    )
}
