//! All files of an application, with scopes and nodes numbered through.

use std::sync::Arc;

use super::modules::{Cfgs, Pending};
use crate::lift::facts::{CfgId, FileFacts, NodeId, ScopeId, Spot, Vis};
use crate::project::Project;
use crate::span::{FileId, Span};

/// The whole application.
#[derive(Default)]
pub struct Program {
    /// Every module file, in the order in which modules were found.
    pub files: Vec<File>,
    /// The root scope of each crate, by index into the project's crates; `None` for one that could
    /// not be read.
    pub roots: Vec<Option<usize>>,
    /// Whether a file could not be read: then nobody can say that something is not there.
    pub incomplete: bool,
    /// One more than the last scope.
    pub scopes: usize,
    /// One more than the last node.
    pub nodes: usize,
}

/// A module file.
pub struct File {
    /// What is in it.
    pub facts: Arc<FileFacts>,
    /// Its text.
    pub id: FileId,
    /// Index into the project's crates.
    pub krate: usize,
    /// The first of its scopes.
    pub scope_base: usize,
    /// The first of its nodes.
    pub node_base: usize,
    /// The `mod` that declares it; `None` for a crate's root.
    pub declared: Option<Declared>,
    /// Whether the module exists, as far as its declaration tells: `None` if only the build knows.
    pub exists: Option<bool>,
    /// The file's conditions, decided.
    cfgs: Vec<Option<bool>>,
}

/// A `mod name;`.
#[derive(Clone, Copy, Debug)]
pub struct Declared {
    /// Index of the file in which it stands.
    pub file: usize,
    /// The name, in that file.
    pub name: u32,
    /// The scope in which it stands.
    pub scope: usize,
    /// Who can name the module.
    pub vis: Vis,
    /// Where it stands.
    pub span: Span,
}

impl File {
    /// Whether a condition holds; no condition does.
    pub fn when(&self, cfg: Option<CfgId>) -> Option<bool> {
        match cfg {
            Some(cfg) => self.cfgs.get(cfg as usize).copied().flatten(),
            None => Some(true),
        }
    }

    /// A place in it.
    pub fn span(&self, spot: Spot) -> Span {
        Span {
            file: self.id,
            start: spot.start,
            end: spot.start.saturating_add(spot.len),
        }
    }

    /// A name of it.
    pub fn name(&self, name: u32) -> &str {
        self.facts
            .names
            .get(name as usize)
            .map_or("", String::as_str)
    }

    /// The number of a scope in the program.
    pub fn scope(&self, scope: ScopeId) -> usize {
        self.scope_base + scope as usize
    }

    /// The number of a node in the program.
    pub fn node(&self, node: NodeId) -> usize {
        self.node_base + node as usize
    }
}

impl Program {
    pub(super) fn add(
        &mut self,
        facts: Arc<FileFacts>,
        id: FileId,
        pending: &Pending,
        project: &Project,
        cfgs: &mut Cfgs<'_>,
    ) -> usize {
        let decided = facts
            .cfgs
            .iter()
            .map(|condition| cfgs.holds(pending.krate, condition))
            .collect();
        let file = File {
            id,
            krate: pending.krate,
            scope_base: self.scopes,
            node_base: self.nodes,
            declared: pending.declared,
            exists: if pending.undecided { None } else { Some(true) },
            cfgs: decided,
            facts,
        };
        self.scopes += file.facts.scopes.len();
        self.nodes += file.facts.nodes.len();
        if pending.declared.is_none() {
            self.roots.resize(project.crates.len(), None);
            if let Some(root) = self.roots.get_mut(pending.krate) {
                *root = Some(file.scope_base);
            }
        }
        self.files.push(file);
        self.files.len() - 1
    }

    /// The name of a declared module.
    pub fn name_of(&self, declared: &Declared) -> &str {
        let file = self.files.get(declared.file);
        file.map_or("", |file| file.name(declared.name))
    }

    /// The file that holds a node.
    pub fn file_of_node(&self, node: usize) -> Option<&File> {
        self.file_at_node(node).map(|(_, file)| file)
    }

    /// The file that holds a node, and its index.
    pub fn file_at_node(&self, node: usize) -> Option<(usize, &File)> {
        let after = self.files.partition_point(|file| file.node_base <= node);
        let index = after.checked_sub(1)?;
        Some((index, self.files.get(index)?))
    }
}
