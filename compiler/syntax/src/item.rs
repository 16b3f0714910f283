//! The items that carry the attributes, read only as far as needed, so that half-typed ones do.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute as SynAttribute, Ident, Signature, StaticMutability, Token, Type, Visibility};

use crate::error::{Error, codes};

/// One of the attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attribute {
    /// `#[function]`.
    Function,
    /// `#[queue]`.
    Queue,
    /// `#[cache]`.
    Cache,
    /// `#[test]`.
    Test,
    /// `#[simulate]`.
    Simulate,
}

impl Attribute {
    /// The attribute's name: `function`, `queue` or `cache`; or `cloudc::test` or `cloudc::simulate`, which
    /// are told from other crates' by that.
    pub fn name(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Queue => "queue",
            Self::Cache => "cache",
            Self::Test => "cloudc::test",
            Self::Simulate => "cloudc::simulate",
        }
    }

    fn example(self) -> &'static str {
        match self {
            Self::Function => "async fn place_order() { … }",
            Self::Queue => "static ORDERS: Queue<Order>;",
            Self::Cache => "static PRICES: Cache<Sku, Price>;",
            Self::Test => "async fn an_order_is_charged(world: World) { … }",
            Self::Simulate => "async fn never_charged_twice(world: World) { … }",
        }
    }
}

/// An attribute on an item that is nothing like what it wants: a struct, a method.
pub fn wrong_item(attribute: Attribute, span: Span) -> Error {
    let name = attribute.name();
    let wanted = match attribute {
        Attribute::Function | Attribute::Test | Attribute::Simulate => "a free `async fn`",
        Attribute::Queue | Attribute::Cache => "a `static`",
    };
    Error::new(
        codes::WRONG_ITEM,
        span,
        format!("`#[{name}]` goes on {wanted}"),
        format!("not {wanted}"),
    )
    .help(format!("write `{}`", attribute.example()))
}

/// A second attribute of cloudc's on the same item, among the attributes under the first one: which of
/// them it is, and the mistake.
pub fn stacked(attribute: Attribute, below: &[SynAttribute]) -> Option<(usize, Error)> {
    let names: &[&str] = match attribute {
        Attribute::Function => &["function"],
        Attribute::Queue | Attribute::Cache => &["queue", "cache"],
        Attribute::Test | Attribute::Simulate => &["test", "simulate"],
    };
    // Whose attributes are meant: Rust's own `#[test]` too, by any of its names, and tokio's.
    let crates: &[&str] = match attribute {
        Attribute::Test | Attribute::Simulate => &["cloudc", "core", "std", "tokio"],
        _ => &["cloudc"],
    };
    let (index, name) = below.iter().enumerate().find_map(|(index, other)| {
        let segments: Vec<String> = other
            .path()
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        let name = match &segments[..] {
            [name] => name,
            [krate, .., name] if crates.contains(&krate.as_str()) => name,
            _ => return None,
        };
        let name = names.iter().find(|known| *known == name)?;
        Some((index, name))
    })?;
    let second = &below[index];
    let error = Error::new(
        codes::WRONG_ITEM,
        second.pound_token.span,
        format!("there is a `#[{}]` already", attribute.name()),
        format!("a `#[{name}]` too many"),
    );
    let help = match attribute {
        Attribute::Function => "write a function for each trigger, and let both call a third one",
        Attribute::Queue | Attribute::Cache => "write a static for each of them",
        Attribute::Test | Attribute::Simulate => "take one of them out",
    };
    Some((index, error.over(second.to_token_stream()).help(help)))
}

/// A function whose body is any tokens: what is being typed need not parse yet.
#[derive(Clone, Debug)]
pub struct FnItem {
    /// Its other attributes, doc comments among them.
    pub attrs: Vec<SynAttribute>,
    /// Its visibility.
    pub vis: Visibility,
    /// Its signature.
    pub sig: Signature,
    /// All that follows the signature.
    pub body: TokenStream,
}

impl Parse for FnItem {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Ok(Self {
            attrs: input.call(SynAttribute::parse_outer)?,
            vis: input.parse()?,
            sig: input.parse()?,
            body: input.parse()?,
        })
    }
}

/// What a resource is declared with.
#[derive(Clone, Copy, Debug)]
pub enum StaticKeyword {
    /// As it should be.
    Static(Token![static]),
    /// A mistake.
    Const(Token![const]),
}

/// A `static` with or without a value (or a `const` that should be one). Parses from the tokens of a
/// macro, or of the `syn::Item::Verbatim` that syn makes of a static without a value.
#[derive(Clone, Debug)]
pub struct StaticItem {
    /// Its other attributes, doc comments among them.
    pub attrs: Vec<SynAttribute>,
    /// Its visibility.
    pub vis: Visibility,
    /// `static` or `const`.
    pub keyword: StaticKeyword,
    /// Whether it is `mut`, which it must not be.
    pub mutability: StaticMutability,
    /// Its identifier.
    pub ident: Ident,
    /// Its type.
    pub ty: Type,
    /// Its value, which it must not have: the tokens after the type, without the `;`.
    pub value: Option<(Token![=], TokenStream)>,
}

impl Parse for StaticItem {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(SynAttribute::parse_outer)?;
        let vis = input.parse()?;
        let keyword = match input.parse::<Option<Token![const]>>()? {
            Some(keyword) => StaticKeyword::Const(keyword),
            None => StaticKeyword::Static(input.parse()?),
        };
        let mutability = input.parse()?;
        let ident = input.parse()?;
        input.parse::<Token![:]>()?;
        let ty = input.parse()?;
        let value = match input.parse::<Option<Token![=]>>()? {
            Some(eq) => Some((eq, tokens_before_semicolon(input)?)),
            None => None,
        };
        input.parse::<Token![;]>()?;
        Ok(Self {
            attrs,
            vis,
            keyword,
            mutability,
            ident,
            ty,
            value,
        })
    }
}

impl From<&syn::ItemStatic> for StaticItem {
    fn from(item: &syn::ItemStatic) -> Self {
        Self {
            attrs: item.attrs.clone(),
            vis: item.vis.clone(),
            keyword: StaticKeyword::Static(item.static_token),
            mutability: item.mutability.clone(),
            ident: item.ident.clone(),
            ty: (*item.ty).clone(),
            value: Some((item.eq_token, item.expr.to_token_stream())),
        }
    }
}

impl From<&syn::ItemConst> for StaticItem {
    fn from(item: &syn::ItemConst) -> Self {
        Self {
            attrs: item.attrs.clone(),
            vis: item.vis.clone(),
            keyword: StaticKeyword::Const(item.const_token),
            mutability: StaticMutability::None,
            ident: item.ident.clone(),
            ty: (*item.ty).clone(),
            value: Some((item.eq_token, item.expr.to_token_stream())),
        }
    }
}

fn tokens_before_semicolon(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    let mut tokens = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![;]) {
        tokens.extend([input.parse::<proc_macro2::TokenTree>()?]);
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_typed_function() {
        let text = "/// Doc.\npub async fn f(a: A) -> B { a. ; match x { y => } }";
        let item: FnItem = syn::parse_str(text).expect("a function");
        assert_eq!(item.sig.ident, "f");
        assert_eq!(item.attrs.len(), 1);
        assert!(!item.body.is_empty());
    }

    #[test]
    fn statics() {
        let item: StaticItem = syn::parse_str("#[a] pub static A: B<C>;").expect("a static");
        assert!(matches!(item.keyword, StaticKeyword::Static(_)));
        assert!(item.value.is_none());
        let item: StaticItem = syn::parse_str("const A: B = { c; d };").expect("a const");
        assert!(matches!(item.keyword, StaticKeyword::Const(_)));
        assert_eq!(
            item.value.map(|(_, value)| value.to_string()).as_deref(),
            Some("{ c ; d }")
        );
        assert!(syn::parse_str::<StaticItem>("struct A;").is_err());
    }

    #[test]
    fn two_attributes() {
        let second = |attribute, text: &str| {
            let item: FnItem = syn::parse_str(text).expect("a function");
            stacked(attribute, &item.attrs).map(|(_, error)| error.label)
        };
        let function = Attribute::Function;
        assert_eq!(
            second(function, "#[a] #[function(http = \"GET /\")] fn f() {}").as_deref(),
            Some("a `#[function]` too many")
        );
        assert_eq!(
            second(Attribute::Queue, "#[cloudc::cache] fn f() {}").as_deref(),
            Some("a `#[cache]` too many")
        );
        for text in ["#[test]", "#[tokio::test]", "#[::core::prelude::v1::test]"] {
            assert_eq!(
                second(Attribute::Simulate, &format!("{text} fn f() {{}}")).as_deref(),
                Some("a `#[test]` too many"),
                "{text}"
            );
        }
        assert_eq!(
            second(function, "#[cache] #[other::function] fn f() {}"),
            None
        );
    }

    /// As syn reads a file: a static without a value is no static to it.
    #[test]
    fn the_item_of_a_file() {
        let item = syn::parse_str("#[queue] static A: Queue<B>;").expect("an item");
        let syn::Item::Verbatim(tokens) = item else {
            panic!("syn has learnt to read a static without a value");
        };
        let item: StaticItem = syn::parse2(tokens).expect("a static");
        assert_eq!(item.ident, "A");
        let item: syn::ItemStatic = syn::parse_str("static A: B = c;").expect("an item");
        assert!(StaticItem::from(&item).value.is_some());
    }
}
