//! Whatever stands between the parentheses: mistakes, never a panic.

use proc_macro2::{Span, TokenStream, TokenTree};

use crate::{StaticItem, cache, function, queue, simulate, test};

const SAMPLES: [&str; 5] = [
    r#"http = "POST /orders/{id}", service = "search", visibility = "private", scale = 0..=20"#,
    r#"queue = crate::queues::ORDERS, batch = 100, concurrency = 4, scale = 1.., name = "a""#,
    r#"schedule = "0 3 * * *", timezone = "Asia/Shanghai", timeout = "1h30m", memory = "1Gi""#,
    r#"name = "orders", max_deliveries = 5, ack_wait = "30s", dead_letter = true, ttl = -3.5"#,
    r#"runs = 1000, seed = 7, start = "2026-03-28T00:00:00.5+01:00""#,
];

const VALUES: [&str; 17] = [
    "",
    "=",
    ",",
    "..",
    "..=",
    "0",
    "-1",
    "99999999999999999999",
    "1e400",
    "\"\"",
    "\"{{{\"",
    "b\"x\"",
    "\"2026-03-2é\"",
    "'x'",
    "(",
    "a::<b>",
    "#[x]",
];

fn read(args: &TokenStream) {
    let sig = syn::parse_quote!(async fn f(a: A));
    let item: StaticItem = syn::parse_quote!(
        static A: B<C>;
    );
    function(args.clone(), Span::call_site(), &sig);
    queue(args.clone(), &item);
    cache(args.clone(), &item);
    test(args.clone(), &sig);
    simulate(args.clone(), &sig);
}

/// As one types it, character by character.
#[test]
fn every_beginning() {
    for sample in SAMPLES {
        for (end, _) in sample.char_indices() {
            if let Ok(args) = sample[..end].parse() {
                read(&args);
            }
        }
    }
}

/// Each token left out, written twice, and each in the place of each other.
#[test]
fn every_token_elsewhere() {
    for sample in SAMPLES {
        let tokens: Vec<TokenTree> = sample
            .parse::<TokenStream>()
            .expect(sample)
            .into_iter()
            .collect();
        for at in 0..tokens.len() {
            let (before, rest) = tokens.split_at(at);
            read(&before.iter().chain(&rest[1..]).cloned().collect());
            for token in &tokens {
                let token = [token.clone()];
                read(&before.iter().chain(&token).chain(rest).cloned().collect());
                read(
                    &before
                        .iter()
                        .chain(&token)
                        .chain(&rest[1..])
                        .cloned()
                        .collect(),
                );
            }
        }
    }
}

#[test]
fn every_key_with_every_value() {
    let keys = [
        "http",
        "queue",
        "schedule",
        "name",
        "service",
        "batch",
        "timezone",
        "scale",
        "concurrency",
        "timeout",
        "memory",
        "cpu",
        "sandbox",
        "visibility",
        "max_deliveries",
        "ack_wait",
        "dead_letter",
        "dedupe",
        "max_age",
        "ttl",
        "runs",
        "seed",
        "start",
        "r#type",
        "_",
    ];
    for key in keys {
        for value in VALUES {
            if let Ok(args) = format!("{key} = {value}").parse() {
                read(&args);
            }
        }
    }
}
