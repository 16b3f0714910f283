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
    "fn", "struct", "enum", "union", "static", "const", "type", "trait", "mod", "ref",
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

/// The names of the items in the tokens: what stands after `fn`, `struct`, `static` and the like.
pub(super) fn defined(builder: &mut Builder<'_>, tokens: &TokenStream, into: &mut Vec<Name>) {
    let mut after_word = false;
    for token in tokens.clone() {
        let is_word = matches!(&token, TokenTree::Ident(ident) if ITEM_WORDS.iter().any(|word| ident == word));
        match token {
            // `static ref NAME` is lazy_static's.
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
                TokenTree::Literal(literal) => {
                    self.captures(literal, &tokens);
                    at + 1
                }
                TokenTree::Ident(_) if is_named_argument(&tokens, at) => at + 2,
                TokenTree::Ident(ident) if ident == "stringify" && is_bang(&tokens, at + 1) => {
                    at + 3
                }
                TokenTree::Punct(punct) if punct.as_char() == '$' => self.metavariable(&tokens, at),
                TokenTree::Punct(punct) if punct.as_char() == '.' => self.method(&tokens, at),
                // A lifetime, not a name.
                TokenTree::Punct(punct) if punct.as_char() == '\'' => at + 2,
                TokenTree::Punct(_) if is_colons(&tokens, at) => self.after_colons(&tokens, at),
                TokenTree::Ident(ident) if !is_keyword(ident) => {
                    self.path(&tokens, at, PathRoot::Plain)
                }
                _ => at + 1,
            };
        }
    }

    /// `::name` at the start of a path, or behind something that is no plain path.
    fn after_colons(&mut self, tokens: &[TokenTree], at: usize) -> usize {
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        let ends_type = matches!(before, Some(TokenTree::Punct(punct)) if punct.as_char() == '>')
            || matches!(before, Some(TokenTree::Group(_)));
        match tokens.get(at + 2) {
            // `<T>::name`, `Type::<T>::name`
            Some(TokenTree::Ident(ident)) if ends_type => {
                self.associated(ident);
                at + 3
            }
            Some(TokenTree::Punct(punct)) if punct.as_char() == '$' => {
                self.spliced(punct.span());
                at + 2
            }
            _ => self.path(tokens, at + 2, PathRoot::Global),
        }
    }

    fn associated(&mut self, ident: &Ident) {
        let name = self.builder.ident(ident);
        let spot = self.builder.positions.spot(ident.span());
        self.builder
            .mention(self.node, What::Associated(name), self.cfg, spot);
    }

    /// A name that the macro's caller gives stands where only a macro can put it.
    fn spliced(&mut self, span: Span) {
        let spot = self.builder.positions.spot(span);
        self.builder
            .mention(self.node, What::Spliced, self.cfg, spot);
    }

    /// `$crate::path`, `$type::name`, or a metavariable, which says nothing here.
    fn metavariable(&mut self, tokens: &[TokenTree], at: usize) -> usize {
        match tokens.get(at + 1) {
            Some(TokenTree::Ident(ident)) if ident == "crate" && is_colons(tokens, at + 2) => {
                self.path(tokens, at + 4, PathRoot::DollarCrate)
            }
            Some(TokenTree::Ident(_)) if is_colons(tokens, at + 2) => match tokens.get(at + 4) {
                Some(TokenTree::Ident(name)) => {
                    self.associated(name);
                    at + 5
                }
                _ => at + 2,
            },
            // `$name:kind`
            Some(TokenTree::Ident(_)) => match tokens.get(at + 2) {
                Some(TokenTree::Punct(punct)) if punct.as_char() == ':' => at + 3,
                _ => at + 2,
            },
            _ => at + 1,
        }
    }

    /// `{NAME}` in a string: a format string captures a const by it. (Variables are no mentions, and a
    /// const in lower case is none that a person writes.)
    fn captures(&mut self, literal: &proc_macro2::Literal, around: &[TokenTree]) {
        let text = literal.to_string();
        if !text.starts_with(['"', 'r']) {
            return;
        }
        for part in text.split('{').skip(1) {
            let end = part.find(|c: char| !(c.is_alphanumeric() || c == '_'));
            let name = part.get(..end.unwrap_or(part.len())).unwrap_or_default();
            let is_const = name.starts_with(|c: char| c.is_uppercase() || c == '_')
                && !name.contains(|c: char| c.is_lowercase());
            let named = |at: usize| {
                matches!(around.get(at), Some(TokenTree::Ident(ident)) if ident == name)
                    && is_named_argument(around, at)
            };
            if is_const && !(0..around.len()).any(named) {
                let name = self.builder.name(name);
                let path = self.builder.path(PathRoot::Plain, vec![name]);
                let spot = self.builder.positions.spot(literal.span());
                self.builder
                    .mention(self.node, What::Tokens(path), self.cfg, spot);
            }
        }
    }

    /// `.name(…)` after something that is no path.
    fn method(&mut self, tokens: &[TokenTree], at: usize) -> usize {
        let Some(TokenTree::Ident(ident)) = tokens.get(at + 1) else {
            if matches!(tokens.get(at + 1), Some(TokenTree::Punct(punct)) if punct.as_char() == '$')
                && opens_call(tokens, at + 3).is_some()
            {
                self.spliced(tokens[at].span());
            }
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
                Some(TokenTree::Punct(punct)) if punct.as_char() == '$' => {
                    self.spliced(punct.span());
                    break;
                }
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

/// `name = …` where an argument starts: the name is the macro's.
fn is_named_argument(tokens: &[TokenTree], at: usize) -> bool {
    let punct = |at: usize| match tokens.get(at) {
        Some(TokenTree::Punct(punct)) => punct.as_char(),
        _ => ' ',
    };
    let starts = at == 0 || punct(at - 1) == ',';
    starts && punct(at + 1) == '=' && !matches!(punct(at + 2), '=' | '>')
}

fn is_bang(tokens: &[TokenTree], at: usize) -> bool {
    matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == '!')
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
