//! `#[function(…)]`.

use std::time::Duration;

use proc_macro2::{Span, TokenStream};
use syn::Signature;

use crate::arguments::{Arguments, Key, listed};
use crate::error::{Error, Parsed, Spanned, codes};
use crate::item::Attribute;
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
        /// The text as written; the compiler reads it.
        cron: String,
        /// The text as written; the compiler looks it up.
        timezone: Option<Spanned<String>>,
    },
}

/// What a function may turn, as written; `None` where the user said nothing.
#[derive(Clone, Debug, Default)]
pub struct Knobs {
    /// How few and how many pods. Not for a schedule.
    pub scale: Option<Spanned<Scale>>,
    /// Calls at the same time in one pod, at least 1. Not for a schedule.
    pub concurrency: Option<Spanned<u32>>,
    /// How long one call may take, at least a millisecond.
    pub timeout: Option<Spanned<Duration>>,
    /// The text as written; the compiler checks that it is a quantity.
    pub memory: Option<Spanned<String>>,
    /// The text as written; the compiler checks that it is a quantity.
    pub cpu: Option<Spanned<String>>,
    /// How the pod is isolated.
    pub sandbox: Option<Spanned<Sandbox>>,
    /// Who may call it; HTTP functions only.
    pub visibility: Option<Spanned<Visibility>>,
}

/// Pods at the least and at the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// At the least; 0 where the workload may sleep.
    pub min: u32,
    /// At the most, at least 1; `None` for no limit.
    pub max: Option<u32>,
}

/// How a pod is isolated from its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sandbox {
    /// `"none"`: the cluster's own container runtime.
    None,
    /// `"gvisor"`.
    Gvisor,
}

/// Who may call an HTTP service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// `"public"`: anyone who reaches the cluster's ingress.
    Public,
    /// `"private"`: only pods of the cluster.
    Private,
}

const LEAST_TIMEOUT: Duration = Duration::from_millis(1);

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
    let knobs = knobs(&args, &mut errors);
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
            let cron = args.read(kind, value::string, errors)?.value;
            Trigger::Schedule { cron, timezone }
        }
    };
    Some(Spanned::new(trigger, span))
}

fn knobs(args: &Arguments, errors: &mut Vec<Error>) -> Knobs {
    let sandboxes = [("gvisor", Sandbox::Gvisor), ("none", Sandbox::None)];
    let visibilities = [
        ("public", Visibility::Public),
        ("private", Visibility::Private),
    ];
    Knobs {
        scale: args.read("scale", value::scale, errors),
        concurrency: args.read("concurrency", value::count, errors),
        timeout: args.read(
            "timeout",
            |timeout| value::duration(timeout, LEAST_TIMEOUT),
            errors,
        ),
        memory: args.read("memory", value::string, errors),
        cpu: args.read("cpu", value::string, errors),
        sandbox: args.read(
            "sandbox",
            |sandbox| value::choice(sandbox, &sandboxes),
            errors,
        ),
        visibility: args.read(
            "visibility",
            |visibility| value::choice(visibility, &visibilities),
            errors,
        ),
    }
}
