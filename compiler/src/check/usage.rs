//! Who uses a resource: each queue has one consumer and somebody who sends, each cache a user.

use super::{ident, list};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::graph::{Function, Graph, Operation, Queue, Resource, Trigger};

/// Two consumers of a queue are a mistake in any case: a work-queue stream of NATS JetStream takes
/// one unfiltered consumer only (error 10099). The rest is said of complete graphs only.
pub(super) fn check(graph: &Graph, complete: bool, found: &mut Vec<Diagnostic>) {
    let mut consumers: Vec<Vec<&Function>> = vec![Vec::new(); graph.queues.len()];
    for function in &graph.functions {
        if let Trigger::Queue { queue, .. } = function.trigger {
            consumers[queue.0].push(function);
        }
    }
    for (queue, consumers) in graph.queues.iter().zip(&consumers) {
        if consumers.len() > 1 {
            found.push(two_consumers(queue, consumers));
        }
    }
    if !complete {
        return;
    }

    let mut sent = vec![false; graph.queues.len()];
    let mut used = vec![false; graph.caches.len()];
    for edge in &graph.edges {
        match edge.resource {
            Resource::Queue(queue) => sent[queue.0] |= edge.operation == Operation::Send,
            Resource::Cache(cache) => used[cache.0] = true,
        }
    }
    for ((queue, consumers), sent) in graph.queues.iter().zip(&consumers).zip(sent) {
        found.extend(queue_usage(queue, consumers.first().copied(), sent));
    }
    for (cache, used) in graph.caches.iter().zip(used) {
        if !used {
            let name = ident(&cache.path);
            found.push(
                Diagnostic::warning(codes::UNUSED, format!("nobody uses the cache {name}"))
                    .at(cache.span, "no function reads or writes it")
                    .help(format!(
                        "remove it, or call `{name}.get(..)` in a function or in what it calls"
                    )),
            );
        }
    }
}

fn two_consumers(queue: &Queue, consumers: &[&Function]) -> Diagnostic {
    let name = ident(&queue.path);
    let functions: Vec<_> = consumers
        .iter()
        .map(|function| format!("`{}`", ident(&function.path)))
        .collect();
    let count = match consumers.len() {
        2 => "two consumers".to_owned(),
        more => format!("{more} consumers"),
    };
    let mut diagnostic = Diagnostic::error(
        codes::TWO_CONSUMERS,
        format!("the queue {name} has {count}: {}", list(&functions)),
    );
    for (function, name) in consumers.iter().zip(&functions) {
        diagnostic = diagnostic.at(function.trigger_span, format!("{name} consumes it"));
    }
    diagnostic.at(queue.span, "the queue").help(
        "each message goes to one consumer: do both in one function, or send to a second queue and \
         consume that one",
    )
}

fn queue_usage(queue: &Queue, consumer: Option<&Function>, sent: bool) -> Option<Diagnostic> {
    let name = ident(&queue.path);
    match (consumer, sent) {
        (Some(_), true) => None,
        (Some(function), false) => Some(
            Diagnostic::warning(
                codes::NEVER_SENT,
                format!("nobody sends to the queue {name}"),
            )
            .at(
                function.trigger_span,
                format!("`{}` waits for it", ident(&function.path)),
            )
            .at(queue.span, "the queue")
            .help(format!(
                "call `{name}.send(..)` in a function or in what it calls; if something \
                     outside of this application sends, this is as it should be"
            )),
        ),
        (None, true) => Some(
            Diagnostic::warning(
                codes::NEVER_CONSUMED,
                format!("nobody consumes the queue {name}"),
            )
            .at(queue.span, "messages are sent to it, and stay")
            .help(format!("add a function with `#[function(queue = {name})]`")),
        ),
        (None, false) => Some(
            Diagnostic::warning(codes::UNUSED, format!("nobody uses the queue {name}"))
                .at(queue.span, "no function sends to it or consumes it")
                .help(format!(
                    "remove it, or call `{name}.send(..)` in one function and give another \
                     `#[function(queue = {name})]`"
                )),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Target;
    use super::super::testing::App;

    #[test]
    fn two_consumers() {
        let mut app = App::new();
        let orders = app.queue("ORDERS");
        let place = app.http("shop", "place_order", "POST", "/orders");
        app.sends(place, orders);
        app.consumer("charge", orders);
        app.consumer("mail::confirm", orders);
        insta::assert_snapshot!(app.report(), @r"
        error CC305: the queue ORDERS has two consumers: `charge` and `confirm`
          [ORDERS] `charge` consumes it
          [ORDERS] `confirm` consumes it
          [ORDERS] the queue
          help: each message goes to one consumer: do both in one function, or send to a second queue and consume that one
        ");
    }

    #[test]
    fn never_consumed_never_sent_never_used() {
        let mut app = App::new();
        let orders = app.queue("ORDERS");
        let returns = app.queue("RETURNS");
        app.queue("IDEAS");
        app.cache("PRICES");
        let place = app.http("shop", "place_order", "POST", "/orders");
        app.sends(place, orders);
        app.consumer("refund", returns);
        insta::assert_snapshot!(app.report(), @r"
        warning CC306: nobody consumes the queue ORDERS
          [ORDERS] messages are sent to it, and stay
          help: add a function with `#[function(queue = ORDERS)]`
        warning CC308: nobody uses the queue IDEAS
          [IDEAS] no function sends to it or consumes it
          help: remove it, or call `IDEAS.send(..)` in one function and give another `#[function(queue = IDEAS)]`
        warning CC308: nobody uses the cache PRICES
          [PRICES] no function reads or writes it
          help: remove it, or call `PRICES.get(..)` in a function or in what it calls
        warning CC307: nobody sends to the queue RETURNS
          [RETURNS] `refund` waits for it
          [RETURNS] the queue
          help: call `RETURNS.send(..)` in a function or in what it calls; if something outside of this application sends, this is as it should be
        ");
    }

    #[test]
    fn nothing_is_said_of_an_incomplete_graph() {
        let mut app = App::new();
        app.queue("IDEAS");
        app.cache("PRICES");
        assert_eq!(app.report_for(Target::Knative, false), "");
    }
}
