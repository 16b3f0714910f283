//! Whether messages can be delivered as the queue promises.

use super::ident;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::graph::{Graph, Queue, Trigger};
use crate::text::duration;

pub(super) fn check(graph: &Graph, found: &mut Vec<Diagnostic>) {
    found.extend(graph.queues.iter().filter_map(loses_messages));
    found.extend(beyond_ack_wait(graph));
}

/// The first failure is the last where there is one delivery, and nothing keeps what failed.
fn loses_messages(queue: &Queue) -> Option<Diagnostic> {
    let once = queue
        .max_deliveries
        .as_ref()
        .filter(|set| set.value <= 1 && !queue.dead_letter)?;
    let name = ident(&queue.path);
    Some(
        Diagnostic::warning(
            codes::LOSES_MESSAGES,
            format!("the queue {name} loses a message the first time its handler fails"),
        )
        .at(once.span, "delivered once, and kept nowhere")
        .help("write `dead_letter = true` to keep what failed, or allow more deliveries"),
    )
}

/// A handler that is still at work when the broker stops waiting gets its message a second time.
fn beyond_ack_wait(graph: &Graph) -> impl Iterator<Item = Diagnostic> {
    graph.functions.iter().filter_map(|function| {
        let Trigger::Queue { queue, .. } = function.trigger else {
            return None;
        };
        let queue = graph.queues.get(queue.0)?;
        let timeout = function.knobs.timeout.as_ref()?;
        if timeout.value < queue.ack_wait {
            return None;
        }
        let (name, handler) = (ident(&queue.path), ident(&function.path));
        let (takes, waits) = (duration(timeout.value), duration(queue.ack_wait));
        Some(
            Diagnostic::error(
                codes::TIMEOUT_BEYOND_ACK_WAIT,
                format!(
                    "`{handler}` may take {takes}, and the queue {name} waits for {waits} before it \
                     delivers again"
                ),
            )
            .at(timeout.span, "the handler's timeout")
            .at(queue.ack_wait_span, format!("the ack wait is {waits}"))
            .help(format!(
                "make the timeout less than {waits}, or give the queue a longer `ack_wait`, such as \
                 \"{}\"",
                duration(timeout.value * 2)
            )),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::App;

    #[test]
    fn a_timeout_beyond_the_ack_wait() {
        let mut app = App::new();
        let orders = app.queue("ORDERS");
        let place = app.http("shop", "place_order", "POST", "/orders");
        app.sends(place, orders);
        let charge = app.consumer("charge", orders);
        app.timeout(charge, 30);
        insta::assert_snapshot!(app.report(), @r#"
        error CC312: `charge` may take 30s, and the queue ORDERS waits for 30s before it delivers again
          [30s] the handler's timeout
          [ORDERS] the ack wait is 30s
          help: make the timeout less than 30s, or give the queue a longer `ack_wait`, such as "1m"
        "#);
    }

    #[test]
    fn a_timeout_within_the_ack_wait() {
        let mut app = App::new();
        let orders = app.queue("ORDERS");
        let place = app.http("shop", "place_order", "POST", "/orders");
        app.sends(place, orders);
        let charge = app.consumer("charge", orders);
        app.timeout(charge, 29);
        assert_eq!(app.report(), "");
    }

    #[test]
    fn one_delivery_and_no_dead_letter() {
        for (deliveries, dead_letter, fine) in
            [(1, false, false), (1, true, true), (2, false, true)]
        {
            let mut app = App::new();
            let orders = app.queue("ORDERS");
            let place = app.http("shop", "place_order", "POST", "/orders");
            app.sends(place, orders);
            app.consumer("charge", orders);
            let setting = app.set(&deliveries.to_string(), deliveries);
            app.queue_mut(orders).max_deliveries = setting;
            app.queue_mut(orders).dead_letter = dead_letter;
            if fine {
                assert_eq!(app.report(), "");
            } else {
                insta::assert_snapshot!(app.report(), @r"
                warning CC313: the queue ORDERS loses a message the first time its handler fails
                  [1] delivered once, and kept nowhere
                  help: write `dead_letter = true` to keep what failed, or allow more deliveries
                ");
            }
        }
    }
}
