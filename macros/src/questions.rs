//! Whether a body returns early with `?`, as well as its tokens tell.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Whether a body has a `?` of its own, and no `return;`, which says that it returns nothing. What is
/// in closures, functions, `async` blocks and macros that it defines is not its own.
pub(crate) fn asks(body: &TokenStream) -> bool {
    let found = look(&body.clone().into_iter().collect::<Vec<_>>());
    found.question && !found.bare_return
}

#[derive(Clone, Copy, Default)]
struct Found {
    question: bool,
    bare_return: bool,
}

fn look(tokens: &[TokenTree]) -> Found {
    let mut found = Found::default();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let rest = &tokens[at + 1..];
        at += 1;
        match token {
            TokenTree::Ident(word) if word == "fn" || word == "macro_rules" => at += item(rest),
            TokenTree::Ident(word) if word == "async" => at += async_block(rest),
            TokenTree::Ident(word) if word == "return" && ends(rest.first()) => {
                found.bare_return = true;
            }
            token if is(token, '|') && starts_expression(&tokens[..at - 1]) => {
                at += closure(rest);
            }
            token if is(token, '?') && is_operand(&tokens[..at - 1]) => found.question = true,
            TokenTree::Group(group) => {
                let inside = look(&group.stream().into_iter().collect::<Vec<_>>());
                found.question |= inside.question;
                found.bare_return |= inside.bare_return;
            }
            _ => {}
        }
    }
    found
}

fn is(token: &TokenTree, wanted: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted)
}

fn is_brace(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

/// Whether what stands before is a value, so that `?` is asked of it: `?Sized` is a bound.
fn is_operand(before: &[TokenTree]) -> bool {
    match before.last() {
        Some(TokenTree::Group(_) | TokenTree::Literal(_)) => true,
        Some(TokenTree::Ident(word)) => word != "dyn" && word != "impl",
        Some(token @ TokenTree::Punct(_)) => is(token, '?'),
        None => false,
    }
}

fn ends(next: Option<&TokenTree>) -> bool {
    next.is_none_or(|next| is(next, ';') || is(next, ','))
}

/// Whether an expression starts after these tokens, where `|` begins a closure's parameters.
fn starts_expression(before: &[TokenTree]) -> bool {
    match before.last() {
        None => true,
        Some(TokenTree::Punct(punct)) => !matches!(punct.as_char(), '?' | '|'),
        Some(TokenTree::Ident(word)) => {
            ["move", "return", "async", "static", "break", "else", "in"]
                .iter()
                .any(|keyword| word == keyword)
        }
        // A statement's block, or an operand.
        Some(TokenTree::Group(group)) => group.delimiter() == Delimiter::Brace,
        Some(TokenTree::Literal(_)) => false,
    }
}

/// The tokens up to the end of an item: its braces, or `;`.
fn item(rest: &[TokenTree]) -> usize {
    let end = rest
        .iter()
        .position(|token| is_brace(token) || is(token, ';'));
    end.map_or(rest.len(), |end| end + 1)
}

/// The tokens of `move { … }` or `{ … }`; none for `async fn` and `async ||`, which are seen as such.
fn async_block(rest: &[TokenTree]) -> usize {
    match rest {
        [TokenTree::Ident(word), block, ..] if word == "move" && is_brace(block) => 2,
        [block, ..] if is_brace(block) => 1,
        _ => 0,
    }
}

/// The tokens of a closure after its first `|`: its parameters, then a block, or all up to the next
/// `,` or `;`.
fn closure(rest: &[TokenTree]) -> usize {
    let Some(parameters) = rest.iter().position(|token| is(token, '|')) else {
        return 0;
    };
    let body = &rest[parameters + 1..];
    let typed = body.first().is_some_and(|token| is(token, '-'));
    let block = match body.iter().position(is_brace) {
        Some(block) if typed || block == 0 => Some(block + 1),
        _ => None,
    };
    let end = || {
        body.iter()
            .position(|token| is(token, ',') || is(token, ';'))
    };
    parameters + 1 + block.or_else(end).unwrap_or(body.len())
}

#[cfg(test)]
mod tests {
    use super::asks;

    #[test]
    fn questions() {
        for body in [
            "{ ORDERS.send(&order).await?; }",
            "{ assert_eq!(PRICES.get(&sku).await?, None); }",
            "{ for order in orders()? { ship(order); } }",
            "{ let f = |x| x + 1; f(read()?); }",
            "{ let f = |x| -> u32 { x }; read()?; }",
            "{ let all = list.map(|x| x.a()?, b?); }",
            "{ if a | b { read()? } }",
            "{ let flags = (A | B); read()?; }",
            "{ tokio::spawn(async move { x?; }); read()?; }",
            "{ async fn f() {} read()?; }",
            "{ let a = { 1 }; x()??; }",
            "{ match x { Some(a) | None => read()?, } }",
            "{ let f = || (); read()?; }",
        ] {
            assert!(asks(&body.parse().expect(body)), "{body}");
        }
    }

    #[test]
    fn none() {
        for body in [
            "{}",
            "{ ORDERS.send(&order).await.unwrap(); }",
            "{ let f = || read()?; }",
            "{ let f = |a, (b, c)| { read()?; 1 }; }",
            "{ let f = move |a: A| -> Result<u8, E> { read()?; Ok(1) }; }",
            "{ list.map(|x| x.parse()?); }",
            "{ tokio::spawn(async { read()?; }); }",
            "{ tokio::spawn(async move { read()?; Ok(()) }); }",
            "{ let f = async |x| read()?; }",
            "{ fn f() -> R { read()? } f(); }",
            "{ struct S; impl S { fn f(&self) -> R { read()? } } }",
            "{ fn f<T: ?Sized>(t: &T); }",
            "{ struct S<T: ?Sized>(Box<T>); }",
            "{ macro_rules! m { ($($a:tt)?) => { $a? } } }",
            "{ if done { return; } read()?; }",
            "{ match x { A => return, B => read()?, } }",
            "{ if done { return } read()?; }",
        ] {
            assert!(!asks(&body.parse().expect(body)), "{body}");
        }
    }
}
