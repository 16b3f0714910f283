//! The layout as SVG.

use std::fmt::Write;

use super::super::links::Meaning;
use super::super::words::count;
use super::layout::{Kind, LEGEND, Layout, Line, MARGIN, Shape};
use super::text::escape;
use crate::graph::Graph;

/// The document.
pub(super) fn draw(graph: &Graph, layout: &Layout) -> String {
    let (width, height) = (layout.width, layout.height);
    let app = escape(&graph.app);
    let summary = [
        count(graph.functions.len(), "function"),
        count(graph.workloads.len(), "workload"),
        count(graph.queues.len(), "queue"),
        count(graph.caches.len(), "cache"),
    ]
    .join(" · ");
    let mut svg = String::new();
    let _ = writeln!(
        svg,
        r#"<svg xmlns="http://www.w3.org/2000/svg" class="cloudc" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">"#
    );
    let _ = writeln!(svg, "<title>{app}</title>");
    let _ = writeln!(
        svg,
        "<desc>The functions, queues and caches of {app}: {summary}</desc>"
    );
    let _ = writeln!(svg, "<style>\n{}</style>", include_str!("style.css"));
    let _ = writeln!(
        svg,
        r#"<rect class="page" width="{width}" height="{height}" rx="12"/>"#
    );
    let _ = writeln!(
        svg,
        r#"<text class="title" x="{MARGIN}" y="50">{app}</text>"#
    );
    let _ = writeln!(
        svg,
        r#"<text class="small" x="{MARGIN}" y="72">{summary}</text>"#
    );
    for frame in &layout.frames {
        service(&mut svg, frame);
    }
    for line in &layout.lines {
        wire(&mut svg, line);
    }
    for shape in &layout.shapes {
        node(&mut svg, shape);
    }
    legend(&mut svg, &layout.lines, height - LEGEND / 2.0 - 8.0);
    svg.push_str("</svg>\n");
    svg
}

fn rect(svg: &mut String, class: &str, shape: &Shape, radius: f64) {
    let Shape {
        left,
        top,
        width,
        height,
        ..
    } = shape;
    let _ = writeln!(
        svg,
        r#"<rect class="{class}" x="{left}" y="{top}" width="{width}" height="{height}" rx="{radius}"/>"#
    );
}

fn text(svg: &mut String, class: &str, x: f64, y: f64, words: &str) {
    let words = escape(words);
    let _ = writeln!(
        svg,
        r#"<text class="{class}" x="{x}" y="{y}">{words}</text>"#
    );
}

fn open(svg: &mut String, class: &str, tooltip: &str) {
    let tooltip = escape(tooltip);
    let _ = writeln!(svg, r#"<g class="{class}"><title>{tooltip}</title>"#);
}

fn service(svg: &mut String, shape: &Shape) {
    open(svg, "node", &shape.tooltip);
    rect(svg, "service", shape, 12.0);
    text(
        svg,
        "large",
        shape.left + 16.0,
        shape.top + 22.0,
        &shape.first,
    );
    text(
        svg,
        "small",
        shape.left + 16.0,
        shape.top + 39.0,
        &shape.second,
    );
    svg.push_str("</g>\n");
}

fn node(svg: &mut String, shape: &Shape) {
    open(svg, "node", &shape.tooltip);
    let (class, radius) = match shape.kind {
        Kind::Service | Kind::Function => ("function", 8.0),
        Kind::Request | Kind::Clock => ("trigger", shape.height / 2.0),
        Kind::Queue => ("queue", 8.0),
        Kind::Cache => ("cache", 8.0),
    };
    rect(svg, class, shape, radius);
    let middle = shape.top + shape.height / 2.0;
    let mut left = shape.left + 14.0;
    if let Some((class, path)) = icon(shape.kind) {
        let _ = writeln!(
            svg,
            r#"<path class="icon {class}" transform="translate({left} {})" d="{path}"/>"#,
            middle - 8.0
        );
        left += 24.0;
    }
    let first = if shape.kind == Kind::Request {
        "route"
    } else {
        "large"
    };
    if shape.second.is_empty() {
        text(svg, first, left, middle + 4.5, &shape.first);
    } else {
        text(svg, first, left, middle - 3.0, &shape.first);
        text(svg, "small", left, middle + 13.0, &shape.second);
    }
    svg.push_str("</g>\n");
}

/// Drawn in a square of 16.
fn icon(kind: Kind) -> Option<(&'static str, &'static str)> {
    match kind {
        Kind::Clock => Some(("clock-icon", "M8 1a7 7 0 1 0 0.01 0ZM8 4v4l3 2")),
        Kind::Queue => Some(("queue-icon", "M2 3v10M7 3v10M12 3v10M2 3h10M2 13h10")),
        Kind::Cache => Some((
            "cache-icon",
            "M2 4c0-3.6 12-3.6 12 0v8c0 3.6-12 3.6-12 0ZM2 4c0 3.6 12 3.6 12 0M2 8c0 3.6 12 3.6 12 0",
        )),
        Kind::Service | Kind::Function | Kind::Request => None,
    }
}

/// How long an arrow's head is.
const HEAD: f64 = 8.0;

fn wire(svg: &mut String, line: &Line) {
    let mut points = line.points.clone();
    let (Some(first), Some(last)) = (points.first().copied(), points.last().copied()) else {
        return;
    };
    open(svg, &format!("wire {}", class(line.meaning)), &line.tooltip);
    let end = points.len() - 1;
    if line.head_left {
        points[0].0 += HEAD - 1.0;
    }
    if line.head_right {
        points[end].0 -= HEAD - 1.0;
    }
    let _ = write!(
        svg,
        r#"<path class="line" d="M{} {}"#,
        points[0].0, points[0].1
    );
    for (step, ends) in points.windows(2).enumerate() {
        let ((x1, y1), (x2, y2)) = (ends[0], ends[1]);
        if step % 2 == 1 || y1 == y2 {
            let _ = write!(svg, "L{x2} {y2}");
        } else {
            let pull = ((x2 - x1) * 0.5).round();
            let _ = write!(svg, "C{} {y1} {} {y2} {x2} {y2}", x1 + pull, x2 - pull);
        }
    }
    svg.push_str("\"/>\n");
    if line.head_left {
        head(svg, first, HEAD);
    }
    if line.head_right {
        head(svg, last, -HEAD);
    }
    svg.push_str("</g>\n");
}

fn head(svg: &mut String, (x, y): (f64, f64), length: f64) {
    let _ = writeln!(
        svg,
        r#"<path class="head" d="M{x} {y}L{} {}L{} {}Z"/>"#,
        x + length,
        y - 4.0,
        x + length,
        y + 4.0
    );
}

fn class(meaning: Meaning) -> &'static str {
    match meaning {
        Meaning::Triggers => "triggers",
        Meaning::Sends => "sends",
        Meaning::Reads => "reads",
        Meaning::Writes | Meaning::ReadsAndWrites => "writes",
    }
}

/// A short line of each kind that occurs, with its name.
fn legend(svg: &mut String, lines: &[Line], level: f64) {
    let mut left = MARGIN;
    for meaning in [
        Meaning::Triggers,
        Meaning::Sends,
        Meaning::Reads,
        Meaning::Writes,
        Meaning::ReadsAndWrites,
    ] {
        if !lines.iter().any(|line| line.meaning == meaning) {
            continue;
        }
        let words = match meaning {
            Meaning::ReadsAndWrites => "reads and writes",
            other => other.words(),
        };
        wire(
            svg,
            &Line {
                meaning,
                points: vec![(left, level), (left + 36.0, level)],
                head_left: meaning == Meaning::ReadsAndWrites,
                head_right: true,
                tooltip: words.to_owned(),
            },
        );
        text(svg, "small", left + 44.0, level + 4.0, words);
        left += 44.0 + super::text::width(words, super::layout::SMALL) + 24.0;
    }
}
