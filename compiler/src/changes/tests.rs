//! Changes of a shop, as `render::json` writes it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::{Change, Document, Unreadable, VERSION, between};
use crate::render;
use crate::render::fixture;

/// What is no change, by its place in the document, and why.
const IGNORED: [(&str, &str); 13] = [
    ("functions[].path", "where it stands in the source"),
    ("functions[].doc", "for readers"),
    ("functions[].at", "where it stands in the source"),
    (
        "workloads[].functions[]",
        "the functions say where they run",
    ),
    ("queues[].path", "where it stands in the source"),
    ("queues[].doc", "for readers"),
    ("queues[].at", "where it stands in the source"),
    ("caches[].path", "where it stands in the source"),
    ("caches[].doc", "for readers"),
    ("caches[].at", "where it stands in the source"),
    ("edges[].chain[].from", "how the source does it"),
    ("edges[].chain[].to", "how the source does it"),
    ("edges[].chain[].at", "how the source does it"),
];

static SHOP: LazyLock<Value> = LazyLock::new(|| {
    let (graph, sources) = fixture::shop();
    serde_json::from_str(&render::json(&graph, &sources)).expect("JSON")
});
static BEFORE: LazyLock<Document> = LazyLock::new(|| read(&SHOP));

fn shop() -> Value {
    SHOP.clone()
}

fn read(document: &Value) -> Document {
    serde_json::from_value(document.clone()).expect("a graph")
}

/// What this edit of the shop changes.
fn after(edit: impl FnOnce(&mut Value)) -> Vec<Change> {
    let mut changed = shop();
    edit(&mut changed);
    between(&BEFORE, &read(&changed))
}

/// Likewise, as people read it.
fn said(edit: impl FnOnce(&mut Value)) -> Vec<String> {
    after(edit).iter().map(ToString::to_string).collect()
}

/// One of a list, by its name.
fn named<'v>(document: &'v mut Value, list: &str, name: &str) -> &'v mut Value {
    let list = document[list].as_array_mut().expect("a list");
    let found = list.iter_mut().find(|one| one["name"] == name);
    found.expect("it is there")
}

fn remove(document: &mut Value, list: &str, name: &str) {
    let list = document[list].as_array_mut().expect("a list");
    list.retain(|one| one["name"] != name);
}

fn add(document: &mut Value, list: &str, one: Value) {
    document[list].as_array_mut().expect("a list").push(one);
}

fn remove_edge(document: &mut Value, function: &str, operation: &str, resource: &str) {
    let edges = document["edges"].as_array_mut().expect("a list");
    edges.retain(|edge| {
        edge["function"] != function
            || edge["operation"] != operation
            || edge["resource"]["name"] != resource
    });
}

fn edge(function: &str, operation: &str, kind: &str, resource: &str) -> Value {
    let resource = json!({"kind": kind, "name": resource});
    json!({"function": function, "operation": operation, "resource": resource, "chain": []})
}

#[test]
fn nothing_changed() {
    assert_eq!(said(|_| {}), [""; 0]);
    // Nor by the order of lists.
    let reversed = said(|shop| {
        for list in ["functions", "workloads", "queues", "caches", "edges"] {
            shop[list].as_array_mut().expect("a list").reverse();
        }
    });
    assert_eq!(reversed, [""; 0]);
}

/// Every place in a document with a value, with the pointers to those values: `queues[].payload`.
fn places(value: &Value, place: &str, pointer: &str, found: &mut BTreeMap<String, Vec<String>>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let dot = if place.is_empty() { "" } else { "." };
                let place = format!("{place}{dot}{key}");
                places(value, &place, &format!("{pointer}/{key}"), found);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                let pointer = format!("{pointer}/{index}");
                places(value, &format!("{place}[]"), &pointer, found);
            }
        }
        _ => found
            .entry(place.to_owned())
            .or_default()
            .push(pointer.to_owned()),
    }
}

/// Another value that the place may have, if it may have one while the rest stays as it is.
fn other(place: &str, value: &Value) -> Option<Value> {
    Some(match (place, value) {
        // Another version is refused, another kind of trigger has other fields, and only services have a visibility.
        ("version" | "functions[].trigger.kind", _) => return None,
        ("workloads[].visibility", Value::Null) => return None,
        // A service that is there: a function of none is no graph.
        ("functions[].workload", Value::String(service)) if service == "search" => "shop".into(),
        ("functions[].workload", Value::String(service)) if service == "shop" => "search".into(),
        ("functions[].workload", _) => return None,
        // A consumer or a schedule is told by its function.
        ("workloads[].name", Value::String(name))
            if !["shop", "search"].contains(&name.as_str()) =>
        {
            return None;
        }
        ("workloads[].kind", Value::String(kind)) if kind == "service" => "consumer".into(),
        ("workloads[].kind", _) => "service".into(),
        ("workloads[].visibility", _) => "private".into(),
        ("edges[].operation", Value::String(operation)) if operation == "send" => "read".into(),
        ("edges[].operation", _) => "send".into(),
        ("edges[].resource.kind", Value::String(kind)) if kind == "queue" => "cache".into(),
        ("edges[].resource.kind", _) => "queue".into(),
        (_, Value::Null) => 7.into(),
        (_, Value::Bool(is)) => (!is).into(),
        (_, Value::Number(number)) => (number.as_u64().expect("a whole number") + 1).into(),
        (_, other) => format!("{}-other", other.as_str().expect("a text")).into(),
    })
}

/// A field that `render::json` gains is compared, or stands in the list with a reason.
#[test]
fn every_field_is_compared_or_known_not_to_be() {
    let mut found = BTreeMap::new();
    places(&shop(), "", "", &mut found);
    for (place, reason) in IGNORED {
        assert!(found.contains_key(place), "there is no {place} ({reason})");
    }
    for (place, pointers) in found {
        let ignored = IGNORED.iter().any(|(ignored, _)| *ignored == place);
        for pointer in pointers {
            let value = SHOP.pointer(&pointer).expect("it is there");
            let Some(value) = other(&place, value) else {
                continue;
            };
            let changes = after(|shop| *shop.pointer_mut(&pointer).expect("it is there") = value);
            assert_eq!(
                changes.is_empty(),
                ignored,
                "{place} at {pointer}: {changes:?}"
            );
        }
    }
}

#[test]
fn the_version_is_that_of_the_renderer() {
    assert_eq!(VERSION, render::JSON_VERSION);
    Document::parse(&SHOP.to_string()).expect("a graph");
    let mut newer = shop();
    newer["version"] = 2.into();
    newer["functions"] = "something else".into();
    let refused = Document::parse(&newer.to_string());
    assert!(
        matches!(refused, Err(Unreadable::Version(2))),
        "{refused:?}"
    );
    for text in ["", "{}", "[]", "{\"version\": 1}", "{\"version\": \"1\"}"] {
        let refused = Document::parse(text);
        assert!(
            matches!(refused, Err(Unreadable::NoGraph(_))),
            "{text}: {refused:?}"
        );
    }
}

#[test]
fn what_a_newer_cloudc_adds_is_passed_over() {
    let added = said(|shop| {
        shop["teams"] = json!(["orders"]);
        named(shop, "queues", "orders")["colour"] = "blue".into();
    });
    assert_eq!(added, [""; 0]);
}

#[test]
fn triggers() {
    let set = |name: &'static str, trigger: Value| {
        said(move |shop| named(shop, "functions", name)["trigger"] = trigger)
    };
    let http = |method: &str, path: &str| json!({"kind": "http", "method": method, "path": path});
    assert_eq!(
        set("place-order", http("PUT", "/orders")),
        ["place-order: route POST /orders → PUT /orders; nobody answers POST /orders any more"]
    );
    assert_eq!(
        set(
            "charge",
            json!({"kind": "queue", "queue": "orders", "batch": 50})
        ),
        ["charge: batch one message a call → 50"]
    );
    let schedule = |cron: &str, timezone: &str| json!({"kind": "schedule", "cron": cron, "timezone": timezone});
    assert_eq!(
        set("refresh-prices", schedule("0 4 * * *", "Europe/Berlin")),
        [
            "refresh-prices: schedule 0 3 * * * → 0 4 * * *",
            "refresh-prices: time zone Asia/Shanghai → Europe/Berlin"
        ]
    );
    assert_eq!(
        set("refresh-prices", http("POST", "/refresh")),
        ["refresh-prices: trigger 0 3 * * * Asia/Shanghai → POST /refresh"]
    );
    assert_eq!(
        set("place-order", schedule("0 3 * * *", "Etc/UTC")),
        [
            "place-order: trigger POST /orders → 0 3 * * * Etc/UTC; nobody answers POST /orders any more"
        ]
    );
}

/// The route is what callers know, not the function behind it.
#[test]
fn a_function_with_the_route_of_another() {
    let renamed = said(|shop| named(shop, "functions", "suggest-names")["name"] = "suggest".into());
    assert_eq!(
        renamed,
        [
            "new function suggest, triggered by GET /search/names",
            "function suggest-names is gone"
        ]
    );
}

#[test]
fn functions_that_come_and_go() {
    let new = said(|shop| {
        let trigger = json!({"kind": "http", "method": "POST", "path": "/refunds"});
        add(
            shop,
            "functions",
            json!({"name": "refund", "workload": "shop", "trigger": trigger}),
        );
        add(shop, "edges", edge("refund", "send", "queue", "receipts"));
    });
    assert_eq!(
        new,
        [
            "new function refund, triggered by POST /refunds",
            "refund may now send to queue receipts"
        ]
    );
    let gone = said(|shop| {
        remove(shop, "functions", "set-price");
        remove_edge(shop, "set-price", "write", "prices");
    });
    assert_eq!(
        gone,
        [
            "function set-price is gone; nobody answers PUT /products/{sku}/price any more",
            "service shop may no longer write cache prices; pods of the last revision still need it"
        ]
    );
}

#[test]
fn consumers() {
    let lost = said(|shop| {
        remove(shop, "functions", "restock");
        remove(shop, "workloads", "restock");
        remove_edge(shop, "restock", "read", "stock");
        remove_edge(shop, "restock", "write", "stock");
    });
    assert_eq!(
        lost,
        [
            "function restock is gone",
            "queue restock-requests loses its only consumer (restock); what is sent to it waits"
        ]
    );
    let other = said(|shop| {
        named(shop, "functions", "restock")["trigger"]["queue"] = "receipts".into();
        named(shop, "functions", "write-receipts")["trigger"]["queue"] = "restock-requests".into();
    });
    let deleted = |name: &str| format!("what {name} has taken and not acknowledged comes again");
    assert_eq!(
        other,
        [
            format!(
                "queue receipts: consumer write-receipts → restock; {}",
                deleted("write-receipts")
            ),
            format!(
                "queue restock-requests: consumer restock → write-receipts; {}",
                deleted("restock")
            ),
            "restock: queue restock-requests → receipts".to_owned(),
            "write-receipts: queue receipts → restock-requests".to_owned(),
        ]
    );
}

#[test]
fn a_first_consumer() {
    let mut before = shop();
    remove(&mut before, "functions", "restock");
    let edges = before["edges"].as_array_mut().expect("edges");
    edges.retain(|edge| edge["function"] != "restock");
    let changes = between(&read(&before), &read(&shop()));
    let words: Vec<String> = changes.iter().map(Change::words).collect();
    assert_eq!(
        words,
        [
            "new function restock, triggered by queue restock-requests",
            "queue restock-requests gets a consumer (restock)",
            "restock may now read cache stock",
            "restock may now write cache stock"
        ]
    );
    assert!(!changes.iter().any(Change::is_risky));
}

#[test]
fn services() {
    let moved = said(|shop| {
        let service = json!({
            "name": "orders", "kind": "service", "functions": ["place-order"], "scale": {"min": 0, "max": 10},
            "concurrency": 80, "timeout_ms": 30_000, "memory": "128Mi", "cpu": "100m", "sandbox": "none",
            "visibility": "public"
        });
        add(shop, "workloads", service);
        named(shop, "functions", "place-order")["workload"] = "orders".into();
    });
    assert_eq!(
        moved,
        [
            "new service orders",
            "place-order moves from service shop to service orders; its address is that of service orders",
            "service shop may no longer send to queue orders; pods of the last revision still need it",
            "service shop may no longer write cache stock; pods of the last revision still need it"
        ]
    );
    let between = said(|shop| {
        named(shop, "functions", "set-price")["workload"] = "search".into();
    });
    assert_eq!(
        between,
        [
            "set-price moves from service shop to service search; its address is that of service search",
            "service search may now write cache prices",
            "service shop may no longer write cache prices; pods of the last revision still need it"
        ]
    );
    let gone = said(|shop| {
        for function in ["search-products", "suggest-names"] {
            named(shop, "functions", function)["workload"] = "shop".into();
        }
        remove(shop, "workloads", "search");
    });
    assert_eq!(
        gone[0],
        "service search is gone; its address is gone with it"
    );
}

#[test]
fn workloads() {
    let set = |name: &'static str, key: &'static str, value: Value| {
        said(move |shop| named(shop, "workloads", name)[key] = value)
    };
    assert_eq!(
        set("shop", "memory", "512Mi".into()),
        ["service shop: memory 128Mi → 512Mi"]
    );
    assert_eq!(
        set("charge", "scale", json!({"min": 1, "max": null})),
        ["charge: scale 0..=20 → 1.."]
    );
    assert_eq!(
        set("refresh-prices", "timeout_ms", 90_000.into()),
        ["refresh-prices: timeout 20s → 90s"]
    );
    assert_eq!(
        set("shop", "visibility", "private".into()),
        [
            "service shop: visibility public → private; callers from outside of the cluster are shut out"
        ]
    );
    assert_eq!(
        set("charge", "sandbox", "gvisor".into()),
        ["charge: sandbox none → gvisor"]
    );
    let mut sealed = shop();
    let service = named(&mut sealed, "workloads", "shop");
    (service["sandbox"], service["visibility"]) = ("gvisor".into(), "private".into());
    let opened = between(&read(&sealed), &read(&shop()));
    let opened: Vec<_> = opened.iter().map(ToString::to_string).collect();
    assert_eq!(
        opened,
        [
            "service shop: sandbox gvisor → none; its pods share the kernel of their node",
            "service shop: visibility private → public; whoever reaches the cluster's ingress may call it"
        ]
    );
}

#[test]
fn queues() {
    let set = |key: &'static str, value: Value| {
        said(move |shop| named(shop, "queues", "orders")[key] = value)
    };
    assert_eq!(
        set("payload", "PaidOrder".into()),
        ["queue orders: payload Order → PaidOrder; messages that wait are of the old type"]
    );
    assert_eq!(
        set("max_deliveries", 8.into()),
        ["queue orders: max deliveries 5 → 8"]
    );
    assert_eq!(
        set("max_deliveries", Value::Null),
        ["queue orders: max deliveries 5 → no bound"]
    );
    assert_eq!(
        set("max_deliveries", 3.into()),
        [
            "queue orders: max deliveries 5 → 3; a message that has failed as often is a dead letter at once"
        ]
    );
    assert_eq!(
        set("dead_letter", false.into()),
        [
            "queue orders: dead letters on → off; those that are there can no longer be looked at or sent again"
        ]
    );
    assert_eq!(
        set("max_age_ms", 3_600_000.into()),
        ["queue orders: max age no end → 1h; what has waited longer is lost"]
    );
    assert_eq!(
        set("dedupe_window_ms", 60_000.into()),
        [
            "queue orders: dedupe window 2m → 1m; a message that is sent twice is known for a shorter time"
        ]
    );
    assert_eq!(
        set("dedupe_window_ms", 180_000.into()),
        ["queue orders: dedupe window 2m → 3m"]
    );
    assert_eq!(
        set("ack_wait_ms", 45_000.into()),
        ["queue orders: ack wait 30s → 45s"]
    );
}

#[test]
fn resources_that_come_and_go() {
    let come = said(|shop| {
        let mut queue = named(shop, "queues", "orders").clone();
        queue["name"] = "refunds".into();
        add(shop, "queues", queue);
        let mut cache = named(shop, "caches", "prices").clone();
        cache["name"] = "names".into();
        add(shop, "caches", cache);
    });
    assert_eq!(come, ["new queue refunds", "new cache names"]);
    let gone = said(|shop| {
        remove(shop, "queues", "receipts");
        remove(shop, "functions", "write-receipts");
        remove(shop, "workloads", "write-receipts");
        remove_edge(shop, "write-receipts", "write", "statuses");
        remove_edge(shop, "charge", "send", "receipts");
        remove(shop, "caches", "prices");
    });
    assert_eq!(
        gone,
        [
            "function write-receipts is gone",
            "queue receipts is gone; no function takes what is in it",
            "cache prices is gone",
            "charge may no longer send to queue receipts; pods of the last revision still need it"
        ]
    );
}

#[test]
fn caches() {
    let set = |key: &'static str, value: Value| {
        said(move |shop| named(shop, "caches", "stock")[key] = value)
    };
    assert_eq!(
        set("ttl_ms", 600_000.into()),
        ["cache stock: ttl no end → 10m"]
    );
    let old = "entries that are there are of the old type";
    assert_eq!(
        set("key", "Id".into()),
        [format!("cache stock: key type Sku → Id; {old}")]
    );
    assert_eq!(
        set("value", "u64".into()),
        [format!("cache stock: value type u32 → u64; {old}")]
    );
}

#[test]
fn rights() {
    let gained = said(|shop| add(shop, "edges", edge("charge", "write", "cache", "prices")));
    assert_eq!(gained, ["charge may now write cache prices"]);
    // Another function of the service still reads it, so its pods may as well.
    let kept = said(|shop| remove_edge(shop, "show-product", "read", "prices"));
    assert_eq!(kept, ["show-product may no longer read cache prices"]);
}

#[test]
fn another_application() {
    let renamed = said(|shop| shop["app"] = "store".into());
    assert_eq!(
        renamed,
        [
            "application: name shop → store; everything is named after it, so this is another application"
        ]
    );
}

#[test]
fn for_programs() {
    let changes = after(|shop| {
        named(shop, "queues", "orders")["max_age_ms"] = 3_600_000.into();
        named(shop, "functions", "place-order")["workload"] = "search".into();
        remove_edge(shop, "charge", "send", "receipts");
        add(
            shop,
            "caches",
            json!({"name": "names", "key": "Sku", "value": "String", "ttl_ms": null}),
        );
    });
    let lines: Vec<String> = changes
        .iter()
        .map(|change| serde_json::to_string(change).expect("JSON"))
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    {"kind":"new","subject":{"kind":"cache","name":"names"},"trigger":null,"words":"new cache names","risky":false,"risk":null}
    {"kind":"moved","subject":{"kind":"function","name":"place-order"},"from":"shop","to":"search","words":"place-order moves from service shop to service search","risky":true,"risk":"its address is that of service search"}
    {"kind":"setting","subject":{"kind":"queue","name":"orders"},"setting":"max_age","from":null,"to":"1h","words":"queue orders: max age no end → 1h","risky":true,"risk":"what has waited longer is lost"}
    {"kind":"right","subject":{"kind":"service","name":"search"},"allowed":true,"operation":"send","resource":{"kind":"queue","name":"orders"},"words":"service search may now send to queue orders","risky":false,"risk":null}
    {"kind":"right","subject":{"kind":"service","name":"search"},"allowed":true,"operation":"read","resource":{"kind":"cache","name":"statuses"},"words":"service search may now read cache statuses","risky":false,"risk":null}
    {"kind":"right","subject":{"kind":"service","name":"search"},"allowed":true,"operation":"write","resource":{"kind":"cache","name":"statuses"},"words":"service search may now write cache statuses","risky":false,"risk":null}
    {"kind":"right","subject":{"kind":"service","name":"search"},"allowed":true,"operation":"write","resource":{"kind":"cache","name":"stock"},"words":"service search may now write cache stock","risky":false,"risk":null}
    {"kind":"right","subject":{"kind":"service","name":"shop"},"allowed":false,"operation":"send","resource":{"kind":"queue","name":"orders"},"words":"service shop may no longer send to queue orders","risky":true,"risk":"pods of the last revision still need it"}
    {"kind":"right","subject":{"kind":"service","name":"shop"},"allowed":false,"operation":"write","resource":{"kind":"cache","name":"stock"},"words":"service shop may no longer write cache stock","risky":true,"risk":"pods of the last revision still need it"}
    {"kind":"right","subject":{"kind":"function","name":"charge"},"allowed":false,"operation":"send","resource":{"kind":"queue","name":"receipts"},"words":"charge may no longer send to queue receipts","risky":true,"risk":"pods of the last revision still need it"}
    "#);
}
