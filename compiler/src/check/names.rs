//! Names that two things share. A name is what something is called in the cluster, so two of a kind
//! with one name would be one object.

use std::collections::BTreeMap;

use super::ident;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::graph::{Graph, WorkloadKind};
use crate::span::Span;

/// What the compiler itself adds to an application: the Job that makes the queues, and the bundled
/// backends with the Service for monitoring. Their objects are named `<application>-<this>`.
const OWN: [&str; 4] = ["nats", "nats-monitoring", "provision", "valkey"];

/// The broker's user for people is `<application>-<this>`. It has no objects, so the bare name is free.
const OPERATOR: &str = "operator";

/// The ServiceAccount that every namespace has. A workload's own of that name would take it over.
const DEFAULT: &str = "default";

/// A queue's failed messages are kept in a stream of this name.
fn dead_letters(queue: &str) -> String {
    format!("{queue}-dead")
}

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
        what: format!("the function `{}`", function.path),
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
    dead_letter_streams(graph, found);
    services(graph, found);
    own_names(graph, found);
    packages(graph, found);
}

/// A queue named like the stream in which another keeps its failed messages.
fn dead_letter_streams(graph: &Graph, found: &mut Vec<Diagnostic>) {
    let queues: BTreeMap<_, _> = graph
        .queues
        .iter()
        .map(|queue| (queue.name.as_str(), queue))
        .collect();
    for keeper in graph.queues.iter().filter(|queue| queue.dead_letter) {
        if let Some(queue) = queues.get(dead_letters(&keeper.name).as_str()) {
            let (name, keeper_name) = (ident(&queue.path), ident(&keeper.path));
            found.push(
                Diagnostic::error(
                    codes::NAME_COLLISION,
                    format!("the queue {name} is named like the dead letters of {keeper_name}"),
                )
                .at(queue.span, format!("`{}` is taken", queue.name))
                .at(
                    keeper.span,
                    "this queue keeps its failed messages under that name",
                )
                .help("give one of them another name: `name = \"…\"`"),
            );
        }
    }
}

/// Services share their names with consumers and schedules. Two of the latter with one name are two
/// functions with one name, of which enough has been said.
fn services(graph: &Graph, found: &mut Vec<Diagnostic>) {
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
}

fn own_names(graph: &Graph, found: &mut Vec<Diagnostic>) {
    for workload in &graph.workloads {
        let name = workload.name.as_str();
        let prefix = name.strip_prefix(graph.app.as_str());
        let suffix = prefix.and_then(|rest| rest.strip_prefix('-'));
        let own = OWN.contains(&suffix.unwrap_or(name))
            || OWN.contains(&name)
            || suffix == Some(OPERATOR);
        if own || name == DEFAULT {
            let owner = if own {
                "something that cloudc adds to every application"
            } else {
                "the ServiceAccount that every namespace has"
            };
            let rename = match workload.kind {
                WorkloadKind::Service => "service",
                WorkloadKind::Consumer | WorkloadKind::Schedule => "name",
            };
            found.push(
                Diagnostic::error(
                    codes::NAME_COLLISION,
                    format!("`{name}` is the name of {owner}"),
                )
                .at(workload.span, "this name is taken")
                .help(format!("choose another one: `{rename} = \"…\"`")),
            );
        }
    }
}

/// A package's name is the application's, or that of a service, and Cargo takes more than Kubernetes does.
fn packages(graph: &Graph, found: &mut Vec<Diagnostic>) {
    let refused = |name: &str| {
        if name.len() > cloudc_syntax::MAX_NAME {
            // `lengths` says so.
            return None;
        }
        let reason = cloudc_syntax::fault(name)?;
        let message = format!("a package gives the name `{name}`, which {reason}");
        Some(Diagnostic::error(codes::BAD_NAME, message))
    };
    if let Some(diagnostic) = refused(&graph.app) {
        found.push(diagnostic.help("give the package another name in its Cargo.toml"));
    }
    for workload in &graph.workloads {
        // All other names the grammar has read.
        if workload.kind == WorkloadKind::Service
            && workload.name != graph.app
            && let Some(diagnostic) = refused(&workload.name)
        {
            found.push(
                diagnostic
                    .at(workload.span, "runs in a service of that name")
                    .help("name the service: `service = \"…\"`"),
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
          [list] the function `shop::orders::list`
          [list] the function `shop::prices::list`
          [list] the function `shop::stock::list`
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
    fn a_queue_named_like_dead_letters() {
        for (dead_letter, wrong) in [(true, true), (false, false)] {
            let mut app = App::new();
            let orders = app.queue("ORDERS");
            let dead = app.queue("ORDERS_DEAD");
            app.queue_mut(orders).dead_letter = dead_letter;
            let place = app.http("shop", "place", "POST", "/");
            for (name, queue) in [("charge", orders), ("look", dead)] {
                app.sends(place, queue);
                app.consumer(name, queue);
            }
            if wrong {
                insta::assert_snapshot!(app.report(), @r#"
                error CC301: the queue ORDERS_DEAD is named like the dead letters of ORDERS
                  [ORDERS_DEAD] `orders-dead` is taken
                  [ORDERS] this queue keeps its failed messages under that name
                  help: give one of them another name: `name = "…"`
                "#);
            } else {
                assert_eq!(app.report(), "");
            }
        }
    }

    #[test]
    fn names_that_are_taken() {
        let mut app = App::new();
        app.http("nats", "find", "GET", "/");
        app.http("shop-valkey", "look", "GET", "/");
        app.http("shop-natural", "fine", "GET", "/");
        app.schedule("provision", "@daily", "Etc/UTC");
        app.http("shop-operator", "talk", "GET", "/");
        app.http("operator", "dial", "GET", "/");
        app.http("default", "rest", "GET", "/");
        app.http("shop-default", "more", "GET", "/");
        insta::assert_snapshot!(app.report(), @r#"
        error CC301: `nats` is the name of something that cloudc adds to every application
          [nats] this name is taken
          help: choose another one: `service = "…"`
        error CC301: `shop-valkey` is the name of something that cloudc adds to every application
          [shop-valkey] this name is taken
          help: choose another one: `service = "…"`
        error CC301: `provision` is the name of something that cloudc adds to every application
          [provision] this name is taken
          help: choose another one: `name = "…"`
        error CC301: `shop-operator` is the name of something that cloudc adds to every application
          [shop-operator] this name is taken
          help: choose another one: `service = "…"`
        error CC301: `default` is the name of the ServiceAccount that every namespace has
          [default] this name is taken
          help: choose another one: `service = "…"`
        "#);
    }

    #[test]
    fn a_package_with_a_name_that_kubernetes_refuses() {
        let mut app = App::new();
        app.rename_app("-x");
        app.http("-x", "find", "GET", "/");
        app.http("-y", "look", "GET", "/");
        insta::assert_snapshot!(app.report(), @r#"
        error CC109: a package gives the name `-x`, which does not start with a letter
          help: give the package another name in its Cargo.toml
        error CC109: a package gives the name `-y`, which does not start with a letter
          [-y] runs in a service of that name
          help: name the service: `service = "…"`
        "#);
    }

    #[test]
    fn an_http_function_may_be_named_like_its_service() {
        let mut app = App::new();
        app.http("search", "search", "GET", "/");
        assert_eq!(app.report(), "");
    }
}
