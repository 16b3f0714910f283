//! Refuses code that is nested so deeply that a recursive parser would run out of stack.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};

/// The most tokens on the way from the start of a statement or list element down to any token in
/// it, over all the groups around it: a bound of the parser's recursion, each level of which takes
/// a token. Hand-written code stays below a thousand.
const MOST: u32 = 8_000;

/// The stack that a parser of accepted code needs: about 10 KiB a level without optimisation.
pub const STACK: usize = 512 << 20;

/// The first token that is nested too deeply, if there is one. Walks with a stack of its own.
pub(crate) fn too_deep(tokens: TokenStream) -> Option<Span> {
    let mut around = Vec::new();
    let mut level = (tokens.into_iter().peekable(), 0, 0);
    loop {
        let (tokens, base, depth) = &mut level;
        let Some(token) = tokens.next() else {
            level = around.pop()?;
            continue;
        };
        *depth += 1;
        if *base + *depth > MOST {
            return Some(token.span());
        }
        match token {
            TokenTree::Group(group) => {
                let inner = *base + *depth;
                // A brace ends a statement or an item, unless an operator or `else` goes on from it.
                let ends = group.delimiter() == Delimiter::Brace
                    && match tokens.peek() {
                        None => true,
                        Some(TokenTree::Ident(next)) => next != "else" && next != "as",
                        Some(TokenTree::Punct(next)) => next.as_char() == '#',
                        Some(TokenTree::Group(_) | TokenTree::Literal(_)) => true,
                    };
                if ends {
                    *depth = 0;
                }
                let inside = group.stream().into_iter().peekable();
                around.push(std::mem::replace(&mut level, (inside, inner, 0)));
            }
            TokenTree::Punct(punct) if matches!(punct.as_char(), ';' | ',') => *depth = 0,
            _ => {}
        }
    }
}
