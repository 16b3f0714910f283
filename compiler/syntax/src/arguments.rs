//! The list between an attribute's parentheses: `key = value, key = value`.

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};

use crate::error::{Error, codes};
use crate::item::Attribute;
use crate::suggest::nearest;

/// A key that an attribute knows.
#[derive(Debug)]
pub(crate) struct Key {
    /// As it is written.
    pub(crate) name: &'static str,
    /// A value as one writes it in Rust, for the help of an error.
    pub(crate) example: &'static str,
}

/// A known key with the tokens of its value, which may be none at all.
#[derive(Debug)]
pub(crate) struct Argument {
    pub(crate) key: &'static Key,
    pub(crate) key_span: Span,
    pub(crate) value: Vec<TokenTree>,
}

impl Argument {
    pub(crate) fn tokens(&self) -> TokenStream {
        self.value.iter().cloned().collect()
    }

    /// The place of the value; of the key where it has none.
    pub(crate) fn span(&self) -> Span {
        join(&self.value).unwrap_or(self.key_span)
    }

    /// A mistake in the value, with the usual example as help.
    pub(crate) fn error(&self, message: impl Into<String>, label: impl Into<String>) -> Error {
        let Key { name, example } = self.key;
        Error::new(codes::BAD_VALUE, self.key_span, message, label)
            .over(self.tokens())
            .help(format!("write `{name} = {example}`"))
    }
}

/// The known keys of one attribute, each once, in the order in which they were written.
#[derive(Debug)]
pub(crate) struct Arguments {
    list: Vec<Argument>,
    /// The known keys that unknown ones were probably meant to be.
    meant: Vec<&'static str>,
}

impl Arguments {
    /// Splits the list. What is no `key = value`, unknown or repeated is reported and left out.
    pub(crate) fn parse(
        attribute: Attribute,
        keys: &'static [Key],
        args: TokenStream,
        errors: &mut Vec<Error>,
    ) -> Self {
        let mut tokens = Vec::new();
        flatten(args, &mut tokens);
        let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
        let mut list: Vec<Argument> = Vec::new();
        let mut meant = Vec::new();
        for part in split(&tokens, errors) {
            let Some((ident, value)) = key_and_value(part, errors) else {
                // `http "GET /"` is a trigger, if not a well-formed one.
                if let Some(TokenTree::Ident(first)) = part.first() {
                    meant.extend(names.iter().filter(|name| first == name));
                }
                continue;
            };
            let typed = ident.to_string();
            let Some(key) = keys.iter().find(|key| key.name == typed) else {
                let near = nearest(&typed, &names);
                errors.push(unknown(attribute, &names, &typed, near, ident.span()));
                meant.extend(near);
                continue;
            };
            if list.iter().any(|argument| argument.key.name == key.name) {
                errors.push(repeated(key, ident.span()));
                continue;
            }
            list.push(Argument {
                key,
                key_span: ident.span(),
                value: value.to_vec(),
            });
        }
        Self { list, meant }
    }

    /// Whether something that is no key and value was probably meant to be one of these.
    pub(crate) fn means_one_of(&self, keys: &[&str]) -> bool {
        self.meant.iter().any(|meant| keys.contains(meant))
    }

    /// The argument with this key.
    pub(crate) fn get(&self, key: &str) -> Option<&Argument> {
        self.list.iter().find(|argument| argument.key.name == key)
    }

    /// The value of a key, read by one of the functions of [`crate::value`].
    pub(crate) fn read<T>(
        &self,
        key: &str,
        read: impl FnOnce(&Argument) -> Result<T, Error>,
        errors: &mut Vec<Error>,
    ) -> Option<T> {
        match read(self.get(key)?) {
            Ok(value) => Some(value),
            Err(error) => {
                errors.push(error);
                None
            }
        }
    }
}

/// The place of some tokens: all of them where the compiler of the tokens can join places, else the
/// first.
fn join(tokens: &[TokenTree]) -> Option<Span> {
    let first = tokens.first()?.span();
    let last = tokens.last()?.span();
    Some(first.join(last).unwrap_or(first))
}

/// Takes out the invisible groups in which a `macro_rules` macro passes on its fragments.
fn flatten(tokens: TokenStream, flat: &mut Vec<TokenTree>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
                flatten(group.stream(), flat);
            }
            token => flat.push(token),
        }
    }
}

/// Splits at commas, and before each `key =`, which is where a comma was forgotten. Parts without
/// any token are left out.
fn split<'a>(tokens: &'a [TokenTree], errors: &mut Vec<Error>) -> Vec<&'a [TokenTree]> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, token) in tokens.iter().enumerate() {
        let part = &tokens[start..at];
        if is_punct(token, ',') {
            if part.is_empty() {
                errors.push(Error::new(
                    codes::BAD_VALUE,
                    token.span(),
                    "there is nothing before this comma",
                    "expected `key = value`",
                ));
            }
            parts.push(part);
            start = at + 1;
        } else if !part.is_empty() && starts_pair(&tokens[at..]) {
            // `http = , scale = 1` without the comma: that the value is missing says enough.
            if !part.last().is_some_and(|last| is_punct(last, '=')) {
                errors.push(
                    Error::new(
                        codes::BAD_VALUE,
                        token.span(),
                        format!("there is no comma before `{token}`"),
                        "expected `,`",
                    )
                    .help(format!("write `, {token} = …`")),
                );
            }
            parts.push(part);
            start = at;
        }
    }
    parts.push(&tokens[start..]);
    parts.retain(|part| !part.is_empty());
    parts
}

/// Whether the tokens begin with `key =`, where `=` is no part of `==` or `=>`.
fn starts_pair(tokens: &[TokenTree]) -> bool {
    let [TokenTree::Ident(_), equals, rest @ ..] = tokens else {
        return false;
    };
    is_punct(equals, '=')
        && !rest
            .first()
            .is_some_and(|next| is_punct(next, '=') || is_punct(next, '>'))
}

fn key_and_value<'a>(
    part: &'a [TokenTree],
    errors: &mut Vec<Error>,
) -> Option<(&'a Ident, &'a [TokenTree])> {
    match part {
        [TokenTree::Ident(key), equals, value @ ..] if is_punct(equals, '=') => Some((key, value)),
        [TokenTree::Ident(key)] => Some((key, &[])),
        [first, ..] => {
            errors.push(
                Error::new(
                    codes::BAD_VALUE,
                    first.span(),
                    "this is no `key = value`",
                    "expected `key = value`",
                )
                .over(part.iter().cloned().collect())
                .help("separate the pairs by commas: `key = value, key = value`"),
            );
            None
        }
        [] => None,
    }
}

fn unknown(
    attribute: Attribute,
    names: &[&str],
    typed: &str,
    near: Option<&str>,
    span: Span,
) -> Error {
    let help = match near {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("the keys are {}", listed(names)),
    };
    let attribute = attribute.name();
    Error::new(
        codes::UNKNOWN_KEY,
        span,
        format!("`#[{attribute}]` has no key `{typed}`"),
        "unknown key",
    )
    .help(help)
}

fn repeated(key: &Key, span: Span) -> Error {
    Error::new(
        codes::REPEATED_KEY,
        span,
        format!("`{}` is there twice", key.name),
        "the second one",
    )
    .help("take one of them out")
}

/// `a`, `b` and `c`, each in backquotes.
pub(crate) fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

pub(crate) fn is_punct(token: &TokenTree, wanted: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &[Key] = &[
        Key {
            name: "name",
            example: "\"a\"",
        },
        Key {
            name: "ttl",
            example: "\"10m\"",
        },
    ];

    /// Each key with its value's tokens, then each error's code and message.
    fn parse(args: &str) -> (Vec<String>, Vec<String>) {
        let mut errors = Vec::new();
        let arguments = Arguments::parse(
            Attribute::Cache,
            KEYS,
            args.parse().expect("tokens"),
            &mut errors,
        );
        (
            arguments
                .list
                .iter()
                .map(|argument| {
                    let value: TokenStream = argument.value.iter().cloned().collect();
                    format!("{}={value}", argument.key.name)
                })
                .collect(),
            errors
                .iter()
                .map(|error| format!("{} {}", error.code, error.message))
                .collect(),
        )
    }

    #[test]
    fn well_formed() {
        for args in ["name = \"a\", ttl = \"1s\"", "name = \"a\", ttl = \"1s\","] {
            let (pairs, errors) = parse(args);
            assert_eq!(pairs, ["name=\"a\"", "ttl=\"1s\""]);
            assert!(errors.is_empty(), "{errors:?}");
        }
        assert_eq!(parse(""), (vec![], vec![]));
    }

    #[test]
    fn half_typed() {
        for args in ["name, ttl = 1", "name =, ttl = 1", "name = ttl = 1"] {
            let (pairs, errors) = parse(args);
            assert_eq!(pairs, ["name=", "ttl=1"], "{args}");
            assert!(errors.is_empty(), "{args} {errors:?}");
        }
    }

    #[test]
    fn goes_on_after_a_mistake() {
        let (pairs, errors) = parse("\"x\", , nane = 1, ttl = 1 name = 2, ttl = 3");
        assert_eq!(pairs, ["ttl=1", "name=2"]);
        assert_eq!(
            errors,
            [
                "CC103 there is nothing before this comma",
                "CC103 there is no comma before `name`",
                "CC103 this is no `key = value`",
                "CC101 `#[cache]` has no key `nane`",
                "CC102 `ttl` is there twice",
            ]
        );
    }

    #[test]
    fn lists() {
        assert_eq!(listed(&["a"]), "`a`");
        assert_eq!(listed(&["a", "b", "c"]), "`a`, `b` and `c`");
    }
}
