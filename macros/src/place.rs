//! Spans for what an expansion writes.

use proc_macro2::Span;
use quote::ToTokens;
use syn::spanned::Spanned;

/// The place of some of the user's tokens, for errors, with names that are the macro's own.
pub(crate) fn of(tokens: &impl ToTokens) -> Span {
    Span::mixed_site().located_at(tokens.span())
}
