//! `cloudc build`

use std::path::{Path, PathBuf};

use super::arguments::{Build, MessageFormat};
use super::open::{self, Opened};
use super::{REFUSED, output, shim};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::emit::{self, Tree};
use crate::graph::{Graph, WorkloadKind};
use crate::span::Sources;
use crate::{lower, render};

pub(super) fn run(arguments: &Build) -> u8 {
    let format = arguments.project.message_format;
    let mut opened = match open::open(&arguments.project) {
        Ok(opened) => opened,
        Err(found) => return output::report(&[found], &Sources::default(), format),
    };
    let out = out(arguments, &opened);
    let written = if opened.is_refused() {
        Err(Vec::new())
    } else {
        write(arguments, &opened, &out)
    };
    let files = written.unwrap_or_else(|found| {
        opened.analysis.diagnostics.extend(found);
        0
    });
    let analysis = &opened.analysis;
    let code = output::report(&analysis.diagnostics, &analysis.sources, format);
    if code != REFUSED && format == MessageFormat::Text {
        output::note(&summary(&analysis.graph, files, &out));
    }
    code
}

fn out(arguments: &Build, opened: &Opened) -> PathBuf {
    let environment = arguments.project.env.as_deref().unwrap_or("default");
    match &arguments.out {
        Some(out) => out.clone(),
        None => open::folder(&opened.project).join(environment),
    }
}

/// Writes everything; the number of files.
fn write(arguments: &Build, opened: &Opened, out: &Path) -> Result<usize, Vec<Diagnostic>> {
    let (graph, sources) = (&opened.analysis.graph, &opened.analysis.sources);
    let manifests = lower::lower(graph, &opened.settings)?;
    let json = render::json(graph, sources);
    let internal = |error: String| {
        vec![Diagnostic::error(
            codes::WRITE_FAILED,
            format!("cannot express the output: {error}"),
        )]
    };
    let mut tree: Tree =
        emit::yaml::manifests(&manifests).map_err(|error| internal(error.to_string()))?;
    let input = shim::input(opened, arguments, &json, out).map_err(|found| vec![found])?;
    tree.extend(emit::shim::shim(&input).map_err(|error| internal(error.to_string()))?);
    tree.insert("graph.json".to_owned(), json.into_bytes());
    emit::write(&tree, out, arguments.force).map_err(|found| vec![found])?;
    Ok(tree.len())
}

fn summary(graph: &Graph, files: usize, out: &Path) -> String {
    let of = |kind: WorkloadKind| {
        let workloads = graph.workloads.iter();
        workloads.filter(|workload| workload.kind == kind).count()
    };
    // Relative to where the user stands, if it is below.
    let here = std::env::current_dir().unwrap_or_default();
    let shown = out.strip_prefix(&here).unwrap_or(out);
    format!(
        "{}: {}, {}, {}, {}, {}\nwrote {} to {}",
        graph.app,
        output::count(of(WorkloadKind::Service), "service", "services"),
        output::count(of(WorkloadKind::Consumer), "consumer", "consumers"),
        output::count(of(WorkloadKind::Schedule), "schedule", "schedules"),
        output::count(graph.queues.len(), "queue", "queues"),
        output::count(graph.caches.len(), "cache", "caches"),
        output::count(files, "file", "files"),
        shown.display(),
    )
}
