//! The paths that a Rust file mentions, token by token, so that what stands in strings and comments is none.

use std::iter::Peekable;

use proc_macro2::token_stream::IntoIter;
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A path such as `std::fs::read`; each branch of a `use` is a path of its own.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mention {
    pub(crate) path: String,
    pub(crate) line: usize,
}

impl Mention {
    /// Whether it is this path, or one that goes on from it.
    pub(crate) fn is(&self, path: &str) -> bool {
        let rest = self.path.strip_prefix(path);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    }
}

/// All paths of a file but those in items under `#[cfg(test)]`.
pub(crate) fn mentions(file: &str, text: &str) -> Vec<Mention> {
    let tokens: TokenStream = text
        .parse()
        .unwrap_or_else(|error| panic!("{file} is no Rust: {error}"));
    let mut found = Vec::new();
    walk(tokens, "", &mut found);
    found
}

fn walk(tokens: TokenStream, prefix: &str, found: &mut Vec<Mention>) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '#' && next_is_cfg_test(&mut tokens) => {
                skip_item(&mut tokens);
            }
            TokenTree::Ident(ident) => {
                let line = ident.span().start().line;
                path(format!("{prefix}{ident}"), line, &mut tokens, found);
            }
            TokenTree::Group(group) => walk(group.stream(), "", found),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// Reads on after the first part of a path.
fn path(mut path: String, line: usize, tokens: &mut Peekable<IntoIter>, found: &mut Vec<Mention>) {
    while next_is(tokens, ':') {
        tokens.next();
        if !next_is(tokens, ':') {
            break;
        }
        tokens.next();
        match tokens.peek() {
            Some(TokenTree::Ident(ident)) => {
                path += &format!("::{ident}");
                tokens.next();
            }
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                walk(group.stream(), &format!("{path}::"), found);
                tokens.next();
                return;
            }
            _ => break,
        }
    }
    found.push(Mention { path, line });
}

fn next_is(tokens: &mut Peekable<IntoIter>, wanted: char) -> bool {
    matches!(tokens.peek(), Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

/// Whether an attribute's `#` is followed by `[cfg(test)]`; takes it if so.
fn next_is_cfg_test(tokens: &mut Peekable<IntoIter>) -> bool {
    let is = tokens
        .peek()
        .is_some_and(|token| token.to_string().replace(' ', "") == "[cfg(test)]");
    if is {
        tokens.next();
    }
    is
}

/// Skips to the end of an item: a body in braces, or a semicolon.
fn skip_item(tokens: &mut Peekable<IntoIter>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => return,
            TokenTree::Punct(punct) if punct.as_char() == ';' => return,
            _ => {}
        }
    }
}

#[test]
fn paths_of_all_kinds() {
    let text = r#"
        //! std::in_a_comment
        use std::{fs, io::{self, Read as R}};
        use crate::a::*;
        fn f(x: u8) -> Vec<std::env::Args> {
            println!("std::in_a_string {}", std::net::x::<u8>());
            S { a: b }
        }
        #[cfg(test)] use std::time;
        #[cfg(test)]
        #[derive(Debug)]
        mod tests { use std::process; }
        fn after() { last::one() }
    "#;
    let found = mentions("a.rs", text);
    let has = |path: &str| found.iter().any(|mention| mention.is(path));
    for path in [
        "std::fs",
        "std::io::self",
        "std::io::Read",
        "crate::a",
        "std::env",
        "std::net::x",
        "last::one",
    ] {
        assert!(has(path), "{path} in {found:?}");
    }
    for path in [
        "std::in_a_comment",
        "std::in_a_string",
        "std::time",
        "std::process",
        "std::f",
    ] {
        assert!(!has(path), "{path} in {found:?}");
    }
    let fs = found
        .iter()
        .find(|mention| mention.is("std::fs"))
        .expect("it is there");
    assert_eq!(fs.line, 3);
}
