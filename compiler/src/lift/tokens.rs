//! What a macro's tokens mention. Only the macro knows what they mean, so every path counts.

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};

use super::builder::Builder;
use super::facts::{CfgId, Name, NodeId, PathRoot, What};

/// Words that start no path.
const KEYWORDS: &[&str] = &[
    "as", "async", "await", "break", "const", "continue", "dyn", "else", "enum", "extern", "false",
    "fn", "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref",
    "return", "static", "struct", "trait", "true", "type", "unsafe", "use", "where", "while",
    "yield", "_",
];

/// Words before the name of an item.
const ITEM_WORDS: &[&str] = &[
    "fn", "struct", "enum", "union", "static", "const", "type", "trait", "mod",
];

/// Notes every path and method in the tokens as mentioned by the node.
pub(super) fn mentions(
    builder: &mut Builder<'_>,
    node: NodeId,
    cfg: Option<CfgId>,
    tokens: &TokenStream,
) {
    Scan { builder, node, cfg }.stream(tokens.clone());
}

/// Every identifier in the tokens that could be the name of something they define.
pub(super) fn definable(builder: &mut Builder<'_>, tokens: &TokenStream, into: &mut Vec<Name>) {
    let mut after_dot = false;
    for token in tokens.clone() {
        let is_dot = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '.');
        match token {
            TokenTree::Ident(ident) if !after_dot && !is_keyword(&ident) => {
                into.push(builder.ident(&ident));
            }
            TokenTree::Group(group) => definable(builder, &group.stream(), into),
            _ => {}
        }
        after_dot = is_dot;
    }
}

/// The names of the items in the tokens: what stands after `fn`, `struct`, `static` and the like.
pub(super) fn defined(builder: &mut Builder<'_>, tokens: &TokenStream, into: &mut Vec<Name>) {
    let mut after_word = false;
    for token in tokens.clone() {
        let is_word = matches!(&token, TokenTree::Ident(ident) if ITEM_WORDS.iter().any(|word| ident == word));
        match token {
            TokenTree::Ident(ident) if after_word && !is_keyword(&ident) => {
                into.push(builder.ident(&ident));
            }
            TokenTree::Group(group) => defined(builder, &group.stream(), into),
            _ => {}
        }
        after_word = is_word;
    }
}

/// The first `mod name;` in the tokens.
pub(super) fn hidden_module(tokens: &TokenStream) -> Option<Span> {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let semicolon = |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == ';');
    tokens
        .iter()
        .enumerate()
        .find_map(|(at, token)| match token {
            TokenTree::Group(group) => hidden_module(&group.stream()),
            // `mod name;`, `mod $name;`
            TokenTree::Ident(ident)
                if ident == "mod" && (semicolon(at + 2) || semicolon(at + 3)) =>
            {
                Some(ident.span())
            }
            _ => None,
        })
}

/// The first `#[function]`, `#[queue]` or `#[cache]` in the tokens, whatever stands before the name.
pub(super) fn hidden_attribute(tokens: &TokenStream) -> Option<Span> {
    let mut tokens = tokens.clone().into_iter().peekable();
    while let Some(token) = tokens.next() {
        let inner = match &token {
            TokenTree::Group(group) => hidden_attribute(&group.stream()),
            TokenTree::Punct(punct) if punct.as_char() == '#' => match tokens.peek() {
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket => {
                    attribute_name(group.stream())
                }
                _ => None,
            },
            _ => None,
        };
        if inner.is_some() {
            return inner;
        }
    }
    None
}

fn attribute_name(tokens: TokenStream) -> Option<Span> {
    let mut last = None;
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => last = Some(ident),
            TokenTree::Punct(punct) if punct.as_char() == ':' => {}
            _ => break,
        }
    }
    last.filter(|name| {
        ["function", "queue", "cache"]
            .iter()
            .any(|known| name == known)
    })
    .map(|name| name.span())
}

fn is_keyword(ident: &Ident) -> bool {
    KEYWORDS.iter().any(|keyword| ident == keyword)
}

struct Scan<'s, 'b> {
    builder: &'s mut Builder<'b>,
    node: NodeId,
    cfg: Option<CfgId>,
}

impl Scan<'_, '_> {
    fn stream(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at = match token {
                TokenTree::Group(group) => {
                    self.stream(group.stream());
                    at + 1
                }
                TokenTree::Punct(punct) if punct.as_char() == '$' => self.metavariable(&tokens, at),
                TokenTree::Punct(punct) if punct.as_char() == '.' => self.method(&tokens, at),
                // A lifetime, not a name.
                TokenTree::Punct(punct) if punct.as_char() == '\'' => at + 2,
                TokenTree::Punct(_) if is_colons(&tokens, at) => {
                    self.path(&tokens, at + 2, PathRoot::Global)
                }
                TokenTree::Ident(ident) if !is_keyword(ident) => {
                    self.path(&tokens, at, PathRoot::Plain)
                }
                _ => at + 1,
            };
        }
    }

    /// `$crate::path`, or a metavariable, which says nothing here.
    fn metavariable(&mut self, tokens: &[TokenTree], at: usize) -> usize {
        match tokens.get(at + 1) {
            Some(TokenTree::Ident(ident)) if ident == "crate" && is_colons(tokens, at + 2) => {
                self.path(tokens, at + 4, PathRoot::DollarCrate)
            }
            // `$name:kind`, `$name::rest`: what follows is not a path of its own.
            Some(TokenTree::Ident(_)) => match tokens.get(at + 2) {
                Some(TokenTree::Punct(punct)) if punct.as_char() == ':' => {
                    at + if is_colons(tokens, at + 2) { 4 } else { 3 }
                }
                _ => at + 2,
            },
            _ => at + 1,
        }
    }

    /// `.name(…)` after something that is no path.
    fn method(&mut self, tokens: &[TokenTree], at: usize) -> usize {
        let Some(TokenTree::Ident(ident)) = tokens.get(at + 1) else {
            return at + 1;
        };
        if opens_call(tokens, at + 2).is_some() {
            let name = self.builder.ident(ident);
            let spot = self.builder.positions.spot(ident.span());
            self.builder
                .mention(self.node, What::Method(name, None), self.cfg, spot);
        }
        at + 2
    }

    /// A path that starts at `at`, with the method called on it, if there is one.
    fn path(&mut self, tokens: &[TokenTree], mut at: usize, root: PathRoot) -> usize {
        let mut segments = Vec::new();
        let mut ends = None;
        while let Some(TokenTree::Ident(ident)) = tokens.get(at) {
            segments.push(self.builder.ident(ident));
            let (from, _) = ends.unwrap_or((ident.span(), ident.span()));
            ends = Some((from, ident.span()));
            at += 1;
            if !is_colons(tokens, at) {
                break;
            }
            match tokens.get(at + 2) {
                Some(TokenTree::Ident(_)) => at += 2,
                // `::<…>`: generic arguments, which are scanned like everything else.
                _ => break,
            }
        }
        let Some((from, to)) = ends else {
            return at;
        };
        let path = self.builder.path(root, segments);
        let spot = self.builder.positions.between(from, to);
        let what = match (tokens.get(at), tokens.get(at + 1)) {
            (Some(TokenTree::Punct(dot)), Some(TokenTree::Ident(method)))
                if dot.as_char() == '.' && opens_call(tokens, at + 2).is_some() =>
            {
                at += 2;
                What::Call(path, self.builder.ident(method), None)
            }
            (Some(TokenTree::Punct(bang)), Some(TokenTree::Group(_))) if bang.as_char() == '!' => {
                What::Macro(path)
            }
            _ => What::Tokens(path),
        };
        self.builder.mention(self.node, what, self.cfg, spot);
        at
    }
}

fn is_colons(tokens: &[TokenTree], at: usize) -> bool {
    let colon = |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
    colon(at) && colon(at + 1)
}

/// Where the arguments of a call open, if there is one at `at`: `(…)`, or `::<…>(…)`.
fn opens_call(tokens: &[TokenTree], at: usize) -> Option<usize> {
    let is_call = |at: usize| matches!(tokens.get(at), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis);
    if is_call(at) {
        return Some(at);
    }
    if !is_colons(tokens, at) {
        return None;
    }
    let mut depth = 0_i32;
    for (index, token) in tokens.iter().enumerate().skip(at + 2) {
        let TokenTree::Punct(punct) = token else {
            continue;
        };
        match punct.as_char() {
            '<' => depth += 1,
            '>' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return is_call(index + 1).then_some(index + 1);
        }
    }
    None
}
