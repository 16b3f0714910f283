//! What queues and caches have in common: a `static` of the runtime's type, without a value.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{GenericArgument, PathArguments, StaticMutability, Type};

use crate::error::{Error, codes};
use crate::item::{Attribute, StaticItem, StaticKeyword};

/// The type arguments of a resource's static: the `Order` of `Queue<Order>`, the `Sku` and `Price`
/// of `Cache<Sku, Price>`. `None`, and why, for an item that is no such static.
pub(crate) fn type_arguments<const N: usize>(
    attribute: Attribute,
    item: &StaticItem,
    errors: &mut Vec<Error>,
) -> Option<[Type; N]> {
    let before = errors.len();
    let StaticItem { ident, ty, .. } = item;
    let (name, form) = match attribute {
        Attribute::Queue => ("queue", "Queue<…>"),
        _ => ("cache", "Cache<…, …>"),
    };
    let written = plain(ty);
    let mut report = |place: TokenStream, message: String, label: &str, help: String| {
        let error = Error::new(codes::WRONG_ITEM, ident.span(), message, label);
        errors.push(error.over(place).help(help));
    };
    if let StaticKeyword::Const(token) = item.keyword {
        report(
            token.to_token_stream(),
            format!("`{ident}` is a const, and a {name} is one thing with one place"),
            "a const",
            format!("write `static {ident}: {written};`"),
        );
    }
    if let StaticMutability::Mut(token) = &item.mutability {
        report(
            token.to_token_stream(),
            format!("`{ident}` is mut; a {name} changes by its methods only"),
            "mutable",
            "take `mut` out".to_owned(),
        );
    }
    if let Some((eq, value)) = &item.value {
        report(
            if value.is_empty() {
                eq.to_token_stream()
            } else {
                value.clone()
            },
            format!("`{ident}` has a value, which the attribute gives it"),
            "not wanted",
            "take the value out".to_owned(),
        );
    }
    let arguments = arguments_of(ty, form.split('<').next().unwrap_or_default());
    if arguments.is_none() {
        report(
            ty.to_token_stream(),
            format!("`{ident}` is no `{form}`"),
            "not the type of a resource",
            format!("write `static {ident}: {form};`"),
        );
    }
    for argument in arguments.iter().flatten() {
        if let Type::Reference(reference) = argument {
            report(
                argument.to_token_stream(),
                format!(
                    "`{ident}` would hold `{}`, which belongs to somebody else",
                    plain(argument)
                ),
                "borrowed",
                format!(
                    "hold a type that owns its data: `{}`",
                    owned(&reference.elem)
                ),
            );
        }
    }
    arguments.filter(|_| errors.len() == before)
}

/// The arguments of a type whose path ends in this name, where there are as many as wanted.
fn arguments_of<const N: usize>(ty: &Type, wanted: &str) -> Option<[Type; N]> {
    let path = match ty {
        Type::Path(path) => path,
        Type::Group(group) => return arguments_of(&group.elem, wanted),
        Type::Paren(paren) => return arguments_of(&paren.elem, wanted),
        _ => return None,
    };
    let last = path
        .path
        .segments
        .last()
        .filter(|last| last.ident == wanted)?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    let types: Option<Vec<Type>> = arguments
        .args
        .iter()
        .map(|argument| match argument {
            GenericArgument::Type(ty) => Some(ty.clone()),
            _ => None,
        })
        .collect();
    types?.try_into().ok()
}

/// The type to write instead of a reference to this one.
fn owned(ty: &Type) -> String {
    match ty {
        Type::Path(path) if path.path.is_ident("str") => "String".to_owned(),
        Type::Slice(slice) => format!("Vec<{}>", plain(&slice.elem)),
        ty => plain(ty),
    }
}

/// A type as one writes it: syn's tokens without the spaces between them.
fn plain(ty: &Type) -> String {
    ty.to_token_stream()
        .to_string()
        .replace(" <", "<")
        .replace("< ", "<")
        .replace(" >", ">")
        .replace(" :: ", "::")
        .replace(" ,", ",")
        .replace("& ", "&")
}
