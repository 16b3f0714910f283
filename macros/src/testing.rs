//! `#[test]` and `#[simulate]`: a plain test that hands the user's function to the worlds.

use cloudc_syntax::{Attribute, Error, FnItem, Parsed, Spanned, Test, stacked, wrong_item};
use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::ReturnType;

use crate::error::compile_errors;
use crate::{constant, place, questions};

pub(crate) fn expand_test(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut item = match read(Attribute::Test, &item) {
        Ok(item) => item,
        Err(refused) => return refused,
    };
    let Parsed { value, mut errors } = cloudc_syntax::test(args, &item.sig);
    errors.extend(take_stacked(Attribute::Test, &mut item));
    match value {
        Some(test) if errors.is_empty() => {
            let case = case(&item, &test);
            tested(&item, &quote!(test), &case)
        }
        _ => mistaken(&item, &errors),
    }
}

pub(crate) fn expand_simulate(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut item = match read(Attribute::Simulate, &item) {
        Ok(item) => item,
        Err(refused) => return refused,
    };
    let Parsed { value, mut errors } = cloudc_syntax::simulate(args, &item.sig);
    errors.extend(take_stacked(Attribute::Simulate, &mut item));
    match value {
        Some(simulate) if errors.is_empty() => {
            let case = case(&item, &simulate.test);
            let runs = simulate.runs;
            // At the closing brace, so that it is the line of that.
            let line = quote_spanned!(end(&item)=> ::core::line!());
            let simulation = quote! {
                ::cloudc::__private::testing::Simulation {
                    case: #case,
                    runs: #runs,
                    last_line: #line,
                }
            };
            tested(&item, &quote!(simulate), &simulation)
        }
        _ => mistaken(&item, &errors),
    }
}

/// What stands in for either where the feature that has the worlds is off.
pub(crate) fn without_feature(attribute: Attribute, item: &TokenStream) -> TokenStream {
    let text = format!(
        "`#[{}]` needs the feature `test` of cloudc\n\nhelp: add `cloudc = {{ …, features = \
         [\"test\"] }}` to `[dev-dependencies]`",
        attribute.name()
    );
    // What the item names is behind the feature too: one mistake is enough.
    quote! {
        #[cfg(any())]
        #item
        ::core::compile_error!(#text);
    }
}

fn read(attribute: Attribute, item: &TokenStream) -> Result<FnItem, TokenStream> {
    let read = syn::parse2::<FnItem>(item.clone());
    let read = read.ok().filter(|item| braces(item).is_some());
    read.ok_or_else(|| {
        let error = compile_errors(&[wrong_item(attribute, Span::call_site())]);
        quote!(#item #error)
    })
}

/// The body's braces, after which there is nothing else.
fn braces(item: &FnItem) -> Option<proc_macro2::Group> {
    let mut tokens = item.body.clone().into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(TokenTree::Group(body)), None) if body.delimiter() == Delimiter::Brace => Some(body),
        _ => None,
    }
}

fn end(item: &FnItem) -> Span {
    braces(item).map_or_else(Span::call_site, |body| body.span_close())
}

/// The test as a constant.
fn case(item: &FnItem, test: &Test) -> TokenStream {
    let ident = &item.sig.ident;
    let name = ident.to_string();
    let name = name.strip_prefix("r#").unwrap_or(&name);
    let line = quote_spanned!(ident.span()=> ::core::line!());
    let seed = constant::set(test.seed.as_ref());
    let start = constant::set(test.start.as_ref().map(borrowed).as_ref());
    quote! {
        ::cloudc::__private::testing::Case {
            name: ::core::concat!(::core::module_path!(), "::", #name),
            package: ::core::env!("CARGO_PKG_NAME"),
            file: ::core::file!(),
            line: #line,
            seed: #seed,
            start: #start,
        }
    }
}

fn borrowed(text: &Spanned<String>) -> Spanned<&str> {
    Spanned::new(&text.value, text.span)
}

/// A test around the user's function, which stays as it was, so that a debugger and an editor find it.
fn tested(item: &FnItem, run: &TokenStream, of: &TokenStream) -> TokenStream {
    let FnItem {
        attrs,
        vis,
        sig,
        body,
    } = item;
    let ident = &sig.ident;
    let function = if matches!(sig.output, ReturnType::Default) && questions::asks(body) {
        let at = place::of(ident);
        let returned = quote_spanned! {at=>
            -> ::core::result::Result<(), ::std::boxed::Box<dyn ::core::error::Error>>
        };
        // A body that ends in a panic does not get to what follows it.
        quote_spanned! {at=>
            #sig #returned {
                #body
                #[allow(unreachable_code)]
                return ::core::result::Result::Ok(());
            }
        }
    } else {
        quote!(#sig #body)
    };
    // What it returns is wrong where the type is written.
    let at = match &sig.output {
        ReturnType::Type(_, ty) => place::of(ty),
        ReturnType::Default => place::of(ident),
    };
    let mut named = ident.clone();
    named.set_span(at);
    let called = if sig.inputs.is_empty() {
        quote_spanned!(at=> |_| #named())
    } else {
        named.to_token_stream()
    };
    quote! {
        #(#attrs)*
        #[::core::prelude::v1::test]
        #vis fn #ident() {
            #function
            ::cloudc::__private::testing::#run(#of, #called)
        }
    }
}

/// Reports a second attribute, and takes it off: it would only find a function that is no test.
fn take_stacked(attribute: Attribute, item: &mut FnItem) -> Option<Error> {
    let (index, error) = stacked(attribute, &item.attrs)?;
    item.attrs.remove(index);
    Some(error)
}

/// The function as it was, which nobody calls.
fn mistaken(item: &FnItem, errors: &[Error]) -> TokenStream {
    let FnItem {
        attrs,
        vis,
        sig,
        body,
    } = item;
    let errors = compile_errors(errors);
    quote! {
        #(#attrs)*
        #[allow(dead_code)]
        #vis #sig #body
        #errors
    }
}
