//! `#[function(…)]`.

use proc_macro2::{Span, TokenStream};
use syn::Signature;

use crate::arguments::{Arguments, Key, listed};
use crate::cron::{self, Cron};
use crate::error::{Error, Parsed, Spanned, codes};
use crate::item::Attribute;
use crate::knobs::{self, Knobs};
use crate::{name, route, signature, value};

/// A handler, as its attribute and its signature describe it.
#[derive(Clone, Debug)]
pub struct Function {
    /// What `name = "…"` says, or the identifier in lower kebab case, with the place of either.
    pub name: Spanned<String>,
    /// What starts it, with the place of the value of `http`, `queue` or `schedule`.
    pub trigger: Spanned<Trigger>,
    /// The service it is moved to; HTTP functions only.
    pub service: Option<Spanned<String>>,
    /// The knobs as written.
    pub knobs: Knobs,
}

/// What starts a function.
#[derive(Clone, Debug)]
pub enum Trigger {
    /// A request.
    Http {
        /// Upper case: `POST`.
        method: String,
        /// As axum 0.8 writes it: `/orders/{id}`.
        path: String,
    },
    /// A message.
    Queue {
        /// The path of the queue's static.
        path: syn::Path,
        /// The most messages that one call takes; `None` for one message a call.
        batch: Option<Spanned<u32>>,
    },
    /// A point in time.
    Schedule {
        /// The text as written.
        text: String,
        /// What it says; the compiler checks that it ever fires.
        cron: Cron,
        /// The text as written; the compiler looks it up.
        timezone: Option<Spanned<String>>,
    },
}

const TRIGGERS: [&str; 3] = ["http", "queue", "schedule"];

const KEYS: &[Key] = &[
    Key {
        name: "http",
        example: "\"GET /orders\"",
    },
    Key {
        name: "queue",
        example: "ORDERS",
    },
    Key {
        name: "schedule",
        example: "\"0 3 * * *\"",
    },
    Key {
        name: "name",
        example: "\"place-order\"",
    },
    Key {
        name: "service",
        example: "\"search\"",
    },
    Key {
        name: "batch",
        example: "100",
    },
    Key {
        name: "timezone",
        example: "\"Europe/Berlin\"",
    },
    Key {
        name: "scale",
        example: "0..=20",
    },
    Key {
        name: "concurrency",
        example: "80",
    },
    Key {
        name: "timeout",
        example: "\"30s\"",
    },
    Key {
        name: "memory",
        example: "\"128Mi\"",
    },
    Key {
        name: "cpu",
        example: "\"100m\"",
    },
    Key {
        name: "sandbox",
        example: "\"gvisor\"",
    },
    Key {
        name: "visibility",
        example: "\"private\"",
    },
];

/// The keys that don't go with every trigger, and the triggers they go with.
const PLACES: [(&str, &[&str]); 6] = [
    ("service", &["http"]),
    ("visibility", &["http"]),
    ("batch", &["queue"]),
    ("timezone", &["schedule"]),
    ("scale", &["http", "queue"]),
    ("concurrency", &["http", "queue"]),
];

/// Reads `#[function(…)]`: the tokens between its parentheses, the place of the attribute, and the
/// signature under it.
pub fn function(args: TokenStream, attr_span: Span, sig: &Signature) -> Parsed<Function> {
    let mut errors = Vec::new();
    let args = Arguments::parse(Attribute::Function, KEYS, args, &mut errors);
    let kind = trigger_key(&args, attr_span, &mut errors);
    if let Some(kind) = kind {
        misplaced(&args, kind, &mut errors);
    }
    let name = name::read(&args, &sig.ident, &mut errors);
    let trigger = kind.and_then(|kind| trigger(&args, kind, &mut errors));
    let service = args.read("service", name::explicit, &mut errors);
    let knobs = knobs::read(&args, &mut errors);
    let fits = signature::check(sig, kind, &mut errors);
    let value = trigger.filter(|_| fits).map(|trigger| Function {
        name,
        trigger,
        service,
        knobs,
    });
    Parsed { value, errors }
}

/// The key of the one trigger. None and several are mistakes.
fn trigger_key(args: &Arguments, attr_span: Span, errors: &mut Vec<Error>) -> Option<&'static str> {
    let written: Vec<_> = TRIGGERS.iter().filter_map(|key| args.get(key)).collect();
    match &written[..] {
        // `htpp = …` is reported as that.
        [] if args.means_one_of(&TRIGGERS) => None,
        [] => {
            errors.push(
                Error::new(
                    codes::NO_TRIGGER,
                    attr_span,
                    "nothing starts this function",
                    "no trigger",
                )
                .help(
                    "write `http = \"GET /orders\"`, `queue = ORDERS` or `schedule = \"0 3 * * *\"`",
                ),
            );
            None
        }
        [one] => Some(one.key.name),
        [first, others @ ..] => {
            errors.extend(others.iter().map(|other| {
                Error::new(
                    codes::TWO_TRIGGERS,
                    other.key_span,
                    format!(
                        "`{}` and `{}` both start this function",
                        first.key.name, other.key.name
                    ),
                    "another trigger",
                )
                .help("write a function for each trigger, and let both call a third one")
            }));
            None
        }
    }
}

/// Reports the keys that don't go with the trigger.
fn misplaced(args: &Arguments, trigger: &str, errors: &mut Vec<Error>) {
    for (key, triggers) in PLACES {
        let Some(argument) = args.get(key) else {
            continue;
        };
        if !triggers.contains(&trigger) {
            errors.push(
                Error::new(
                    codes::MISPLACED_KEY,
                    argument.key_span,
                    format!(
                        "`{key}` goes with {}, not with `{trigger}`",
                        listed(triggers)
                    ),
                    "means nothing here",
                )
                .help(format!("take `{key}` out")),
            );
        }
    }
}

fn trigger(args: &Arguments, kind: &str, errors: &mut Vec<Error>) -> Option<Spanned<Trigger>> {
    let span = args.get(kind)?.span();
    let trigger = match kind {
        "http" => {
            let (method, path) = args.read(kind, route::read, errors)?;
            Trigger::Http { method, path }
        }
        "queue" => {
            let batch = args.read("batch", value::count, errors);
            let path = args.read(kind, value::path, errors)?.value;
            Trigger::Queue { path, batch }
        }
        _ => {
            let timezone = args.read("timezone", value::string, errors);
            let (text, cron) = args.read(kind, cron::read, errors)?;
            Trigger::Schedule {
                text,
                cron,
                timezone,
            }
        }
    };
    Some(Spanned::new(trigger, span))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use quote::ToTokens;

    use super::*;
    use crate::knobs::{Sandbox, Scale, Visibility};

    fn parse(args: &str, sig: &str) -> Parsed<Function> {
        let sig = syn::parse_str(sig).expect(sig);
        function(args.parse().expect(args), Span::call_site(), &sig)
    }

    fn valid(args: &str, sig: &str) -> Function {
        let parsed = parse(args, sig);
        assert!(parsed.errors.is_empty(), "{args} {:?}", parsed.errors);
        parsed.value.expect(args)
    }

    /// The codes of the mistakes.
    fn codes(args: &str, sig: &str) -> Vec<&'static str> {
        parse(args, sig)
            .errors
            .iter()
            .map(|error| error.code)
            .collect()
    }

    #[test]
    fn http() {
        let function = valid(
            r#"http = "POST /orders/{id}", service = "search", visibility = "private", scale = 1..=3"#,
            "async fn place_order(id: Path<u32>, order: Json<Order>) -> Receipt",
        );
        assert_eq!(function.name.value, "place-order");
        let Trigger::Http { method, path } = function.trigger.value else {
            panic!("no HTTP function");
        };
        assert_eq!((&*method, &*path), ("POST", "/orders/{id}"));
        assert_eq!(
            function.service.map(|service| service.value).as_deref(),
            Some("search")
        );
        let knobs = function.knobs;
        assert_eq!(
            knobs.visibility.map(|visibility| visibility.value),
            Some(Visibility::Private)
        );
        assert_eq!(
            knobs.scale.map(|scale| scale.value),
            Some(Scale {
                min: 1,
                max: Some(3)
            })
        );
    }

    #[test]
    fn queue() {
        let function = valid(
            r#"queue = crate::queues::ORDERS, batch = 100, name = "charge-all", concurrency = 4"#,
            "async fn charge(orders: Vec<Order>)",
        );
        assert_eq!(function.name.value, "charge-all");
        let Trigger::Queue { path, batch } = function.trigger.value else {
            panic!("no queue function");
        };
        assert_eq!(
            path.to_token_stream().to_string(),
            "crate :: queues :: ORDERS"
        );
        assert_eq!(batch.map(|batch| batch.value), Some(100));
        assert_eq!(
            function
                .knobs
                .concurrency
                .map(|concurrency| concurrency.value),
            Some(4)
        );
    }

    #[test]
    fn schedule() {
        let function = valid(
            r#"schedule = "0 3 * * *", timezone = "Asia/Shanghai", timeout = "1h30m", memory = "1Gi",
               cpu = "2", sandbox = "gvisor""#,
            "async fn r#move()",
        );
        assert_eq!(function.name.value, "move");
        let Trigger::Schedule {
            text,
            cron,
            timezone,
        } = function.trigger.value
        else {
            panic!("no schedule function");
        };
        assert_eq!(text, "0 3 * * *");
        assert!(cron.hours.has(3) && cron.days.any);
        assert_eq!(
            timezone.map(|timezone| timezone.value).as_deref(),
            Some("Asia/Shanghai")
        );
        let knobs = function.knobs;
        assert_eq!(
            knobs.timeout.map(|timeout| timeout.value),
            Some(Duration::from_secs(5400))
        );
        assert_eq!(
            knobs.memory.map(|memory| memory.value).as_deref(),
            Some("1Gi")
        );
        assert_eq!(knobs.cpu.map(|cpu| cpu.value).as_deref(), Some("2"));
        assert_eq!(
            knobs.sandbox.map(|sandbox| sandbox.value),
            Some(Sandbox::Gvisor)
        );
    }

    #[test]
    fn triggers() {
        let sig = "async fn f()";
        assert_eq!(codes("", sig), [codes::NO_TRIGGER]);
        assert_eq!(codes(r#"timeout = "3s""#, sig), [codes::NO_TRIGGER]);
        assert_eq!(
            codes(r#"http = "GET /", schedule = "@daily""#, sig),
            [codes::TWO_TRIGGERS]
        );
        assert_eq!(
            codes(r#"http = "GET /", schedule = "@daily", queue = Q"#, sig),
            [codes::TWO_TRIGGERS, codes::TWO_TRIGGERS]
        );
        // What was meant is clear, so that nothing starts it is no second mistake.
        assert_eq!(codes(r#"htpp = "GET /""#, sig), [codes::UNKNOWN_KEY]);
        assert_eq!(codes(r#"http "GET /""#, sig), [codes::BAD_VALUE]);
        assert_eq!(
            codes("retries = 3", sig),
            [codes::UNKNOWN_KEY, codes::NO_TRIGGER]
        );
    }

    /// Kubernetes counts pods in an `int32`.
    #[test]
    fn counts_within_reach() {
        let of = |text: &str| codes(&format!(r#"http = "GET /", {text}"#), "async fn f()");
        for text in [
            "scale = 0..=1_000_000",
            "scale = 1_000_000..",
            "concurrency = 1_000_000",
        ] {
            assert_eq!(of(text), [""; 0], "{text}");
        }
        for text in [
            "scale = 0..=1_000_001",
            "scale = 3_000_000_000..",
            "scale = 1_000_001",
            "concurrency = 1_000_001",
        ] {
            assert_eq!(of(text), [codes::BAD_VALUE], "{text}");
        }
    }

    #[test]
    fn keys_in_their_places() {
        let keys = [
            ("http", r#"http = "GET /""#, "async fn f()"),
            ("queue", "queue = Q", "async fn f(x: X)"),
            ("schedule", r#"schedule = "@daily""#, "async fn f()"),
        ];
        let values = [
            ("service", r#""a""#),
            ("visibility", r#""public""#),
            ("batch", "3"),
            ("timezone", r#""UTC""#),
            ("scale", "3"),
            ("concurrency", "3"),
            ("timeout", r#""3s""#),
            ("memory", r#""1Gi""#),
            ("cpu", r#""1""#),
            ("sandbox", r#""none""#),
            ("name", r#""a""#),
        ];
        for (trigger, args, sig) in keys {
            for (key, value) in values {
                let place = PLACES.iter().find(|(name, _)| *name == key);
                let expected: &[&str] = match place {
                    Some((_, triggers)) if !triggers.contains(&trigger) => &[codes::MISPLACED_KEY],
                    _ => &[],
                };
                assert_eq!(
                    codes(&format!("{args}, {key} = {value}"), sig),
                    expected,
                    "{trigger} {key}"
                );
            }
        }
    }

    /// What is usable is there in spite of mistakes, and what is not is not.
    #[test]
    fn usable() {
        let parsed = parse(
            r#"http = "GET /", timeout = 3, retries = 4, scale = 5"#,
            "async fn f()",
        );
        assert_eq!(parsed.errors.len(), 2);
        let function = parsed.value.expect("a usable function");
        assert!(function.knobs.timeout.is_none());
        assert!(function.knobs.scale.is_some());
        for (args, sig) in [
            ("", "async fn f()"),
            ("http = 3", "async fn f()"),
            (r#"http = "GET /""#, "fn f()"),
        ] {
            assert!(parse(args, sig).value.is_none(), "{args} {sig}");
        }
    }

    #[test]
    fn every_key_has_an_example_that_is_valid() {
        for key in KEYS {
            let (trigger, sig) = match key.name {
                "http" | "queue" | "schedule" => (String::new(), "async fn f(x: X)"),
                name => {
                    let place = PLACES.iter().find(|(placed, _)| *placed == name);
                    match place.map_or("http", |(_, triggers)| triggers[0]) {
                        "queue" => ("queue = Q, ".to_owned(), "async fn f(x: X)"),
                        "schedule" => (r#"schedule = "@daily", "#.to_owned(), "async fn f()"),
                        _ => (r#"http = "GET /", "#.to_owned(), "async fn f()"),
                    }
                }
            };
            let sig = if key.name == "schedule" {
                "async fn f()"
            } else {
                sig
            };
            valid(&format!("{trigger}{} = {}", key.name, key.example), sig);
        }
    }
}
