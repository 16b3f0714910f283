//! `#[queue]` and `#[cache]`: the static with its value, and its registration beside it.

use cloudc_syntax::{Attribute, Error, Parsed, StaticItem, stacked, wrong_item};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::error::compile_errors;
use crate::{constant, place};

pub(crate) fn expand_queue(args: TokenStream, item: TokenStream) -> TokenStream {
    let Ok(mut parsed) = syn::parse2::<StaticItem>(item.clone()) else {
        return refused(Attribute::Queue, &item);
    };
    let Parsed { value, mut errors } = cloudc_syntax::queue(args, &parsed);
    errors.extend(take_stacked(Attribute::Queue, &mut parsed));
    match value {
        Some(queue) if errors.is_empty() => {
            let name = &queue.name.value;
            let payload = &queue.payload;
            let value = quote_spanned! {place::of(payload)=>
                ::cloudc::__private::queue::<#payload>(#name)
            };
            let max_deliveries = constant::set(queue.max_deliveries.as_ref());
            let ack_wait = constant::time(queue.ack_wait.as_ref());
            let dead_letter = constant::set(queue.dead_letter.as_ref());
            let dedupe = constant::time(queue.dedupe.as_ref());
            let max_age = constant::time(queue.max_age.as_ref());
            let settings = quote!(Queue {
                max_deliveries: #max_deliveries,
                ack_wait: #ack_wait,
                dead_letter: #dead_letter,
                dedupe: #dedupe,
                max_age: #max_age,
            });
            declared(&parsed, &value, name, &settings)
        }
        _ => mistaken(&parsed, &errors),
    }
}

pub(crate) fn expand_cache(args: TokenStream, item: TokenStream) -> TokenStream {
    let Ok(mut parsed) = syn::parse2::<StaticItem>(item.clone()) else {
        return refused(Attribute::Cache, &item);
    };
    let Parsed { value, mut errors } = cloudc_syntax::cache(args, &parsed);
    errors.extend(take_stacked(Attribute::Cache, &mut parsed));
    match value {
        Some(cache) if errors.is_empty() => {
            let name = &cache.name.value;
            let (keys, values) = (&cache.key, &cache.value);
            let ttl = constant::time(cache.ttl.as_ref());
            let value = quote_spanned! {place::of(keys)=>
                ::cloudc::__private::cache::<#keys, #values>(#name, #ttl)
            };
            declared(&parsed, &value, name, &quote!(Cache { ttl: #ttl }))
        }
        _ => mistaken(&parsed, &errors),
    }
}

fn declared(
    item: &StaticItem,
    value: &TokenStream,
    name: &str,
    settings: &TokenStream,
) -> TokenStream {
    let declaration = with_value(item, value);
    let ident = plain(&item.ident);
    quote! {
        #declaration
        ::cloudc::__private::inventory::submit! {
            ::cloudc::__private::ResourceRegistration {
                name: #name,
                path: ::core::concat!(::core::module_path!(), "::", #ident),
                settings: ::cloudc::__private::Settings::#settings,
            }
        }
    }
}

/// Reports a second attribute, and takes it off: it would only find a static with a value.
fn take_stacked(attribute: Attribute, item: &mut StaticItem) -> Option<Error> {
    let (index, error) = stacked(attribute, &item.attrs)?;
    item.attrs.remove(index);
    Some(error)
}

/// The static with the errors as its value: a value, so that rustc does not miss one, and of any
/// type, so that it finds nothing else wrong with it.
fn mistaken(item: &StaticItem, errors: &[Error]) -> TokenStream {
    let errors = compile_errors(errors);
    with_value(item, &quote!({ #errors }))
}

fn with_value(item: &StaticItem, value: &TokenStream) -> TokenStream {
    let StaticItem {
        attrs,
        vis,
        ident,
        ty,
        ..
    } = item;
    quote!(#(#attrs)* #vis static #ident: #ty = #value;)
}

/// An item that is no static at all, as it was.
fn refused(attribute: Attribute, item: &TokenStream) -> TokenStream {
    let error = compile_errors(&[wrong_item(attribute, Span::call_site())]);
    quote!(#item #error)
}

fn plain(ident: &Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").unwrap_or(&text).to_owned()
}
