//! `cloudc graph`

use super::arguments::{Graph, GraphFormat};
use super::open::open;
use super::{DONE, REFUSED, output};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::render;
use crate::span::Sources;

pub(super) fn run(arguments: &Graph) -> u8 {
    let format = arguments.project.message_format;
    let opened = match open(&arguments.project) {
        Ok(opened) => opened,
        Err(found) => return output::report_beside(&[found], &Sources::default(), format),
    };
    let (graph, sources) = (&opened.analysis.graph, &opened.analysis.sources);
    // A graph with a mistake in it is when one wants to see it.
    let code = if opened.is_refused() {
        output::report_beside(&opened.analysis.diagnostics, sources, format);
        REFUSED
    } else {
        DONE
    };
    let text = match arguments.format {
        GraphFormat::Tree => render::tree(graph, sources),
        GraphFormat::Json => render::json(graph, sources),
        GraphFormat::Mermaid => render::mermaid(graph, sources),
        GraphFormat::Dot => render::dot(graph, sources),
        GraphFormat::Svg => render::svg(graph, sources),
    };
    match &arguments.output {
        None => output::print(&text),
        Some(path) => {
            if let Err(error) = std::fs::write(path, text) {
                let message = format!("cannot write {}: {error}", path.display());
                let found = Diagnostic::error(codes::WRITE_FAILED, message);
                return output::report_beside(&[found], sources, format);
            }
        }
    }
    code
}
