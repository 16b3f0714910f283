//! `#[cache(…)]`.

use std::time::Duration;

use proc_macro2::TokenStream;
use syn::Type;

use crate::arguments::{Arguments, Key};
use crate::error::{Parsed, Spanned};
use crate::item::{Attribute, StaticItem};
use crate::{name, resource, value};

/// A cache, as its attribute and its static describe it.
#[derive(Clone, Debug)]
pub struct Cache {
    /// What `name = "…"` says, or the identifier in lower kebab case, with the place of either.
    pub name: Spanned<String>,
    /// The type of its keys.
    pub key: Type,
    /// The type of its values.
    pub value: Type,
    /// How long an entry lives, at least a millisecond; `None` for as long as memory lasts.
    pub ttl: Option<Spanned<Duration>>,
}

const KEYS: &[Key] = &[
    Key {
        name: "name",
        example: "\"prices\"",
    },
    Key {
        name: "ttl",
        example: "\"10m\"",
    },
];

/// The store counts in milliseconds.
const MILLISECOND: Duration = Duration::from_millis(1);

/// Reads `#[cache(…)]`: the tokens between its parentheses, and the static under it.
pub fn cache(args: TokenStream, item: &StaticItem) -> Parsed<Cache> {
    let mut errors = Vec::new();
    let args = Arguments::parse(Attribute::Cache, KEYS, args, &mut errors);
    let name = name::read(&args, &item.ident, &mut errors);
    let ttl = args.read("ttl", |ttl| value::duration(ttl, MILLISECOND), &mut errors);
    let value =
        resource::type_arguments(Attribute::Cache, item, &mut errors).map(|[key, value]| Cache {
            name,
            key,
            value,
            ttl,
        });
    Parsed { value, errors }
}

#[cfg(test)]
mod tests {
    use quote::ToTokens;

    use super::*;
    use crate::error::codes;

    fn parse(args: &str, item: &str) -> Parsed<Cache> {
        let item = syn::parse_str(item).expect(item);
        cache(args.parse().expect(args), &item)
    }

    #[test]
    fn all_keys() {
        let parsed = parse(
            r#"name = "price-list", ttl = "10m""#,
            "static PRICES: Cache<(Sku, u32), Price>;",
        );
        assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
        let cache = parsed.value.expect("a cache");
        assert_eq!(cache.name.value, "price-list");
        assert_eq!(cache.key.to_token_stream().to_string(), "(Sku , u32)");
        assert_eq!(cache.value.to_token_stream().to_string(), "Price");
        assert_eq!(
            cache.ttl.map(|ttl| ttl.value),
            Some(Duration::from_secs(600))
        );
    }

    #[test]
    fn mistakes() {
        for (args, item, code) in [
            ("ttl = \"0s\"", "static C: Cache<K, V>;", codes::BAD_VALUE),
            ("ttl = 10", "static C: Cache<K, V>;", codes::BAD_VALUE),
            (
                "max_age = \"1s\"",
                "static C: Cache<K, V>;",
                codes::UNKNOWN_KEY,
            ),
            ("", "static C: Cache<K>;", codes::WRONG_ITEM),
            ("", "static C: Queue<K>;", codes::WRONG_ITEM),
            ("", "static C: Cache<&str, V>;", codes::WRONG_ITEM),
        ] {
            let found: Vec<_> = parse(args, item)
                .errors
                .iter()
                .map(|error| error.code)
                .collect();
            assert_eq!(found, [code], "{args} {item}");
        }
    }
}
