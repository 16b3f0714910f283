//! From facts to meaning: which path is which item, who declares what, who mentions whom.

mod calls;
mod declarations;
mod hubs;
mod methods;
mod names;
mod scopes;
mod symbols;

use crate::diagnostic::Diagnostic;
use crate::load::program::Program;
use crate::project::Project;

pub use calls::{Calls, Edge, Use};
pub use declarations::{Declaration, Declarations};

use names::Names;

/// An application whose names are resolved.
pub struct Resolved<'p> {
    /// The handlers, queues and caches.
    pub declarations: Declarations,
    /// Who mentions whom.
    pub calls: Calls,
    /// Names that lead nowhere or to two things, resources that are misused, mistakes in attributes.
    pub diagnostics: Vec<Diagnostic>,
    names: Names<'p>,
    project: &'p Project,
}

impl Resolved<'_> {
    /// The path in Rust of a node: `shop::orders::place_order`.
    pub fn path(&self, node: usize) -> String {
        declarations::path_of(&self.names, self.project, node)
    }
}

/// Resolves a program.
pub fn resolve<'p>(program: &'p Program, project: &'p Project) -> Resolved<'p> {
    let names = Names::new(program, project);
    let mut diagnostics = Vec::new();
    let declarations = declarations::collect(&names, project, &mut diagnostics);
    let calls = calls::collect(&names, &declarations, &mut diagnostics);
    Resolved {
        declarations,
        calls,
        diagnostics,
        names,
        project,
    }
}
