//! The lines, from box to box.

use super::super::links::Meaning;
use super::layout::{Line, MARGIN, Shape, TITLE};
use super::net::{Net, PORT_GAP};

/// The level line from a trigger to its function.
pub(super) fn trigger_line(from: &Shape, to: &Shape) -> Line {
    let level = from.top + from.height / 2.0;
    Line {
        meaning: Meaning::Triggers,
        points: vec![(from.left + from.width, level), (to.left, level)],
        head_left: false,
        head_right: true,
        tooltip: format!("{} triggers {}", from.first, to.first),
    }
}

/// The lines between functions and resources.
pub(super) fn wires(
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
