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
