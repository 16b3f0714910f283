//! `cloudc why`

use super::arguments::{MessageFormat, Why};
use super::open::open;
use super::{DONE, REFUSED, output};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::graph::{Answer, why};
use crate::render;
use crate::span::Sources;

pub(super) fn run(arguments: &Why) -> u8 {
    let format = arguments.project.message_format;
    let opened = match open(&arguments.project) {
        Ok(opened) => opened,
        Err(found) => return output::report_beside(&[found], &Sources::default(), format),
    };
    let (graph, sources) = (&opened.analysis.graph, &opened.analysis.sources);
    if opened.is_refused() {
        output::report_beside(&opened.analysis.diagnostics, sources, format);
        return REFUSED;
    }
    let unknown = |what: &str, name: &str, nearest: Option<String>| {
        let found = Diagnostic::error(codes::UNRESOLVED, format!("there is no {what} `{name}`"));
        let found = match nearest {
            Some(nearest) => found.help(format!("there is a {what} `{nearest}`")),
            None => found.help("`cloudc graph` shows what there is"),
        };
        output::report_beside(&[found], sources, format)
    };
    match why(graph, &arguments.function, &arguments.resource) {
        Answer::NoFunction(nearest) => unknown("function", &arguments.function, nearest),
        Answer::NoResource(nearest) => unknown("queue or cache", &arguments.resource, nearest),
        Answer::Edges(function, resource, edges) => {
            let text = match format {
                MessageFormat::Text => render::why(graph, sources, function, resource, &edges),
                MessageFormat::Json => render::why_json(graph, sources, &edges),
            };
            output::print(&text);
            if edges.is_empty() { REFUSED } else { DONE }
        }
    }
}
