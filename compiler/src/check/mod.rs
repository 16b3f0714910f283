//! What can be proved about a whole application before anything is written.
//!
//! One file per question; each takes the graph and adds what it found. All of them take time linear
//! in the size of the graph.

mod delivery;
mod knobs;
mod lengths;
mod limits;
mod loops;
mod names;
mod routes;
mod schedules;
mod usage;

#[cfg(test)]
mod testing;

#[cfg(test)]
pub(crate) use lengths::longest_app;

use crate::config::Target;
use crate::diagnostic::{self, Diagnostic};
use crate::graph::Graph;

/// Checks a graph. The diagnostics come in the order of the user's source.
///
/// `complete` says whether the graph holds all of the application. After a mistake in the source it
/// may not, and then nothing is said about resources that nobody uses: the user may well be missing
/// but one import.
pub fn check(graph: &Graph, target: Target, complete: bool) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    names::check(graph, &mut found);
    lengths::check(graph, target, &mut found);
    routes::check(graph, &mut found);
    knobs::check(graph, &mut found);
    limits::check(graph, target, &mut found);
    schedules::check(graph, &mut found);
    delivery::check(graph, &mut found);
    loops::check(graph, &mut found);
    usage::check(graph, complete, &mut found);
    diagnostic::sort(&mut found);
    found
}

/// What the user calls a thing: the last part of its path in Rust.
fn ident(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

/// `a`, `a and b`, `a, b and c`.
fn list(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::testing::App;
    use super::*;

    #[test]
    fn a_sound_application_has_nothing_to_say() {
        let mut app = App::new();
        let orders = app.queue("ORDERS");
        let prices = app.cache("PRICES");
        let place = app.http("shop", "place_order", "POST", "/orders");
        let charge = app.consumer("charge", orders);
        let refresh = app.schedule("refresh", "0 3 * * *", "Asia/Shanghai");
        app.sends(place, orders);
        app.reads(place, prices);
        app.reads(charge, prices);
        app.writes(refresh, prices);
        assert_eq!(app.report(), "");
    }

    #[test]
    fn an_empty_application_has_nothing_to_say() {
        assert_eq!(App::new().report(), "");
    }

    #[test]
    fn words_are_listed_as_people_do() {
        let words = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(list(&words), "a, b and c");
        assert_eq!(list(&words[..2]), "a and b");
        assert_eq!(list(&words[..1]), "a");
        assert_eq!(list(&[]), "");
    }

    #[test]
    fn ten_thousand_functions_are_no_trouble() {
        let mut app = App::new();
        let queues: Vec<_> = (0..1_000).map(|n| app.queue(&format!("Q{n}"))).collect();
        for n in 0..10_000 {
            let function = app.http("shop", &format!("f{n}"), "GET", &format!("/f{n}/{{id}}"));
            app.sends(function, queues[n % 1_000]);
        }
        // A chain through every queue, closed at its end: one loop of two thousand hops.
        for (n, queue) in queues.iter().enumerate() {
            let consumer = app.consumer(&format!("c{n}"), *queue);
            app.sends(consumer, queues[(n + 1) % 1_000]);
        }
        let (graph, _) = app.build();
        let found = check(&graph, Target::Knative, true);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].labels.len(), 2_000);
    }
}
