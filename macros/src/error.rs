//! Mistakes as compile errors.

use cloudc_syntax::Error;
use proc_macro2::TokenStream;
use quote::quote_spanned;

/// One `compile_error!` for each mistake, at its place.
pub(crate) fn compile_errors(errors: &[Error]) -> TokenStream {
    errors.iter().map(compile_error).collect()
}

fn compile_error(error: &Error) -> TokenStream {
    let Error {
        code,
        message,
        help,
        ..
    } = error;
    let mut text = format!("{message} [{code}]");
    if let Some(help) = help {
        text.push_str("\n\nhelp: ");
        text.push_str(help);
    }
    // rustc joins what a macro's expansion cannot: from the first token to the last one.
    let text = quote_spanned!(error.end=> { #text });
    quote_spanned!(error.span=> ::core::compile_error! #text)
}
