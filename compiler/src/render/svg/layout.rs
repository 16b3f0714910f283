//! Where everything is drawn: boxes, frames around services, and the lines' points.

use super::super::links::Meaning;
use super::super::words;
use super::net::Net;
use super::shapes::{shape, triggers};
use super::text::shorten;
use super::wires::{trigger_line, wires};
use crate::graph::{Graph, WorkloadId};

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

/// The left edge and the width of the boxes of each column.
fn column_places(net: &Net, shapes: &[Option<Shape>], triggers: f64) -> Vec<(f64, f64)> {
    let mut widths = vec![40.0_f64; net.columns.len()];
    let mut lines = vec![0_usize; net.columns.len()];
    for (cell, shape) in net.cells.iter().zip(shapes) {
        lines[cell.column] += cell.right.len();
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
        // Many lines between two columns need room to stay apart.
        #[expect(clippy::cast_precision_loss, reason = "no graph has 2^52 lines")]
        let more = (lines[column] as f64 * 3.0).min(280.0);
        left += width + COLUMN_GAP + more;
    }
    places
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
