//! Which column a thing stands in: functions in the even ones, queues and caches in the odd ones.

use std::collections::{BTreeSet, VecDeque};

use super::super::links::{Link, Meaning};
use crate::graph::{CacheId, Graph, Resource, Trigger};

/// The column of each function, queue and cache, by their ids.
pub(super) struct Columns {
    pub(super) functions: Vec<usize>,
    pub(super) queues: Vec<usize>,
    pub(super) caches: Vec<usize>,
}

/// What comes from outside stands first; a consumer stands two columns behind the last function
/// that sends to its queue, and the queue between them. A cache stands where its lines are short.
pub(super) fn columns(graph: &Graph, links: &[Link]) -> Columns {
    let senders = senders(graph, links);
    let functions = functions(graph, &senders);
    let mut queues: Vec<usize> = (senders.iter())
        .map(|senders| 1 + last(senders, &functions))
        .collect();
    for link in links {
        if let (Meaning::Triggers, Resource::Queue(queue)) = (link.meaning, link.resource) {
            queues[queue.0] = functions[link.function.0] - 1;
        }
    }
    let caches = caches(graph, links, &functions);
    Columns {
        functions,
        queues,
        caches,
    }
}

/// The functions that send to each queue.
fn senders(graph: &Graph, links: &[Link]) -> Vec<Vec<usize>> {
    let mut senders = vec![Vec::new(); graph.queues.len()];
    for link in links {
        if let (Meaning::Sends, Resource::Queue(queue)) = (link.meaning, link.resource) {
            senders[queue.0].push(link.function.0);
        }
    }
    senders
}

fn last(functions: &[usize], columns: &[usize]) -> usize {
    let columns = functions.iter().map(|function| columns[*function]);
    columns.max().unwrap_or(0)
}

/// Longest paths, by Kahn's method. A message loop has no first function: the one with the lowest
/// id is taken as such, and the lines back to it run from right to left.
fn functions(graph: &Graph, senders: &[Vec<usize>]) -> Vec<usize> {
    let queue_of = |function: usize| match graph.functions[function].trigger {
        Trigger::Queue { queue, .. } => Some(queue.0),
        Trigger::Http { .. } | Trigger::Schedule { .. } => None,
    };
    let mut consumers: Vec<Vec<usize>> = vec![Vec::new(); graph.functions.len()];
    let mut waiting = vec![0_usize; graph.functions.len()];
    for (function, waiting) in waiting.iter_mut().enumerate() {
        if let Some(queue) = queue_of(function) {
            *waiting = senders[queue].len();
            for sender in &senders[queue] {
                consumers[*sender].push(function);
            }
        }
    }
    let mut columns: Vec<usize> = (0..graph.functions.len())
        .map(|function| if queue_of(function).is_some() { 2 } else { 0 })
        .collect();
    let mut open: BTreeSet<usize> = (0..graph.functions.len()).collect();
    let mut ready: VecDeque<usize> = (open.iter().copied())
        .filter(|function| waiting[*function] == 0)
        .collect();
    while let Some(function) = ready.pop_front().or_else(|| open.first().copied()) {
        if !open.remove(&function) {
            continue;
        }
        for consumer in &consumers[function] {
            if open.contains(consumer) {
                columns[*consumer] = columns[*consumer].max(columns[function] + 2);
                waiting[*consumer] -= 1;
                if waiting[*consumer] == 0 {
                    ready.push_back(*consumer);
                }
            }
        }
    }
    columns
}

/// Right of the middle one of its users: no other column makes the sum of its lines shorter.
fn caches(graph: &Graph, links: &[Link], functions: &[usize]) -> Vec<usize> {
    let mut users = vec![Vec::new(); graph.caches.len()];
    for link in links {
        if let Resource::Cache(CacheId(cache)) = link.resource {
            users[cache].push(functions[link.function.0]);
        }
    }
    let middle = |mut users: Vec<usize>| {
        users.sort_unstable();
        let middle = users.len().saturating_sub(1) / 2;
        users.get(middle).map_or(1, |column| column + 1)
    };
    users.into_iter().map(middle).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture::{self, Builder};
    use super::super::super::links::links;
    use super::*;

    fn of(graph: &Graph) -> Columns {
        columns(graph, &links(graph))
    }

    #[test]
    fn a_message_travels_to_the_right() {
        let (graph, _) = fixture::shop();
        let columns = of(&graph);
        let column = |name: &str| {
            let at = graph.functions.iter().position(|it| it.name == name);
            columns.functions[at.expect("a function of the shop")]
        };
        assert_eq!(column("place-order"), 0);
        assert_eq!(column("charge"), 2);
        assert_eq!(column("write-receipts"), 4);
        assert_eq!(columns.queues, [1, 3, 1]);
    }

    #[test]
    fn a_message_loop_still_has_columns() {
        let mut app = Builder::new("loop");
        app.queue("a", "A", 1, false);
        app.queue("b", "B", 1, false);
        let first = app.consumer("first", "a", None);
        app.uses(first, &["send b"]);
        let second = app.consumer("second", "b", None);
        app.uses(second, &["send a"]);
        let (graph, _) = app.finish();
        let columns = of(&graph);
        assert_eq!(columns.functions, [2, 4]);
        assert_eq!(columns.queues, [1, 3]);
    }
}
