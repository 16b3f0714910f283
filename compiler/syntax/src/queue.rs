//! `#[queue(…)]`.

use std::time::Duration;

use proc_macro2::TokenStream;
use syn::Type;

use crate::arguments::{Arguments, Key};
use crate::error::{Parsed, Spanned};
use crate::item::{Attribute, StaticItem};
use crate::{name, resource, value};

/// A queue, as its attribute and its static describe it.
#[derive(Clone, Debug)]
pub struct Queue {
    /// What `name = "…"` says, or the identifier in lower kebab case, with the place of either.
    pub name: Spanned<String>,
    /// The type of its messages.
    pub payload: Type,
    /// Deliveries before a message counts as failed, at least 1.
    pub max_deliveries: Option<Spanned<u32>>,
    /// How long the broker waits for an acknowledgement, at least a second.
    pub ack_wait: Option<Spanned<Duration>>,
    /// Whether failed messages are kept.
    pub dead_letter: Option<Spanned<bool>>,
    /// How long the broker remembers message ids, at least a second.
    pub dedupe: Option<Spanned<Duration>>,
    /// How long a message is kept at the most, at least a second.
    pub max_age: Option<Spanned<Duration>>,
}

const KEYS: &[Key] = &[
    Key {
        name: "name",
        example: "\"orders\"",
    },
    Key {
        name: "max_deliveries",
        example: "5",
    },
    Key {
        name: "ack_wait",
        example: "\"30s\"",
    },
    Key {
        name: "dead_letter",
        example: "true",
    },
    Key {
        name: "dedupe",
        example: "\"2m\"",
    },
    Key {
        name: "max_age",
        example: "\"7d\"",
    },
];

/// The broker counts in seconds.
const SECOND: Duration = Duration::from_secs(1);

/// Reads `#[queue(…)]`: the tokens between its parentheses, and the static under it.
pub fn queue(args: TokenStream, item: &StaticItem) -> Parsed<Queue> {
    let mut errors = Vec::new();
    let args = Arguments::parse(Attribute::Queue, KEYS, args, &mut errors);
    let seconds = |argument: &_| value::duration(argument, SECOND);
    let name = name::read(&args, &item.ident, &mut errors);
    let max_deliveries = args.read("max_deliveries", value::count, &mut errors);
    let ack_wait = args.read("ack_wait", seconds, &mut errors);
    let dead_letter = args.read("dead_letter", value::flag, &mut errors);
    let dedupe = args.read("dedupe", seconds, &mut errors);
    let max_age = args.read("max_age", seconds, &mut errors);
    let value =
        resource::type_arguments(Attribute::Queue, item, &mut errors).map(|[payload]| Queue {
            name,
            payload,
            max_deliveries,
            ack_wait,
            dead_letter,
            dedupe,
            max_age,
        });
    Parsed { value, errors }
}

#[cfg(test)]
mod tests {
    use quote::ToTokens;

    use super::*;
    use crate::error::codes;

    fn parse(args: &str, item: &str) -> Parsed<Queue> {
        let item = syn::parse_str(item).expect(item);
        queue(args.parse().expect(args), &item)
    }

    #[test]
    fn all_keys() {
        let parsed = parse(
            r#"name = "orders", max_deliveries = 5, ack_wait = "30s", dead_letter = true,
               dedupe = "2m", max_age = "7d""#,
            "pub static NEW_ORDERS: cloudc::Queue<Vec<Order>>;",
        );
        assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
        let queue = parsed.value.expect("a queue");
        assert_eq!(queue.name.value, "orders");
        assert_eq!(queue.payload.to_token_stream().to_string(), "Vec < Order >");
        assert_eq!(
            queue.max_deliveries.map(|deliveries| deliveries.value),
            Some(5)
        );
        assert_eq!(
            queue.ack_wait.map(|wait| wait.value),
            Some(Duration::from_secs(30))
        );
        assert_eq!(queue.dead_letter.map(|kept| kept.value), Some(true));
        assert_eq!(
            queue.dedupe.map(|window| window.value),
            Some(Duration::from_secs(120))
        );
        assert_eq!(
            queue.max_age.map(|age| age.value),
            Some(Duration::from_secs(604_800))
        );
    }

    #[test]
    fn no_keys() {
        let queue = parse("", "static NEW_ORDERS: Queue<Order>;")
            .value
            .expect("a queue");
        assert_eq!(queue.name.value, "new-orders");
        assert!(queue.max_deliveries.is_none() && queue.dead_letter.is_none());
    }

    #[test]
    fn mistakes() {
        for (args, item, code) in [
            ("ttl = \"3s\"", "static Q: Queue<T>;", codes::UNKNOWN_KEY),
            (
                "ack_wait = \"1s\", ack_wait = \"2s\"",
                "static Q: Queue<T>;",
                codes::REPEATED_KEY,
            ),
            (
                "ack_wait = \"999ms\"",
                "static Q: Queue<T>;",
                codes::BAD_VALUE,
            ),
            (
                "max_deliveries = 0",
                "static Q: Queue<T>;",
                codes::BAD_VALUE,
            ),
            ("dead_letter = 1", "static Q: Queue<T>;", codes::BAD_VALUE),
            ("name = \"Q\"", "static Q: Queue<T>;", codes::BAD_NAME),
            ("", "static Q_: Queue<T>;", codes::BAD_NAME),
            ("", "const Q: Queue<T>;", codes::WRONG_ITEM),
            ("", "static mut Q: Queue<T>;", codes::WRONG_ITEM),
            ("", "static Q: Queue<T> = Queue::new();", codes::WRONG_ITEM),
            ("", "static Q: Queue<T> = ;", codes::WRONG_ITEM),
            ("", "static Q: Queue;", codes::WRONG_ITEM),
            ("", "static Q: Queue<T, U>;", codes::WRONG_ITEM),
            ("", "static Q: Queue<'a>;", codes::WRONG_ITEM),
            ("", "static Q: &Queue<T>;", codes::WRONG_ITEM),
            ("", "static Q: Queue<&str>;", codes::WRONG_ITEM),
            ("", "static Q: Cache<T>;", codes::WRONG_ITEM),
        ] {
            let parsed = parse(args, item);
            let found: Vec<_> = parsed.errors.iter().map(|error| error.code).collect();
            assert_eq!(found, [code], "{args} {item}");
            assert_eq!(
                parsed.value.is_none(),
                code == codes::WRONG_ITEM,
                "{args} {item}"
            );
        }
    }
}
