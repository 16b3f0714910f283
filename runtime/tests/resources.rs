//! Resources without a backend, and their methods beside the table of operations.

use std::collections::BTreeMap;
use std::time::Duration;

use cloudc::{Cache, Queue, cache, queue};
use serde::Serialize as _;

#[queue(name = "new-orders")]
static ORDERS: Queue<String>;

#[cache]
static PRICES: Cache<String, u64>;

/// JSON has no object with such keys.
type Unreadable = BTreeMap<(u8, u8), u8>;

#[queue]
static UNREADABLE: Queue<Unreadable>;

#[cache]
static BY_UNREADABLE: Cache<Unreadable, Unreadable>;

const NO_QUEUE: &str = "no backend is connected for the queue `new-orders`; in a test, write \
                        `#[cloudc::test]` and take a `World`";
const NO_CACHE: &str = "no backend is connected for the cache `prices`; in a test, write \
                        `#[cloudc::test]` and take a `World`";

fn failure<T>(result: cloudc::Result<T>) -> String {
    result.err().expect("a failure").to_string()
}

#[tokio::test]
async fn nothing_is_connected() {
    let order = "bicycle".to_owned();
    let soon = Duration::from_secs(1);
    assert_eq!(failure(ORDERS.send(&order).await), NO_QUEUE);
    assert_eq!(failure(ORDERS.send_all([&order, &order]).await), NO_QUEUE);
    assert_eq!(failure(ORDERS.send_after(&order, soon).await), NO_QUEUE);
    assert_eq!(failure(ORDERS.send_once(&order, "7").await), NO_QUEUE);
    assert_eq!(failure(ORDERS.sender().send(&order).await), NO_QUEUE);
    assert_eq!(failure(PRICES.get(&order).await), NO_CACHE);
    assert_eq!(failure(PRICES.contains(&order).await), NO_CACHE);
    assert_eq!(failure(PRICES.set(&order, &3).await), NO_CACHE);
    assert_eq!(failure(PRICES.set_for(&order, &3, soon).await), NO_CACHE);
    assert_eq!(failure(PRICES.remove(&order).await), NO_CACHE);
    let made = PRICES
        .get_or_set_with(&order, async || Ok::<_, cloudc::Error>(3))
        .await;
    assert_eq!(failure(made), NO_CACHE);
    assert_eq!(failure(PRICES.reader().get(&order).await), NO_CACHE);
    assert_eq!(failure(PRICES.writer().remove(&order).await), NO_CACHE);
}

/// What cannot be encoded is told first: it is the user's mistake, and stays one with a backend.
#[tokio::test]
async fn what_json_cannot_say() {
    let map = BTreeMap::from([((1, 2), 3)]);
    assert!(map.serialize(serde_json::value::Serializer).is_err());
    let no_message = "cannot encode a message of the queue `unreadable` as JSON";
    assert_eq!(failure(UNREADABLE.send(&map).await), no_message);
    assert_eq!(failure(UNREADABLE.send_all([&map]).await), no_message);
    let no_key = "cannot encode a key of the cache `by-unreadable` as JSON";
    assert_eq!(failure(BY_UNREADABLE.get(&map).await), no_key);
    let fine = BTreeMap::new();
    let no_value = "cannot encode a value of the cache `by-unreadable` as JSON";
    assert_eq!(failure(BY_UNREADABLE.set(&fine, &map).await), no_value);
}

/// A method that the table does not have would be an edge that the graph does not have.
#[test]
fn the_table_has_every_method() {
    let queue = include_str!("../src/queue.rs");
    let cache = include_str!("../src/cache.rs");
    for (source, ty, table) in [
        (queue, "Queue", cloudc_syntax::queue_operations()),
        (cache, "Cache", cloudc_syntax::cache_operations()),
    ] {
        let names: Vec<&str> = table.iter().map(|(name, _)| *name).collect();
        assert_eq!(public_methods(source, ty), names, "{ty}");
    }
}

/// The public methods of a type in a source file, sorted.
fn public_methods(source: &str, ty: &str) -> Vec<String> {
    let file = syn::parse_file(source).expect("a source file");
    let mut names = Vec::new();
    for item in file.items {
        let syn::Item::Impl(block) = item else {
            continue;
        };
        let syn::Type::Path(path) = &*block.self_ty else {
            continue;
        };
        let named = path
            .path
            .segments
            .last()
            .is_some_and(|last| last.ident == ty);
        if block.trait_.is_some() || !named {
            continue;
        }
        names.extend(block.items.iter().filter_map(|item| match item {
            syn::ImplItem::Fn(method) if matches!(method.vis, syn::Visibility::Public(_)) => {
                Some(method.sig.ident.to_string())
            }
            _ => None,
        }));
    }
    names.sort();
    names
}
