//! Names: those that the user gives, and those made of identifiers.

use proc_macro2::Ident;

use crate::arguments::{Argument, Arguments};
use crate::error::{Error, Spanned, codes};
use crate::value;

/// The most characters of a name: those of a DNS-1123 label (RFC 1123), as Kubernetes has it.
pub const MAX_NAME: usize = 63;

/// The name that an identifier gives: `place_order` → `place-order`, `NEW_ORDERS` → `new-orders`,
/// `r#move` → `move`.
pub fn kebab(ident: &Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#")
        .unwrap_or(&text)
        .to_lowercase()
        .replace('_', "-")
}

/// The name of an item: what `name = "…"` says, or what its identifier gives.
pub(crate) fn read(args: &Arguments, ident: &Ident, errors: &mut Vec<Error>) -> Spanned<String> {
    let of_ident = kebab(ident);
    if args.get("name").is_none()
        && let Some(reason) = fault(&of_ident)
    {
        errors.push(
            Error::new(
                codes::BAD_NAME,
                ident.span(),
                format!("`{ident}` gives the name `{of_ident}`, which {reason}"),
                "no name for Kubernetes",
            )
            .help(format!(
                "name it yourself: `name = \"{}\"`",
                proposal(&of_ident)
            )),
        );
    }
    args.read("name", explicit, errors)
        .unwrap_or_else(|| Spanned::new(of_ident, ident.span()))
}

/// A name in quotes.
pub(crate) fn explicit(argument: &Argument) -> Result<Spanned<String>, Error> {
    let name = value::string(argument)?;
    let Some(reason) = fault(&name.value) else {
        return Ok(name);
    };
    let key = argument.key.name;
    Err(Error::new(
        codes::BAD_NAME,
        name.span,
        format!("the {key} `{}` {reason}", name.value),
        "no name for Kubernetes",
    )
    .help(format!("write `{key} = \"{}\"`", proposal(&name.value))))
}

/// Why a text is no name: a DNS-1123 label that starts with a letter, so that it is a DNS-1035
/// label too, which Services and revisions must be.
pub fn fault(name: &str) -> Option<String> {
    let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if name.is_empty() {
        Some("is empty".to_owned())
    } else if let Some(bad) = name.chars().find(|c| !alphanumeric(*c) && *c != '-') {
        Some(format!(
            "has {bad:?} in it; a name consists of lower-case letters, digits and `-`"
        ))
    } else if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        Some("does not start with a letter".to_owned())
    } else if name.ends_with('-') {
        Some("ends with `-`".to_owned())
    } else if name.len() > MAX_NAME {
        Some(format!(
            "is {} characters long; a name has at most {MAX_NAME}",
            name.len()
        ))
    } else {
        None
    }
}

/// The name that was probably meant.
fn proposal(name: &str) -> String {
    let lower = name.to_lowercase();
    let mut words: Vec<&str> = lower
        .split(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit())
        .filter(|word| !word.is_empty())
        .collect();
    while words
        .first()
        .is_some_and(|word| word.starts_with(|c: char| c.is_ascii_digit()))
    {
        words.remove(0);
    }
    let mut name = words.join("-");
    name.truncate(MAX_NAME);
    match name.trim_end_matches('-') {
        "" => "my-name".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proc_macro2::Span;

    use super::*;

    #[test]
    fn identifiers() {
        for (ident, name) in [
            ("place_order", "place-order"),
            ("NEW_ORDERS", "new-orders"),
            ("a1", "a1"),
        ] {
            assert_eq!(kebab(&Ident::new(ident, Span::call_site())), name);
        }
        assert_eq!(kebab(&Ident::new_raw("move", Span::call_site())), "move");
    }

    #[test]
    fn names() {
        let long = "a".repeat(63);
        for name in ["a", "place-order", "a1", "a--b", &long] {
            assert_eq!(fault(name), None, "{name}");
        }
        let longer = "a".repeat(64);
        for name in ["", "A", "a_b", "a.b", "1a", "-a", "a-", "ä", "a b", &longer] {
            assert!(fault(name).is_some(), "{name}");
        }
    }

    #[test]
    fn every_proposal_is_a_name() {
        let longer = format!("{}-{}", "a".repeat(62), "b".repeat(9));
        for name in [
            "",
            "A",
            "Place Order",
            "1a",
            "12-a",
            "-a-",
            "Ä",
            "İ",
            "_",
            &longer,
        ] {
            assert_eq!(fault(&proposal(name)), None, "{name} {}", proposal(name));
        }
        assert_eq!(proposal("Place_Order"), "place-order");
    }
}
