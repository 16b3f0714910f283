//! Names that two things share. A name is what something is called in the cluster, so two of a kind
//! with one name would be one object.

use std::collections::BTreeMap;

use super::ident;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::graph::{Graph, WorkloadKind};
use crate::span::Span;

/// The names of the objects that the compiler itself adds to an application: the Job that makes the
/// queues, and the bundled backends.
const RESERVED: [&str; 3] = ["nats", "provision", "valkey"];

/// Something with a name.
struct Named<'a> {
    name: &'a str,
    span: Span,
    /// How a label calls it.
    what: String,
}

pub(super) fn check(graph: &Graph, found: &mut Vec<Diagnostic>) {
    let functions = graph.functions.iter().map(|function| Named {
        name: &function.name,
        span: function.span,
        what: format!("the function `{}`", ident(&function.path)),
    });
    let queues = graph.queues.iter().map(|queue| Named {
        name: &queue.name,
        span: queue.span,
        what: format!("the queue {}", ident(&queue.path)),
    });
    let caches = graph.caches.iter().map(|cache| Named {
        name: &cache.name,
        span: cache.span,
        what: format!("the cache {}", ident(&cache.path)),
    });
    collisions("functions", functions, found);
    collisions("queues", queues, found);
    collisions("caches", caches, found);
    workloads(graph, found);
}

/// Services share their names with consumers and schedules. Two of the latter with one name are two
/// functions with one name, of which enough has been said.
fn workloads(graph: &Graph, found: &mut Vec<Diagnostic>) {
    let named = |service: bool| {
        let of_kind = move |kind| (kind == WorkloadKind::Service) == service;
        graph
            .workloads
            .iter()
            .filter(move |workload| of_kind(workload.kind))
    };
    let services: BTreeMap<_, _> = named(true)
        .map(|service| (service.name.as_str(), service.span))
        .collect();
    for workload in named(false) {
        if let Some(service) = services.get(workload.name.as_str()) {
            let name = &workload.name;
            found.push(
                Diagnostic::error(
                    codes::NAME_COLLISION,
                    format!("a function and a service are both deployed as `{name}`"),
                )
                .at(workload.span, "this function is deployed by itself")
                .at(*service, "the service")
                .help("give the function another name: `name = \"…\"`"),
            );
        }
    }
    for workload in &graph.workloads {
        let name = workload.name.as_str();
        if RESERVED.contains(&name) {
            let rename = match workload.kind {
                WorkloadKind::Service => "service",
                WorkloadKind::Consumer | WorkloadKind::Schedule => "name",
            };
            found.push(
                Diagnostic::error(
                    codes::NAME_COLLISION,
                    format!(
                        "`{name}` is the name of something that cloudc adds to every application"
                    ),
                )
                .at(workload.span, "this name is taken")
                .help(format!("choose another one: `{rename} = \"…\"`")),
            );
        }
    }
}

fn collisions<'a>(
    kind: &str,
    things: impl Iterator<Item = Named<'a>>,
    found: &mut Vec<Diagnostic>,
) {
    let mut by_name: BTreeMap<&str, Vec<Named<'a>>> = BTreeMap::new();
    for thing in things {
        by_name.entry(thing.name).or_default().push(thing);
    }
    for (name, things) in by_name {
        if things.len() < 2 {
            continue;
        }
        let count = match things.len() {
            2 => "two".to_owned(),
            more => more.to_string(),
        };
        let message = format!("{count} {kind} have the name `{name}`");
        let mut diagnostic = Diagnostic::error(codes::NAME_COLLISION, message)
            .help("give all but one another name: `name = \"…\"`");
        for thing in things {
            diagnostic = diagnostic.at(thing.span, thing.what);
        }
        found.push(diagnostic);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::App;

    #[test]
    fn functions_of_two_modules_with_one_name() {
        let mut app = App::new();
        app.http("shop", "orders::list", "GET", "/orders");
        app.http("shop", "prices::list", "GET", "/prices");
        app.http("shop", "stock::list", "GET", "/stock");
        insta::assert_snapshot!(app.report(), @r#"
        error CC301: 3 functions have the name `list`
          [list] the function `list`
          [list] the function `list`
          [list] the function `list`
          help: give all but one another name: `name = "…"`
        "#);
    }

    #[test]
    fn two_queues_and_two_caches_with_one_name() {
        let mut app = App::new();
        let first = app.queue("a::ORDERS");
        let second = app.queue("b::ORDERS");
        for (handler, queue) in [("one", first), ("two", second)] {
            app.consumer(handler, queue);
            let sender = app.http(
                "shop",
                &format!("send_{handler}"),
                "POST",
                &format!("/{handler}"),
            );
            app.sends(sender, queue);
            let cache = app.cache(&format!("{handler}::PRICES"));
            app.reads(sender, cache);
        }
        insta::assert_snapshot!(app.report(), @r#"
        error CC301: two queues have the name `orders`
          [ORDERS] the queue ORDERS
          [ORDERS] the queue ORDERS
          help: give all but one another name: `name = "…"`
        error CC301: two caches have the name `prices`
          [PRICES] the cache PRICES
          [PRICES] the cache PRICES
          help: give all but one another name: `name = "…"`
        "#);
    }

    #[test]
    fn a_queue_and_a_cache_may_share_a_name() {
        let mut app = App::new();
        let queue = app.queue("a::ORDERS");
        let cache = app.cache("b::ORDERS");
        let handler = app.consumer("charge", queue);
        app.reads(handler, cache);
        let place = app.http("shop", "orders", "POST", "/orders");
        app.sends(place, queue);
        assert_eq!(app.report(), "");
    }

    #[test]
    fn a_service_and_a_schedule_with_one_name() {
        let mut app = App::new();
        app.http("search", "find", "GET", "/");
        app.schedule("search", "@daily", "Etc/UTC");
        insta::assert_snapshot!(app.report(), @r#"
        error CC301: a function and a service are both deployed as `search`
          [search] this function is deployed by itself
          [search] the service
          help: give the function another name: `name = "…"`
        "#);
    }

    #[test]
    fn names_that_are_taken() {
        let mut app = App::new();
        app.http("nats", "find", "GET", "/");
        app.schedule("provision", "@daily", "Etc/UTC");
        insta::assert_snapshot!(app.report(), @r#"
        error CC301: `nats` is the name of something that cloudc adds to every application
          [nats] this name is taken
          help: choose another one: `service = "…"`
        error CC301: `provision` is the name of something that cloudc adds to every application
          [provision] this name is taken
          help: choose another one: `name = "…"`
        "#);
    }

    #[test]
    fn an_http_function_may_be_named_like_its_service() {
        let mut app = App::new();
        app.http("search", "search", "GET", "/");
        assert_eq!(app.report(), "");
    }
}
