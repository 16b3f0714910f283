//! The attributes of cloudc. Applications get them from the crate `cloudc`, which has the types that
//! the expansions name.

mod constant;
mod error;
mod function;
#[cfg(test)]
mod golden;
mod place;
mod questions;
mod resource;
mod testing;

use cloudc_syntax::Attribute;
use proc_macro::TokenStream;

/// A handler: `#[function(http = "POST /orders")]`, `#[function(queue = ORDERS)]` or
/// `#[function(schedule = "0 3 * * *")]` on a free `async fn`.
///
/// | key | with | value | what it says |
/// | --- | --- | --- | --- |
/// | `http` | | `"POST /orders/{id}"` | the requests that start it, with the path as axum writes it |
/// | `queue` | | `ORDERS` | the queue whose messages start it |
/// | `schedule` | | `"0 3 * * *"` | the points in time that start it |
/// | `name` | all | `"place-order"` | its name; by default the identifier with `-` for `_` |
/// | `service` | `http` | `"search"` | the service it belongs to; by default the package's |
/// | `visibility` | `http` | `"public"`, `"private"` | who may call the service |
/// | `batch` | `queue` | `100` | the most messages of one call, which then takes a `Vec` |
/// | `timezone` | `schedule` | `"Europe/Berlin"` | the time zone of the schedule; by default UTC |
/// | `scale` | `http`, `queue` | `0..=20`, `1..`, `3` | how few and how many pods |
/// | `concurrency` | `http`, `queue` | `80` | calls at the same time in one pod |
/// | `timeout` | all | `"30s"`, `"1h30m"` | how long one call may take |
/// | `memory`, `cpu` | all | `"128Mi"`, `"100m"` | what a pod gets |
/// | `sandbox` | all | `"gvisor"`, `"none"` | how a pod is isolated |
///
/// An HTTP handler takes axum's extractors and returns what axum can answer with. A queue handler
/// takes the payload or a `Message` of it, or a `Vec` of either with `batch`; like the handler of a
/// schedule, which takes nothing, it returns `()` or `Result<(), E>`.
#[proc_macro_attribute]
pub fn function(args: TokenStream, item: TokenStream) -> TokenStream {
    function::expand(args.into(), item.into()).into()
}

/// A work queue: `#[queue(max_deliveries = 5)]` on a `static ORDERS: Queue<Order>;` without a value.
///
/// | key | value | what it says |
/// | --- | --- | --- |
/// | `name` | `"orders"` | its name; by default the identifier in lower case with `-` for `_` |
/// | `max_deliveries` | `5` | deliveries before a message counts as failed |
/// | `ack_wait` | `"30s"` | how long one delivery may take before the next one |
/// | `dead_letter` | `true` | whether failed messages are kept |
/// | `dedupe` | `"2m"` | how long `send_once` remembers a key |
/// | `max_age` | `"7d"` | how long a message is kept at the most |
#[proc_macro_attribute]
pub fn queue(args: TokenStream, item: TokenStream) -> TokenStream {
    resource::expand_queue(args.into(), item.into()).into()
}

/// A cache: `#[cache(ttl = "10m")]` on a `static PRICES: Cache<Sku, Price>;` without a value.
///
/// | key | value | what it says |
/// | --- | --- | --- |
/// | `name` | `"prices"` | its name; by default the identifier in lower case with `-` for `_` |
/// | `ttl` | `"10m"` | how long an entry lives |
#[proc_macro_attribute]
pub fn cache(args: TokenStream, item: TokenStream) -> TokenStream {
    resource::expand_cache(args.into(), item.into()).into()
}

/// A test in a world of its own: `#[cloudc::test]` on an `async fn` that takes the `World`, or nothing.
/// It needs the feature `test`, for `[dev-dependencies]`.
///
/// | key | value | what it says |
/// | --- | --- | --- |
/// | `seed` | `7` | what every choice of its world follows from; by default it follows from the test's name |
/// | `start` | `"2026-03-28T00:00:00Z"` | when its world starts |
///
/// It becomes a plain `#[test]`, so `#[should_panic]`, `#[ignore]` and `#[cfg(…)]` work. The function
/// returns `()` or a `Result<(), E>`; one that uses `?` and says nothing of what it returns is taken to
/// return any error.
#[proc_macro_attribute]
pub fn test(args: TokenStream, item: TokenStream) -> TokenStream {
    testing::expand_test(args.into(), item.into()).into()
}

/// A test in many worlds, each with other faults and another order of things:
/// `#[cloudc::simulate(runs = 1000)]` on an `async fn` that takes the `World`. It needs the feature
/// `test`, for `[dev-dependencies]`.
///
/// | key | value | what it says |
/// | --- | --- | --- |
/// | `runs` | `1000` | how many worlds; by default 100 |
/// | `seed` | `7` | the first world's seed |
/// | `start` | `"2026-03-28T00:00:00Z"` | when each world starts |
///
/// For the rest as `#[cloudc::test]`.
#[proc_macro_attribute]
pub fn simulate(args: TokenStream, item: TokenStream) -> TokenStream {
    testing::expand_simulate(args.into(), item.into()).into()
}

/// `#[cloudc::test]` where the feature is off.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn test_without_feature(_: TokenStream, item: TokenStream) -> TokenStream {
    testing::without_feature(Attribute::Test, &item.into()).into()
}

/// `#[cloudc::simulate]` where the feature is off.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn simulate_without_feature(_: TokenStream, item: TokenStream) -> TokenStream {
    testing::without_feature(Attribute::Simulate, &item.into()).into()
}
