//! The compiler of cloudc: annotated Rust in, a graph and reviewable manifests out.
//!
//! Data flows one way, phase by phase:
//!
//! 1. [`project`]: what is compiled: a package, the local packages it depends on, features, target.
//! 2. [`lift`]: the text of one file becomes facts about it. The parser's types end here.
//! 3. [`load`]: `mod` declarations lead from each crate's root to the facts of all files.
//! 4. [`resolve`]: paths become items: who declares what, who mentions whom.
//! 5. [`graph`]: functions, workloads, queues, caches, and the edges between them, each with a proof.
//! 6. [`check`]: what can be said about the whole before anything is written.
//! 7. [`lower`]: the graph becomes typed Kubernetes objects.
//! 8. [`emit`]: objects become a tree of files, which replaces the old one whole.
//!
//! [`render`] draws the graph, [`report`] shows diagnostics, [`coverage`] holds the graph against what tests did, and
//! [`changes`] against the one before. [`image`] lays an image around the program that cargo made of it all, [`registry`]
//! pushes it, and [`cluster`] deploys a [`release`] of it. The core is pure: files, processes, clock, network and terminal
//! are reached from the outermost layer: the command line's, [`registry`], [`cluster`], and [`project::files::Files`].

pub mod changes;
pub mod check;
pub mod cli;
pub mod cluster;
pub mod codes;
pub mod config;
pub mod coverage;
pub mod diagnostic;
pub mod emit;
pub mod graph;
pub mod image;
pub mod lift;
pub mod load;
pub mod lower;
pub mod new;
pub mod project;
pub mod registry;
pub mod release;
pub mod render;
pub mod report;
pub mod resolve;
pub mod span;
pub mod text;

use config::Target;
use diagnostic::{Diagnostic, Severity};
use graph::Graph;
use load::cache::Cache;
use project::Project;
use project::files::Files;
use span::Sources;

/// An application as the compiler understands it.
pub struct Analysis {
    /// The graph: all of the application only if no diagnostic is an error.
    pub graph: Graph,
    /// The texts that the diagnostics and the graph point into.
    pub sources: Sources,
    /// Everything that was found, in the order of the source.
    pub diagnostics: Vec<Diagnostic>,
}

/// Analyses a project: everything but the writing. Uses all cores. `sources` may hold files already,
/// such as `cloudc.toml`.
///
/// # Errors
///
/// The machine cannot start threads.
pub fn analyse(
    project: &Project,
    files: &dyn Files,
    cache: &Cache,
    sources: Sources,
    target: Target,
) -> Result<Analysis, rayon::ThreadPoolBuildError> {
    let pool = rayon::ThreadPoolBuilder::new()
        .stack_size(lift::STACK)
        .thread_name(|index| format!("cloudc-{index}"))
        .build()?;
    Ok(pool.install(|| {
        let loaded = load::load(project, files, cache, sources);
        let resolved = resolve::resolve(&loaded.program, project);
        let graph = graph::build(project, &loaded.program, &resolved);
        let mut diagnostics = loaded.diagnostics;
        diagnostics.extend(resolved.diagnostics.iter().cloned());
        // One mistake must not make others of what it hides.
        let is_error = |found: &Diagnostic| found.severity == Severity::Error;
        let complete = !diagnostics.iter().any(is_error);
        diagnostics.extend(check::check(&graph, target, complete));
        diagnostic::sort(&mut diagnostics);
        Analysis {
            graph,
            sources: loaded.sources,
            diagnostics,
        }
    }))
}
