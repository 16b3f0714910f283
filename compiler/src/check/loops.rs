//! Messages that lead to themselves: queue → function → queue, and so on, back to the first queue.

use std::collections::VecDeque;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use rustc_hash::FxHashMap;

use super::ident;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::graph::{Function, Graph, Operation, Queue, Resource, Trigger};
use crate::span::Span;

/// From so many queues of a knot is a shortest loop looked for; a bound keeps the time linear.
const STARTS: usize = 16;

/// A message names no more stations than this; the labels show every one.
const NAMED: usize = 12;

/// Queues and functions as nodes; an arrow is a place in the source where a message goes on.
type Flow<'a> = DiGraph<Node<'a>, Span>;

#[derive(Clone, Copy)]
enum Node<'a> {
    Queue(&'a Queue),
    Function(&'a Function),
}

/// Reports one loop, as short a one as there is, for each set of queues that reach each other.
pub(super) fn check(graph: &Graph, found: &mut Vec<Diagnostic>) {
    let flow = flow(graph);
    let mut knots = kosaraju_scc(&flow);
    let mut knot_of = vec![0; flow.node_count()];
    for (index, knot) in knots.iter_mut().enumerate() {
        knot.sort_unstable();
        for node in knot {
            knot_of[node.index()] = index;
        }
    }
    for knot in knots {
        // The flow has queues and functions in turn, so a loop has two nodes or more.
        if knot.len() < 2 {
            continue;
        }
        let shortest = knot
            .iter()
            .filter(|node| matches!(flow[**node], Node::Queue(_)))
            .take(STARTS)
            .filter_map(|start| loop_through(&flow, &knot_of, *start))
            .min_by_key(Vec::len);
        found.extend(shortest.map(|hops| report(&flow, &hops)));
    }
}

fn flow(graph: &Graph) -> Flow<'_> {
    let mut flow = Flow::new();
    let queues: Vec<_> = graph
        .queues
        .iter()
        .map(|queue| flow.add_node(Node::Queue(queue)))
        .collect();
    let functions: Vec<_> = graph
        .functions
        .iter()
        .map(|function| flow.add_node(Node::Function(function)))
        .collect();
    for (function, node) in graph.functions.iter().zip(&functions) {
        if let Trigger::Queue { queue, .. } = function.trigger {
            flow.add_edge(queues[queue.0], *node, function.trigger_span);
        }
    }
    for edge in &graph.edges {
        if let (Resource::Queue(queue), Operation::Send) = (edge.resource, edge.operation) {
            let (from, to) = (functions[edge.function.0], queues[queue.0]);
            let function = &graph.functions[edge.function.0];
            let place = edge.chain.last().map_or(function.span, |step| step.span);
            flow.add_edge(from, to, place);
        }
    }
    flow
}

/// A shortest way from a node back to itself, as the arrows' starts and places: breadth first, within
/// the node's own knot.
fn loop_through(
    flow: &Flow<'_>,
    knot_of: &[usize],
    start: NodeIndex,
) -> Option<Vec<(NodeIndex, Span)>> {
    let mut came_from = FxHashMap::default();
    let mut next = VecDeque::from([start]);
    while let Some(node) = next.pop_front() {
        for arrow in flow.edges(node) {
            let to = arrow.target();
            if knot_of[to.index()] == knot_of[start.index()] && !came_from.contains_key(&to) {
                came_from.insert(to, (node, *arrow.weight()));
                next.push_back(to);
            }
        }
        if came_from.contains_key(&start) {
            break;
        }
    }
    let mut hops = Vec::new();
    let mut at = start;
    loop {
        let (from, place) = *came_from.get(&at)?;
        hops.push((from, place));
        at = from;
        if at == start {
            break;
        }
    }
    hops.reverse();
    Some(hops)
}

fn report(flow: &Flow<'_>, hops: &[(NodeIndex, Span)]) -> Diagnostic {
    let name = |node: NodeIndex| match flow[node] {
        Node::Queue(queue) => ident(&queue.path).to_owned(),
        Node::Function(function) => format!("`{}`", ident(&function.path)),
    };
    let nodes: Vec<_> = hops.iter().map(|(from, _)| name(*from)).collect();
    let mut path = nodes[..nodes.len().min(NAMED)].join(" → ");
    if nodes.len() > NAMED {
        path += &format!(" → ({} more)", nodes.len() - NAMED);
    }
    let mut diagnostic = Diagnostic::error(
        codes::MESSAGE_LOOP,
        format!("a message can go round for ever: {path} → {}", nodes[0]),
    );
    for (index, (from, place)) in hops.iter().enumerate() {
        let to = &nodes[(index + 1) % nodes.len()];
        let text = match flow[*from] {
            Node::Queue(queue) => format!("{to} takes from {}", ident(&queue.path)),
            Node::Function(_) => format!("{} sends to {to}", nodes[index]),
        };
        diagnostic = diagnostic.at(*place, text);
    }
    diagnostic.help(
        "to try a message again, return an error: it is delivered again; to go on in steps, send to a \
         queue that does not lead back here",
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::App;

    #[test]
    fn a_function_that_sends_to_its_own_queue() {
        let mut app = App::new();
        let orders = app.queue("ORDERS");
        let charge = app.consumer("charge", orders);
        app.sends(charge, orders);
        insta::assert_snapshot!(app.report(), @r"
        error CC314: a message can go round for ever: ORDERS → `charge` → ORDERS
          [ORDERS] `charge` takes from ORDERS
          [ORDERS.send] `charge` sends to ORDERS
          help: to try a message again, return an error: it is delivered again; to go on in steps, send to a queue that does not lead back here
        ");
    }

    #[test]
    fn the_shortest_loop_of_a_knot() {
        let mut app = App::new();
        let (a, b, c) = (app.queue("A"), app.queue("B"), app.queue("C"));
        let from_a = app.consumer("from_a", a);
        let from_b = app.consumer("from_b", b);
        let from_c = app.consumer("from_c", c);
        app.sends(from_a, b);
        app.sends(from_b, c);
        app.sends(from_c, a);
        app.sends(from_c, b);
        insta::assert_snapshot!(app.report(), @r"
        error CC314: a message can go round for ever: B → `from_b` → C → `from_c` → B
          [B] `from_b` takes from B
          [C.send] `from_b` sends to C
          [C] `from_c` takes from C
          [B.send] `from_c` sends to B
          help: to try a message again, return an error: it is delivered again; to go on in steps, send to a queue that does not lead back here
        ");
    }

    #[test]
    fn two_loops_that_do_not_meet_are_two_mistakes() {
        let mut app = App::new();
        for name in ["A", "B"] {
            let queue = app.queue(name);
            let function = app.consumer(&format!("from_{name}"), queue);
            app.sends(function, queue);
        }
        assert_eq!(app.report().matches("CC314").count(), 2);
    }

    #[test]
    fn a_diamond_is_no_loop() {
        let mut app = App::new();
        let (a, b, c) = (app.queue("A"), app.queue("B"), app.queue("C"));
        let start = app.http("shop", "start", "POST", "/");
        let from_a = app.consumer("from_a", a);
        let from_b = app.consumer("from_b", b);
        app.consumer("from_c", c);
        app.sends(start, a);
        app.sends(from_a, b);
        app.sends(from_a, c);
        app.sends(from_b, c);
        assert_eq!(app.report(), "");
    }
}
