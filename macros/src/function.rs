//! `#[function]`: the function as it was, and its registration beside it.

use cloudc_syntax::{Attribute, FnItem, Function, Knobs, Parsed, Trigger, stacked, wrong_item};
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{FnArg, ReturnType, Signature, Type};

use crate::error::compile_errors;
use crate::{constant, place};

pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let attribute = Span::call_site();
    let Ok(parsed) = syn::parse2::<FnItem>(item.clone()) else {
        let error = compile_errors(&[wrong_item(Attribute::Function, attribute)]);
        return quote!(#item #error);
    };
    let Parsed { value, mut errors } = cloudc_syntax::function(args, attribute, &parsed.sig);
    errors.extend(stacked(Attribute::Function, &parsed.attrs).map(|(_, error)| error));
    let beside = match value {
        Some(function) if errors.is_empty() => registration(&function, &parsed.sig),
        _ => compile_errors(&errors),
    };
    quote!(#item #beside)
}

fn registration(function: &Function, sig: &Signature) -> TokenStream {
    let name = &function.name.value;
    let ident = sig.ident.to_string();
    let ident = ident.strip_prefix("r#").unwrap_or(&ident);
    let trigger = match &function.trigger.value {
        Trigger::Http { method, path } => {
            let handle = http(sig);
            quote!(Http { method: #method, path: #path, handle: #handle })
        }
        Trigger::Queue { path, batch } => {
            let handle = message(sig, path, batch.is_some());
            let queue = quote_spanned!(place::of(path)=> || ::cloudc::__private::name_of(&#path));
            match batch.as_ref().map(|batch| batch.value) {
                Some(most) => quote!(Batch { queue: #queue, most: #most, handle: #handle }),
                None => quote!(Queue { queue: #queue, handle: #handle }),
            }
        }
        Trigger::Schedule { cron, timezone, .. } => {
            let run = done(sig, &TokenStream::new(), &TokenStream::new());
            let cron = constant::cron(cron);
            let timezone = constant::set(timezone.as_ref());
            quote!(Schedule { cron: #cron, timezone: #timezone, handle: || #run })
        }
    };
    let service = constant::set(function.service.as_ref());
    let Knobs {
        concurrency,
        timeout,
        scale,
        ..
    } = &function.knobs;
    let concurrency = constant::set(concurrency.as_ref());
    let timeout = constant::time(timeout.as_ref());
    let scale = constant::option(scale.as_ref().map(|scale| {
        let (min, max) = (scale.value.min, constant::option(scale.value.max));
        quote!((#min, #max))
    }));
    quote! {
        ::cloudc::__private::inventory::submit! {
            ::cloudc::__private::FunctionRegistration {
                name: #name,
                path: ::core::concat!(::core::module_path!(), "::", #ident),
                trigger: ::cloudc::__private::Trigger::#trigger,
                service: #service,
                concurrency: #concurrency,
                timeout: #timeout,
                scale: #scale,
            }
        }
    }
}

/// A closure from a request to the handler's answer. All parameters but the last are read from the
/// request's head, the last one from the whole request.
fn http(sig: &Signature) -> TokenStream {
    let handler = &sig.ident;
    let at = place::of(handler);
    let types = parameter_types(sig);
    let names: Vec<Ident> = (0..types.len())
        .map(|index| format_ident!("parameter_{index}", span = at))
        .collect();
    let mut reads = TokenStream::new();
    if let (Some((last, rest)), Some((last_name, rest_names))) =
        (types.split_last(), names.split_last())
    {
        if !rest.is_empty() {
            reads.extend(quote_spanned!(at=> let (mut head, body) = request.into_parts();));
        }
        for (ty, name) in rest.iter().zip(rest_names) {
            reads.extend(quote_spanned! {place::of(ty)=>
                let #name = ::cloudc::__private::part::<#ty>(&mut head).await?;
            });
        }
        if !rest.is_empty() {
            reads.extend(quote_spanned! {at=>
                let request = ::cloudc::__private::Request::from_parts(head, body);
            });
        }
        reads.extend(quote_spanned! {place::of(last)=>
            let #last_name = ::cloudc::__private::whole::<#last, _>(request).await?;
        });
    }
    let call = quote_spanned!(at=> #handler(#(#names),*).await);
    let (output, output_type) = output(sig);
    let answer = quote_spanned!(output=> ::cloudc::__private::respond #output_type (#call));
    let request = if types.is_empty() {
        quote_spanned!(at=> _)
    } else {
        quote_spanned!(at=> request)
    };
    quote_spanned!(at=> |#request| ::cloudc::__private::reply(async move {
        #reads
        ::core::result::Result::Ok(#answer)
    }))
}

/// A closure from what a queue delivers to the handler's end.
fn message(sig: &Signature, queue: &syn::Path, batch: bool) -> TokenStream {
    let at = place::of(&sig.ident);
    let read = if batch { quote!(batch) } else { quote!(one) };
    let source = quote_spanned!(place::of(queue)=> ::cloudc::__private::source(&#queue));
    let reads: TokenStream = parameter_types(sig)
        .into_iter()
        .map(|ty| {
            quote_spanned! {place::of(ty)=>
                let input = #source.#read::<#ty>(delivered)?;
            }
        })
        .collect();
    let run = done(sig, &reads, &quote_spanned!(at=> input));
    quote_spanned!(at=> |delivered| #run)
}

/// The future of a handler that returns no answer.
fn done(sig: &Signature, reads: &TokenStream, input: &TokenStream) -> TokenStream {
    let handler = &sig.ident;
    let at = place::of(handler);
    let call = quote_spanned!(at=> #handler(#input).await);
    let (output, output_type) = output(sig);
    let outcome = quote_spanned!(output=> ::cloudc::__private::outcome #output_type (#call));
    quote_spanned!(at=> ::cloudc::__private::done(async move { #reads #outcome }))
}

fn parameter_types(sig: &Signature) -> Vec<&Type> {
    sig.inputs
        .iter()
        .filter_map(|input| match input {
            FnArg::Typed(parameter) => Some(&*parameter.ty),
            FnArg::Receiver(_) => None,
        })
        .collect()
}

/// The place of the return type, or of the name where there is none; and the type as a turbofish, which
/// puts an error at all of it. An `impl Trait` cannot be written there.
fn output(sig: &Signature) -> (Span, Option<TokenStream>) {
    match &sig.output {
        ReturnType::Type(_, ty) => {
            let turbofish = (!mentions_impl(ty.to_token_stream())).then(|| quote!(::<#ty>));
            (place::of(ty), turbofish)
        }
        ReturnType::Default => (place::of(&sig.ident), None),
    }
}

fn mentions_impl(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "impl",
        TokenTree::Group(group) => mentions_impl(group.stream()),
        _ => false,
    })
}
