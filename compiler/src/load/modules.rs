//! Where the file of a module lies, by the Rust reference's rules.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::program::{Declared, Program};
use crate::lift::facts::{ItemKind, ScopeId};
use crate::project::Project;
use crate::project::files::Files;

/// A module whose file is to be read.
pub(super) struct Pending {
    /// Index into the project's crates.
    pub(super) krate: usize,
    /// Its declaration; `None` for a crate's root.
    pub(super) declared: Option<Declared>,
    /// Where its file may lie: exactly one of these must exist.
    pub(super) candidates: Vec<PathBuf>,
    /// The file is like a `mod.rs`: its modules lie beside it.
    pub(super) beside: bool,
    /// Only the build knows whether the module exists.
    pub(super) undecided: bool,
    /// The files around it.
    pub(super) chain: Vec<Arc<PathBuf>>,
}

/// Why a module has no file.
pub(super) enum Missing {
    /// No candidate exists.
    None,
    /// Both do.
    Two,
}

impl Pending {
    pub(super) fn root(krate: usize, file: &Path) -> Self {
        Self {
            krate,
            declared: None,
            candidates: vec![file.to_owned()],
            beside: true,
            undecided: false,
            chain: Vec::new(),
        }
    }

    pub(super) fn find(&self, files: &dyn Files) -> Result<PathBuf, Missing> {
        let mut there = self.candidates.iter().filter(|path| files.exists(path));
        match (there.next(), there.next()) {
            (Some(path), None) => Ok(path.clone()),
            (Some(_), Some(_)) => Err(Missing::Two),
            (None, _) => Err(Missing::None),
        }
    }
}

/// The conditions of a project, each decided once for each crate.
pub(super) struct Cfgs<'a> {
    project: &'a Project,
    known: FxHashMap<(usize, String), Option<bool>>,
}

impl<'a> Cfgs<'a> {
    pub(super) fn new(project: &'a Project) -> Self {
        Self {
            project,
            known: FxHashMap::default(),
        }
    }

    pub(super) fn holds(&mut self, krate: usize, condition: &str) -> Option<bool> {
        let key = (krate, condition.to_owned());
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let features = self
            .project
            .crates
            .get(krate)
            .map(|krate| krate.features.as_slice());
        let value = self
            .project
            .cfg
            .holds(condition, features.unwrap_or_default());
        self.known.insert(key, value);
        value
    }
}

/// The modules that a file declares.
pub(super) fn declared(
    program: &Program,
    file: usize,
    path: &Path,
    pending: &Pending,
    next: &mut Vec<Pending>,
) {
    let folder = path.parent().unwrap_or(Path::new(""));
    // Modules of `orders.rs` lie in `orders/`, those of `mod.rs` beside it.
    let beside = pending.beside || path.ends_with("mod.rs");
    let inside = if beside {
        folder.to_owned()
    } else {
        path.with_extension("")
    };
    let mut chain = pending.chain.clone();
    chain.push(Arc::new(path.to_owned()));
    let walk = Walk {
        program,
        file,
        krate: pending.krate,
        folder,
        chain,
    };
    walk.scope(0, &inside, false, next);
}

struct Walk<'a> {
    program: &'a Program,
    file: usize,
    krate: usize,
    /// The folder of the file.
    folder: &'a Path,
    chain: Vec<Arc<PathBuf>>,
}

impl Walk<'_> {
    /// `folder`: where the modules of this scope lie. `inline`: whether it is an inline module.
    fn scope(&self, scope: ScopeId, folder: &Path, inline: bool, next: &mut Vec<Pending>) {
        let Some(file) = self.program.files.get(self.file) else {
            return;
        };
        let Some(facts) = file.facts.scopes.get(scope as usize) else {
            return;
        };
        for item in &facts.items {
            let exists = file.when(item.cfg);
            if exists == Some(false) {
                continue;
            }
            let name = file.facts.names.get(item.name as usize);
            let name = name.map(String::as_str).unwrap_or_default();
            let given = |paths: &[(Option<u32>, String)]| {
                let mut given = paths
                    .iter()
                    .filter(|(cfg, _)| file.when(*cfg) == Some(true));
                given.next().map(|(_, path)| path.clone())
            };
            match &item.kind {
                ItemKind::Module(inner, paths) => {
                    let part = given(paths).unwrap_or_else(|| name.to_owned());
                    self.scope(*inner, &folder.join(part), true, next);
                }
                ItemKind::ModuleFile(paths) => {
                    let given = given(paths);
                    let base = if inline { folder } else { self.folder };
                    let candidates = match &given {
                        Some(path) => vec![clean(&base.join(path))],
                        None => vec![
                            folder.join(format!("{name}.rs")),
                            folder.join(name).join("mod.rs"),
                        ],
                    };
                    next.push(Pending {
                        krate: self.krate,
                        declared: Some(Declared {
                            file: self.file,
                            name: item.name,
                            scope: file.scope(scope),
                            vis: item.vis,
                            span: file.span(item.spot),
                        }),
                        beside: given.is_some(),
                        candidates,
                        undecided: exists.is_none(),
                        chain: self.chain.clone(),
                    });
                }
                _ => {}
            }
        }
    }
}

/// A path without `.` and `..`, so that one file has one name.
fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}
