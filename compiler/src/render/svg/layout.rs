//! Where everything is drawn: boxes, frames around services, and the lines' points.

use super::super::links::Meaning;
use super::super::words;
use super::net::{Cell, Net, PORT_GAP, Thing};
use super::text::{shorten, width};
use crate::graph::{CacheId, FunctionId, Graph, QueueId, Trigger, WorkloadId, WorkloadKind};

/// The size of a box's first line.
pub(super) const LARGE: f64 = 13.0;
/// The size of all other text.
pub(super) const SMALL: f64 = 11.0;
/// The room between the drawing and its border.
pub(super) const MARGIN: f64 = 32.0;
/// The height of the title above the drawing.
pub(super) const TITLE: f64 = 64.0;
/// The height of the legend below the drawing.
pub(super) const LEGEND: f64 = 52.0;

const WIDEST: f64 = 250.0;
const COLUMN_GAP: f64 = 96.0;
const FRAME: f64 = 16.0;

/// Everything with its place, in pixels.
pub(super) struct Layout {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) frames: Vec<Shape>,
    pub(super) shapes: Vec<Shape>,
    pub(super) lines: Vec<Line>,
}

/// A box with its words.
pub(super) struct Shape {
    pub(super) kind: Kind,
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    /// The name.
    pub(super) first: String,
    /// A smaller line below it; may be empty.
    pub(super) second: String,
    /// What a reader sees who points at it.
    pub(super) tooltip: String,
}

/// What a box looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Service,
    Function,
    Request,
    Clock,
    Queue,
    Cache,
}

/// A line from left to right. The points come in pairs: a curve leads from the second point of a
/// pair to the first of the next, a level stretch from the first to the second.
pub(super) struct Line {
    pub(super) meaning: Meaning,
    pub(super) points: Vec<(f64, f64)>,
    /// An arrow's head at the left end.
    pub(super) head_left: bool,
    /// An arrow's head at the right end.
    pub(super) head_right: bool,
    pub(super) tooltip: String,
}

/// Gives everything its place. `middles` are the middles of the net's cells.
pub(super) fn layout(graph: &Graph, net: &Net, middles: &[f64]) -> Layout {
    let mut shapes: Vec<Option<Shape>> = (net.cells.iter().zip(middles))
        .map(|(cell, middle)| shape(graph, cell, MARGIN + TITLE + middle))
        .collect();
    let mut triggers = triggers(graph, net, middles);
    let trigger_width = widest(triggers.iter().map(|(_, shape)| shape.width));
    let columns = column_places(net, &shapes, trigger_width);
    for (cell, shape) in net.cells.iter().zip(&mut shapes) {
        if let Some(shape) = shape {
            (shape.left, shape.width) = columns[cell.column];
        }
    }
    for (_, shape) in &mut triggers {
        (shape.left, shape.width) = (MARGIN, trigger_width);
    }
    let mut lines: Vec<Line> = (triggers.iter())
        .filter_map(|(cell, from)| Some(trigger_line(from, shapes[*cell].as_ref()?)))
        .collect();
    lines.extend(wires(net, middles, &shapes, &columns));
    let frames = frames(graph, net, &shapes);
    let mut shapes: Vec<Shape> = shapes.into_iter().flatten().collect();
    shapes.extend(triggers.into_iter().map(|(_, shape)| shape));
    let right = (shapes.iter().chain(&frames)).map(|shape| shape.left + shape.width);
    let bottom = (shapes.iter().chain(&frames)).map(|shape| shape.top + shape.height);
    Layout {
        width: widest(right).max(480.0) + MARGIN,
        height: widest(bottom) + LEGEND + MARGIN,
        frames,
        shapes,
        lines,
    }
}

fn widest(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.fold(0.0, f64::max)
}

/// A cell's box, as wide as its own words; nothing for a bend.
fn shape(graph: &Graph, cell: &Cell, middle: f64) -> Option<Shape> {
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
    let words = width(first, LARGE).max(width(second, SMALL)).min(WIDEST);
    let tooltip = [first, second, doc]
        .into_iter()
        .filter(|text| !text.is_empty());
    Shape {
        kind,
        left: 0.0,
        top: 0.0,
        width: words + icon + 28.0,
        height: 0.0,
        first: shorten(first, LARGE, WIDEST),
        second: shorten(second, SMALL, WIDEST),
        tooltip: tooltip.collect::<Vec<_>>().join(" — "),
    }
}

/// The requests and clocks, each with the cell of its function.
fn triggers(graph: &Graph, net: &Net, middles: &[f64]) -> Vec<(usize, Shape)> {
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

/// The left edge and the width of the boxes of each column.
fn column_places(net: &Net, shapes: &[Option<Shape>], triggers: f64) -> Vec<(f64, f64)> {
    let mut widths = vec![40.0_f64; net.columns.len()];
    for (cell, shape) in net.cells.iter().zip(shapes) {
        if let Some(shape) = shape {
            widths[cell.column] = widths[cell.column].max(shape.width);
        }
    }
    for (column, blocks) in net.columns.iter().enumerate() {
        if blocks
            .iter()
            .any(|block| net.blocks[*block].service.is_some())
        {
            widths[column] = widths[column].max(150.0);
        }
    }
    let mut left = MARGIN + triggers + if triggers > 0.0 { 40.0 + FRAME } else { 0.0 };
    let mut places = Vec::new();
    for (column, width) in widths.into_iter().enumerate() {
        places.push((left, width));
        let lines = net.cells.iter().filter(|cell| cell.column == column);
        let lines: usize = lines.map(|cell| cell.right.len()).sum();
        // Many lines between two columns need room to stay apart.
        #[expect(clippy::cast_precision_loss, reason = "no graph has 2^52 lines")]
        let more = (lines as f64 * 3.0).min(280.0);
        left += width + COLUMN_GAP + more;
    }
    places
}

fn trigger_line(from: &Shape, to: &Shape) -> Line {
    let level = from.top + from.height / 2.0;
    Line {
        meaning: Meaning::Triggers,
        points: vec![(from.left + from.width, level), (to.left, level)],
        head_left: false,
        head_right: true,
        tooltip: format!("{} triggers {}", from.first, to.first),
    }
}

fn frames(graph: &Graph, net: &Net, shapes: &[Option<Shape>]) -> Vec<Shape> {
    let mut frames = Vec::new();
    for block in &net.blocks {
        let Some(WorkloadId(id)) = block.service else {
            continue;
        };
        let mut members = block.cells.iter().filter_map(|cell| shapes[*cell].as_ref());
        let (Some(first), Some(last)) = (members.clone().next(), members.next_back()) else {
            continue;
        };
        let workload = &graph.workloads[id];
        let mut limits = words::limits(workload);
        limits.truncate(2);
        let top = first.top - block.head;
        let room = first.width + FRAME;
        frames.push(Shape {
            kind: Kind::Service,
            left: first.left - FRAME,
            top,
            width: first.width + 2.0 * FRAME,
            height: last.top + last.height + block.foot - top,
            first: shorten(&workload.name, LARGE, room),
            second: shorten(&limits.join(" · "), SMALL, room),
            tooltip: format!(
                "service {} — {}",
                workload.name,
                words::limits(workload).join(", ")
            ),
        });
    }
    frames
}

/// The lines between functions and resources.
fn wires(
    net: &Net,
    middles: &[f64],
    shapes: &[Option<Shape>],
    columns: &[(f64, f64)],
) -> Vec<Line> {
    let ports = Ports::of(net, middles);
    let name = |cell: usize| {
        shapes[cell]
            .as_ref()
            .map_or("", |shape| shape.first.as_str())
    };
    let mut lines = Vec::new();
    for (index, wire) in net.wires.iter().enumerate() {
        let mut points = Vec::new();
        for (step, cell) in wire.path.iter().enumerate() {
            let (left, width) = columns[net.cells[*cell].column];
            let level = |offset: f64| MARGIN + TITLE + middles[*cell] + offset;
            if step > 0 {
                points.push((left, level(ports.left[index])));
            }
            if step + 1 < wire.path.len() {
                points.push((left + width, level(ports.right[index])));
            }
            if shapes[*cell].is_none() {
                let end = points.len();
                points[end - 1].1 = level(0.0);
                points[end - 2].1 = level(0.0);
            }
        }
        let to_resource = !matches!(wire.meaning, Meaning::Triggers | Meaning::Reads);
        let to_function = !matches!(wire.meaning, Meaning::Sends | Meaning::Writes);
        let (function, resource) = if wire.function_first {
            (wire.path[0], wire.path[wire.path.len() - 1])
        } else {
            (wire.path[wire.path.len() - 1], wire.path[0])
        };
        let words = wire.meaning.words();
        lines.push(Line {
            meaning: wire.meaning,
            points,
            head_left: if wire.function_first {
                to_function
            } else {
                to_resource
            },
            head_right: if wire.function_first {
                to_resource
            } else {
                to_function
            },
            tooltip: match wire.meaning {
                Meaning::Triggers => format!("{} {words} {}", name(resource), name(function)),
                _ => format!("{} {words} {}", name(function), name(resource)),
            },
        });
    }
    lines
}

/// How far from the middle of its two boxes each line starts and ends.
struct Ports {
    /// At the right side of the line's first cell.
    right: Vec<f64>,
    /// At the left side of the line's last cell.
    left: Vec<f64>,
}

impl Ports {
    /// Lines leave a box in the order of their other ends, so that they don't cross at once.
    fn of(net: &Net, middles: &[f64]) -> Ports {
        let mut ports = Ports {
            right: vec![0.0; net.wires.len()],
            left: vec![0.0; net.wires.len()],
        };
        let mut starts: Vec<Vec<(f64, usize)>> = vec![Vec::new(); net.cells.len()];
        let mut ends = starts.clone();
        for (index, wire) in net.wires.iter().enumerate() {
            if let ([first, second, ..], [.., before, last]) = (&wire.path[..], &wire.path[..]) {
                starts[*first].push((middles[*second], index));
                ends[*last].push((middles[*before], index));
            }
        }
        spread(&mut starts, &mut ports.right);
        spread(&mut ends, &mut ports.left);
        ports
    }
}

#[expect(clippy::cast_precision_loss, reason = "no box has 2^52 lines")]
fn spread(sides: &mut [Vec<(f64, usize)>], offsets: &mut [f64]) {
    for side in sides {
        side.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let half = side.len().saturating_sub(1) as f64 / 2.0;
        for (place, (_, wire)) in side.iter().enumerate() {
            offsets[*wire] = (place as f64 - half) * PORT_GAP;
        }
    }
}
