//! Routes of one service that cannot stand side by side.
//!
//! A service's routes are those of one axum router, and axum asks `matchit`. So does this check, in
//! axum's own version of it: `/orders/new` beside `/orders/{id}` is fine (the more exact one wins),
//! two names for one parameter are not.

use std::collections::BTreeMap;

use matchit::{InsertError, Router};

use super::ident;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::graph::{Function, Graph, Trigger, Workload, WorkloadKind};

/// Where the runtime answers probes.
const RESERVED: &str = "/.cloudc";

/// A function with its route.
#[derive(Clone, Copy)]
struct Route<'a> {
    function: &'a Function,
    method: &'a str,
    path: &'a str,
}

pub(super) fn check(graph: &Graph, found: &mut Vec<Diagnostic>) {
    for workload in &graph.workloads {
        if workload.kind == WorkloadKind::Service {
            service(graph, workload, found);
        }
    }
}

fn service(graph: &Graph, workload: &Workload, found: &mut Vec<Diagnostic>) {
    let mut router = Router::new();
    let mut known: BTreeMap<&str, Vec<Route<'_>>> = BTreeMap::new();
    for id in &workload.functions {
        let Some(function) = graph.functions.get(id.0) else {
            continue;
        };
        let Trigger::Http { method, path } = &function.trigger else {
            continue;
        };
        let route = Route {
            function,
            method,
            path,
        };
        if is_reserved(path) {
            found.push(reserved(route));
        }
        if let Some(same_path) = known.get_mut(path.as_str()) {
            match same_path.iter().find(|other| other.method == method) {
                Some(other) => found.push(overlap(*other, route)),
                None => same_path.push(route),
            }
            continue;
        }
        match router.insert(path.as_str(), ()) {
            Ok(()) => {
                known.insert(path, vec![route]);
            }
            Err(InsertError::Conflict { with }) => {
                let others = known.get(with.as_str());
                let others = others.or_else(|| known.values().find(|other| conflict(other, route)));
                found.extend(others.and_then(|others| clash(others, route)));
            }
            Err(other) => found.push(no_route(route, &other)),
        }
    }
}

/// Whether two paths conflict. `matchit` does not always name a path that it was given.
fn conflict(others: &[Route<'_>], route: Route<'_>) -> bool {
    let mut router = Router::new();
    others
        .first()
        .is_some_and(|other| router.insert(other.path, ()).is_ok())
        && router.insert(route.path, ()).is_err()
}

fn is_reserved(path: &str) -> bool {
    let rest = path.strip_prefix(RESERVED);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A route beside one of another path that its path conflicts with: one of its own method if there is one.
fn clash(others: &[Route<'_>], route: Route<'_>) -> Option<Diagnostic> {
    match others.iter().find(|other| other.method == route.method) {
        Some(other) => Some(overlap(*other, route)),
        None => Some(unlike(*others.first()?, route)),
    }
}

fn overlap(first: Route<'_>, second: Route<'_>) -> Diagnostic {
    let (a, b) = (ident(&first.function.path), ident(&second.function.path));
    let method = first.method;
    let what = if first.path == second.path {
        format!("`{method} {}`", first.path)
    } else {
        format!("`{method} {}` and `{method} {}`", first.path, second.path)
    };
    Diagnostic::error(
        codes::ROUTE_OVERLAP,
        format!("the routes of `{a}` and `{b}` overlap: {what}"),
    )
    .at(
        second.function.trigger_span,
        format!("`{b}` answers it too"),
    )
    .at(first.function.trigger_span, format!("`{a}` answers it"))
    .help("change one route, or move one function to a service of its own: `service = \"…\"`")
}

fn unlike(first: Route<'_>, second: Route<'_>) -> Diagnostic {
    let (a, b) = (ident(&first.function.path), ident(&second.function.path));
    Diagnostic::error(
        codes::ROUTE_OVERLAP,
        format!(
            "`{a}` and `{b}` write one path in two ways: `{}` and `{}`",
            first.path, second.path
        ),
    )
    .at(
        second.function.trigger_span,
        format!("`{b}` writes it like this"),
    )
    .at(
        first.function.trigger_span,
        format!("`{a}` writes it like this"),
    )
    .help(format!(
        "give the parameters the same names in both, such as `{} {}`",
        second.method, first.path
    ))
}

fn reserved(route: Route<'_>) -> Diagnostic {
    Diagnostic::error(
        codes::ROUTE_OVERLAP,
        format!(
            "`{}` is the runtime's own: it answers all of `{RESERVED}`",
            route.path
        ),
    )
    .at(route.function.trigger_span, "this route is taken")
    .help("choose another path")
}

fn no_route(route: Route<'_>, why: &InsertError) -> Diagnostic {
    Diagnostic::error(codes::BAD_ROUTE, format!("`{}` is no route", route.path))
        .at(route.function.trigger_span, why.to_string().to_lowercase())
        .help("write parameters as `/{name}`, and the rest of a path as `/{*rest}` at its end")
}

#[cfg(test)]
mod tests {
    use super::super::testing::App;

    fn report(routes: &[&str]) -> String {
        let mut app = App::new();
        for (route, name) in routes.iter().zip(["one", "two", "three", "four", "five"]) {
            let (method, path) = route.split_once(' ').expect("a method and a path");
            app.http("shop", name, method, path);
        }
        app.report()
    }

    #[test]
    fn routes_that_stand_side_by_side() {
        assert_eq!(
            report(&["GET /orders", "POST /orders", "GET /orders/{id}"]),
            ""
        );
        assert_eq!(
            report(&["GET /orders/new", "GET /orders/{id}", "PUT /orders/{id}"]),
            ""
        );
        assert_eq!(
            report(&[
                "GET /",
                "GET /{*rest}",
                "GET /.cloudctl",
                "GET /.well-known/x"
            ]),
            ""
        );
    }

    #[test]
    fn one_route_twice() {
        insta::assert_snapshot!(report(&["GET /orders", "GET /orders"]), @r#"
        error CC303: the routes of `one` and `two` overlap: `GET /orders`
          [GET /orders] `two` answers it too
          [GET /orders] `one` answers it
          help: change one route, or move one function to a service of its own: `service = "…"`
        "#);
    }

    #[test]
    fn one_route_with_two_names_for_its_parameter() {
        insta::assert_snapshot!(report(&["GET /orders/{id}", "GET /orders/{order}"]), @r#"
        error CC303: the routes of `one` and `two` overlap: `GET /orders/{id}` and `GET /orders/{order}`
          [GET /orders/{order}] `two` answers it too
          [GET /orders/{id}] `one` answers it
          help: change one route, or move one function to a service of its own: `service = "…"`
        "#);
    }

    #[test]
    fn two_methods_with_two_names_for_a_parameter() {
        insta::assert_snapshot!(report(&["GET /orders/{id}", "PUT /orders/{order}"]), @r"
        error CC303: `one` and `two` write one path in two ways: `/orders/{id}` and `/orders/{order}`
          [PUT /orders/{order}] `two` writes it like this
          [GET /orders/{id}] `one` writes it like this
          help: give the parameters the same names in both, such as `PUT /orders/{id}`
        ");
    }

    #[test]
    fn a_rest_beside_a_parameter() {
        insta::assert_snapshot!(
            report(&["GET /a/{id}/b", "GET /a/{id}/c", "GET /a/x", "GET /a/{*rest}"]),
            @r#"
        error CC303: the routes of `one` and `four` overlap: `GET /a/{id}/b` and `GET /a/{*rest}`
          [GET /a/{*rest}] `four` answers it too
          [GET /a/{id}/b] `one` answers it
          help: change one route, or move one function to a service of its own: `service = "…"`
        "#
        );
    }

    #[test]
    fn the_runtimes_own_routes() {
        insta::assert_snapshot!(report(&["GET /.cloudc", "GET /.cloudc/ready"]), @r"
        error CC303: `/.cloudc` is the runtime's own: it answers all of `/.cloudc`
          [GET /.cloudc] this route is taken
          help: choose another path
        error CC303: `/.cloudc/ready` is the runtime's own: it answers all of `/.cloudc`
          [GET /.cloudc/ready] this route is taken
          help: choose another path
        ");
    }

    #[test]
    fn what_matchit_refuses() {
        insta::assert_snapshot!(report(&["GET /{a}{b}"]), @r"
        error CC108: `/{a}{b}` is no route
          [GET /{a}{b}] only one parameter is allowed per path segment
          help: write parameters as `/{name}`, and the rest of a path as `/{*rest}` at its end
        ");
    }

    #[test]
    fn services_have_routes_of_their_own() {
        let mut app = App::new();
        app.http("shop", "one", "GET", "/");
        app.http("search", "two", "GET", "/");
        assert_eq!(app.report(), "");
    }
}
