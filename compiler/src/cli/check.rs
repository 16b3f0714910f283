//! `cloudc check`

use super::arguments::{Check, MessageFormat, ProjectArguments};
use super::open::{Opened, open};
use super::{REFUSED, output};
use crate::diagnostic::Diagnostic;
use crate::lower;
use crate::span::Sources;

pub(super) fn run(arguments: &Check) -> u8 {
    let format = arguments.project.message_format;
    let opened = match checked(&arguments.project) {
        Ok(opened) => opened,
        Err(found) => {
            output::report(&[found], &Sources::default(), format);
            return REFUSED;
        }
    };
    let analysis = &opened.analysis;
    let code = output::report(&analysis.diagnostics, &analysis.sources, format);
    if analysis.diagnostics.is_empty() && format == MessageFormat::Text {
        let graph = &analysis.graph;
        output::note(&format!(
            "{}: nothing to say about {}, {}, {}",
            graph.app,
            output::count(graph.functions.len(), "function", "functions"),
            output::count(graph.queues.len(), "queue", "queues"),
            output::count(graph.caches.len(), "cache", "caches")
        ));
    }
    code
}

/// A project, and all that there is to say about it and about its manifests.
///
/// # Errors
///
/// What keeps cloudc from even starting.
pub(super) fn checked(arguments: &ProjectArguments) -> Result<Opened, Diagnostic> {
    let mut opened = open(arguments)?;
    if !opened.is_refused()
        && let Err(found) = lower::lower(&opened.analysis.graph, &opened.settings)
    {
        opened.analysis.diagnostics.extend(found);
    }
    Ok(opened)
}
