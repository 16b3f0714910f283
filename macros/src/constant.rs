//! What the grammar read, as constants.

use std::time::Duration;

use cloudc_syntax::{Cron, Spanned};
use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote};

/// An option of anything that is a constant.
pub(crate) fn option(value: Option<impl ToTokens>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}

/// A value as the user set it.
pub(crate) fn set<T: ToTokens>(value: Option<&Spanned<T>>) -> TokenStream {
    option(value.map(|set| &set.value))
}

/// A length of time as the user set it: whole milliseconds, as the grammar reads them.
pub(crate) fn time(value: Option<&Spanned<Duration>>) -> TokenStream {
    option(value.map(|set| {
        let milliseconds = Literal::u128_unsuffixed(set.value.as_millis());
        quote!(::core::time::Duration::from_millis(#milliseconds))
    }))
}

/// The sets of a cron expression.
pub(crate) fn cron(cron: &Cron) -> TokenStream {
    let fields = [
        ("minutes", cron.minutes),
        ("hours", cron.hours),
        ("days", cron.days),
        ("months", cron.months),
        ("weekdays", cron.weekdays),
    ];
    let sets = fields.map(|(name, values)| {
        let name = quote::format_ident!("{name}");
        let bits = Literal::u64_unsuffixed(values.bits);
        quote!(#name: #bits)
    });
    let (any_day, any_weekday) = (cron.days.any, cron.weekdays.any);
    quote! {
        ::cloudc::__private::Cron {
            #(#sets,)*
            any_day: #any_day,
            any_weekday: #any_weekday,
        }
    }
}
