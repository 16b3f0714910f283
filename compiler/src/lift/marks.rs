//! Attributes that may be cloudc's, read by the one grammar. Which of them are, only name resolution
//! knows: `function` may come from elsewhere, and ours may have been renamed.

use cloudc_syntax as grammar;
use quote::ToTokens as _;
use rustc_hash::FxHashSet;

use super::attributes::{Attributes, Foreign};
use super::body::Body;
use super::builder::Builder;
use super::facts::{
    Attribute, CacheDecl, Declares, FunctionDecl, Mark, Mistake, NodeId, QueueDecl, Reading,
    ScopeId, ScopeKind, Spot, TriggerDecl, Written,
};
use super::paths;

/// Attributes of a free function.
pub(super) fn on_function(
    builder: &mut Builder<'_>,
    node: NodeId,
    scope: ScopeId,
    read: &Attributes,
    item: &syn::ItemFn,
) {
    for foreign in &read.foreign {
        let parsed = grammar::function(arguments(foreign), foreign.span, &item.sig);
        let as_function = reading(builder, Attribute::Function, parsed, |builder, value| {
            Declares::Function(Box::new(function(builder, value)))
        });
        add(builder, node, scope, read, foreign, vec![as_function]);
    }
}

/// Attributes of a static.
pub(super) fn on_static(
    builder: &mut Builder<'_>,
    node: NodeId,
    scope: ScopeId,
    read: &Attributes,
    item: impl Fn() -> grammar::StaticItem,
) {
    for foreign in &read.foreign {
        let item = item();
        let parsed = grammar::queue(arguments(foreign), &item);
        let as_queue = reading(builder, Attribute::Queue, parsed, |builder, value| {
            Declares::Queue(queue(builder, value))
        });
        let parsed = grammar::cache(arguments(foreign), &item);
        let as_cache = reading(builder, Attribute::Cache, parsed, |builder, value| {
            Declares::Cache(cache(builder, value))
        });
        add(
            builder,
            node,
            scope,
            read,
            foreign,
            vec![as_queue, as_cache],
        );
    }
}

/// Attributes of anything else: none of ours belongs there. Those with other names are taken for
/// somebody else's.
pub(super) fn on_other(builder: &mut Builder<'_>, node: NodeId, scope: ScopeId, read: &Attributes) {
    for foreign in &read.foreign {
        let last = foreign.meta.path().segments.last();
        let is_named_like_ours = last.is_some_and(|last| {
            ["function", "queue", "cache"]
                .iter()
                .any(|name| last.ident == name)
        });
        if is_named_like_ours {
            add(builder, node, scope, read, foreign, Vec::new());
        } else {
            Body::new(builder, node, scope, FxHashSet::default()).attribute(foreign);
        }
    }
}

/// The mistake of an attribute of ours on an item that cannot carry it.
pub(super) fn wrong_item(attribute: Attribute, spot: Spot) -> Mistake {
    let attribute = match attribute {
        Attribute::Function => grammar::Attribute::Function,
        Attribute::Queue => grammar::Attribute::Queue,
        Attribute::Cache => grammar::Attribute::Cache,
    };
    mistake(
        grammar::wrong_item(attribute, proc_macro2::Span::call_site()),
        |_| spot,
    )
}

fn add(
    builder: &mut Builder<'_>,
    node: NodeId,
    scope: ScopeId,
    read: &Attributes,
    foreign: &Foreign,
    readings: Vec<Reading>,
) {
    let path = paths::path(builder, foreign.meta.path());
    let spot = builder.positions.spot(foreign.span);
    // If it is not ours, its tokens belong to the item.
    let cfg = builder.both(read.cfg, foreign.cfg);
    let tokens = builder.node(
        builder.facts.nodes[node as usize].name,
        foreign.span,
        scope,
        cfg,
    );
    Body::new(builder, tokens, scope, FxHashSet::default()).attribute(foreign);
    let mut around = scope;
    let nameable = loop {
        let facts = builder.scope_mut(around);
        match facts.kind {
            ScopeKind::Module if facts.parent == around => break true,
            ScopeKind::Module => around = facts.parent,
            _ => break false,
        }
    };
    builder.facts.marks.push(Mark {
        path,
        cfg: foreign.cfg,
        spot,
        node,
        tokens,
        scope,
        nameable,
        doc: read.doc.clone(),
        readings,
    });
}

fn arguments(foreign: &Foreign) -> proc_macro2::TokenStream {
    match &foreign.meta {
        syn::Meta::List(list) => list.tokens.clone(),
        // `#[function = "x"]`: all that is behind the name.
        syn::Meta::NameValue(pair) => {
            let (eq, value) = (&pair.eq_token, &pair.value);
            quote::quote!(#eq #value)
        }
        syn::Meta::Path(_) => proc_macro2::TokenStream::new(),
    }
}

fn reading<T>(
    builder: &mut Builder<'_>,
    attribute: Attribute,
    parsed: grammar::Parsed<T>,
    declare: impl FnOnce(&mut Builder<'_>, T) -> Declares,
) -> Reading {
    Reading {
        attribute,
        mistakes: parsed
            .errors
            .into_iter()
            .map(|error| mistake(error, |span| builder.positions.spot(span)))
            .collect(),
        declares: parsed.value.map(|value| declare(builder, value)),
    }
}

fn mistake(error: grammar::Error, spot: impl Fn(proc_macro2::Span) -> Spot) -> Mistake {
    let grammar::Error {
        code,
        span,
        end: _,
        message,
        label,
        help,
    } = error;
    Mistake {
        code: code.to_owned(),
        spot: spot(span),
        message,
        label,
        help,
    }
}

fn written<T>(builder: &Builder<'_>, value: grammar::Spanned<T>) -> Written<T> {
    Written {
        spot: builder.positions.spot(value.span),
        value: value.value,
    }
}

fn function(builder: &mut Builder<'_>, function: grammar::Function) -> FunctionDecl {
    let grammar::Function {
        name,
        trigger,
        service,
        knobs,
    } = function;
    let grammar::Knobs {
        scale,
        concurrency,
        timeout,
        memory,
        cpu,
        sandbox,
        visibility,
    } = knobs;
    let trigger_spot = builder.positions.spot(trigger.span);
    let trigger = match trigger.value {
        grammar::Trigger::Http { method, path } => TriggerDecl::Http { method, path },
        grammar::Trigger::Queue { path, batch } => TriggerDecl::Queue {
            path: paths::path(builder, &path),
            batch: batch.map(|batch| written(builder, batch)),
        },
        grammar::Trigger::Schedule { text, timezone, .. } => TriggerDecl::Schedule {
            cron: text,
            timezone: timezone.map(|timezone| written(builder, timezone)),
        },
    };
    let builder = &*builder;
    FunctionDecl {
        name: written(builder, name),
        trigger,
        trigger_spot,
        service: service.map(|service| written(builder, service)),
        scale: scale.map(|scale| written(builder, scale).map(|scale| (scale.min, scale.max))),
        concurrency: concurrency.map(|concurrency| written(builder, concurrency)),
        timeout: timeout.map(|timeout| written(builder, timeout)),
        memory: memory.map(|memory| written(builder, memory)),
        cpu: cpu.map(|cpu| written(builder, cpu)),
        sandbox: sandbox.map(|sandbox| {
            written(builder, sandbox).map(|sandbox| sandbox == grammar::Sandbox::Gvisor)
        }),
        private: visibility.map(|visibility| {
            written(builder, visibility).map(|who| who == grammar::Visibility::Private)
        }),
    }
}

fn queue(builder: &Builder<'_>, queue: grammar::Queue) -> QueueDecl {
    let grammar::Queue {
        name,
        payload,
        max_deliveries,
        ack_wait,
        dead_letter,
        dedupe,
        max_age,
    } = queue;
    QueueDecl {
        name: written(builder, name),
        payload: type_text(&payload),
        max_deliveries: max_deliveries.map(|value| written(builder, value)),
        ack_wait: ack_wait.map(|value| written(builder, value)),
        dead_letter: dead_letter.map(|value| written(builder, value)),
        dedupe: dedupe.map(|value| written(builder, value)),
        max_age: max_age.map(|value| written(builder, value)),
    }
}

fn cache(builder: &Builder<'_>, cache: grammar::Cache) -> CacheDecl {
    let grammar::Cache {
        name,
        key,
        value,
        ttl,
    } = cache;
    CacheDecl {
        name: written(builder, name),
        key: type_text(&key),
        value: type_text(&value),
        ttl: ttl.map(|value| written(builder, value)),
    }
}

/// A type as people write it: `Vec<(Sku, u32)>`.
fn type_text(ty: &syn::Type) -> String {
    let mut text = String::new();
    flatten(ty.to_token_stream(), &mut text);
    text
}

fn flatten(tokens: proc_macro2::TokenStream, text: &mut String) {
    use proc_macro2::{Delimiter, TokenTree};
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => ("{ ", " }"),
                    Delimiter::None => ("", ""),
                };
                text.push_str(open);
                flatten(group.stream(), text);
                text.push_str(close);
            }
            TokenTree::Punct(punct) if matches!(punct.as_char(), ',' | ';') => {
                text.push(punct.as_char());
                text.push(' ');
            }
            TokenTree::Punct(punct) if punct.as_char() == '+' => text.push_str(" + "),
            TokenTree::Punct(punct) => text.push(punct.as_char()),
            word => {
                if text.ends_with(|last: char| last.is_alphanumeric() || last == '_') {
                    text.push(' ');
                }
                text.push_str(&word.to_string());
            }
        }
    }
}
