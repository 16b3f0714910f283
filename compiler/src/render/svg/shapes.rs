//! The boxes and their words, before they have a place from left to right.

use super::super::words;
use super::layout::{Kind, LARGE, MARGIN, SMALL, Shape, TITLE};
use super::net::{Cell, Net, Thing};
use super::text::{shorten, width};
use crate::graph::{CacheId, FunctionId, Graph, QueueId, Trigger, WorkloadKind};

const WIDEST: f64 = 250.0;
/// Bold text is as wide as plain text of this size.
const BOLD: f64 = LARGE + 1.0;

/// A cell's box, as wide as its own words; nothing for a bend.
pub(super) fn shape(graph: &Graph, cell: &Cell, middle: f64) -> Option<Shape> {
    let (kind, name, second, doc) = match cell.thing {
        Thing::Bend => return None,
        Thing::Function(FunctionId(id)) => {
            let function = &graph.functions[id];
            let workload = &graph.workloads[function.workload.0];
            let second = match workload.kind {
                WorkloadKind::Service => String::new(),
                WorkloadKind::Consumer | WorkloadKind::Schedule => {
                    let mut words = words::limits(workload);
                    words.truncate(3);
                    if let Trigger::Queue {
                        batch: Some(batch), ..
                    } = &function.trigger
                    {
                        words[2] = format!("{} a call", batch.value);
                    }
                    words.join(" · ")
                }
            };
            (Kind::Function, &function.name, second, &function.doc)
        }
        Thing::Queue(QueueId(id)) => {
            let queue = &graph.queues[id];
            let mut words = vec![queue.payload.clone()];
            if queue.dead_letter {
                words.push("dead letter".to_owned());
            }
            (Kind::Queue, &queue.name, words.join(" · "), &queue.doc)
        }
        Thing::Cache(CacheId(id)) => {
            let cache = &graph.caches[id];
            (
                Kind::Cache,
                &cache.name,
                words::cache(cache).join(" · "),
                &cache.doc,
            )
        }
    };
    Some(Shape {
        top: middle - cell.height / 2.0,
        height: cell.height,
        ..labelled(kind, name, &second, doc)
    })
}

/// A box without a place, wide enough for its words.
fn labelled(kind: Kind, first: &str, second: &str, doc: &str) -> Shape {
    let icon = match kind {
        Kind::Queue | Kind::Cache | Kind::Clock => 24.0,
        Kind::Service | Kind::Function | Kind::Request => 0.0,
    };
    let words = width(first, BOLD).max(width(second, SMALL)).min(WIDEST);
    let tooltip = [first, second, doc]
        .into_iter()
        .filter(|text| !text.is_empty());
    Shape {
        kind,
        left: 0.0,
        top: 0.0,
        width: words + icon + 28.0,
        height: 0.0,
        first: shorten(first, BOLD, WIDEST),
        second: shorten(second, SMALL, WIDEST),
        tooltip: tooltip.collect::<Vec<_>>().join(" — "),
    }
}

/// The requests and clocks, each with the cell of its function.
pub(super) fn triggers(graph: &Graph, net: &Net, middles: &[f64]) -> Vec<(usize, Shape)> {
    let mut triggers = Vec::new();
    for (index, cell) in net.cells.iter().enumerate() {
        let Thing::Function(FunctionId(id)) = cell.thing else {
            continue;
        };
        let (kind, first, second) = match &graph.functions[id].trigger {
            Trigger::Queue { .. } => continue,
            Trigger::Http { method, path } => {
                (Kind::Request, format!("{method} {path}"), String::new())
            }
            Trigger::Schedule { cron, timezone } => {
                let zone = timezone.value.trim_start_matches("Etc/");
                (Kind::Clock, cron.clone(), zone.to_owned())
            }
        };
        let height = if second.is_empty() { 30.0 } else { 42.0 };
        let shape = Shape {
            top: MARGIN + TITLE + middles[index] - height / 2.0,
            height,
            ..labelled(kind, &first, &second, "")
        };
        triggers.push((index, shape));
    }
    triggers
}
