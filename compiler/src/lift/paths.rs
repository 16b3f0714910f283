//! From the parser's paths to ours.

use syn::spanned::Spanned as _;

use super::builder::Builder;
use super::facts::{PathId, PathRoot, Spot};

/// A path, without its generic arguments.
pub(super) fn path(builder: &mut Builder<'_>, path: &syn::Path) -> PathId {
    let segments = path
        .segments
        .iter()
        .map(|segment| builder.ident(&segment.ident))
        .collect();
    let root = if path.leading_colon.is_some() {
        PathRoot::Global
    } else {
        PathRoot::Plain
    };
    builder.path(root, segments)
}

/// The place of a path: from its first identifier to its last.
pub(super) fn spot(builder: &Builder<'_>, path: &syn::Path) -> Spot {
    match (path.segments.first(), path.segments.last()) {
        (Some(first), Some(last)) => builder
            .positions
            .between(first.ident.span(), last.ident.span()),
        _ => builder.positions.spot(path.span()),
    }
}

/// The path of a type that is a plain path, references and parentheses aside.
pub(super) fn of_type(ty: &syn::Type) -> Option<&syn::Path> {
    match ty {
        syn::Type::Path(syn::TypePath {
            qself: None, path, ..
        }) => Some(path),
        syn::Type::Paren(inner) => of_type(&inner.elem),
        syn::Type::Group(inner) => of_type(&inner.elem),
        _ => None,
    }
}
