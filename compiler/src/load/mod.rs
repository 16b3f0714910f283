//! From a project to the facts of all its files: follows `mod` declarations from each crate's root.
//!
//! The tree is walked in waves. The files of a wave are read and lifted on all cores; the `mod`
//! declarations in them make the next wave.

pub mod cache;
mod modules;
pub mod program;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::lift::facts::FileFacts;
use crate::lift::{self, LARGEST_FILE};
use crate::project::Project;
use crate::project::files::Files;
use crate::span::{Sources, Span};
use cache::Cache;
use modules::{Cfgs, Pending};
use program::Program;

/// The most module files of an application: `#[path]` can make a tree that grows without end.
const MOST_FILES: usize = 200_000;

/// All files, and the mistakes in them.
pub struct Loaded {
    /// The files and what is in them.
    pub program: Program,
    /// The texts, for diagnostics.
    pub sources: Sources,
    /// Files that are missing, unreadable or no Rust.
    pub diagnostics: Vec<Diagnostic>,
}

/// A file as read, whichever modules it is.
struct Read {
    text: Arc<str>,
    facts: Result<Arc<FileFacts>, Problem>,
}

enum Problem {
    Io(io::Error),
    Utf8(usize),
    Rejected(lift::Rejection),
}

/// Loads every module of every crate. Facts of files that have not changed come out of `cache`, and
/// new ones are put there. Texts are added to `sources`. Must run in a pool whose threads have [`lift::STACK`] bytes of stack.
pub fn load(project: &Project, files: &dyn Files, cache: &Cache, sources: Sources) -> Loaded {
    let mut loader = Loader {
        project,
        files,
        cache,
        cfgs: Cfgs::new(project),
        sources,
        program: Program::default(),
        diagnostics: Vec::new(),
        read: BTreeMap::new(),
    };
    let mut wave: Vec<Pending> = project
        .crates
        .iter()
        .enumerate()
        .map(|(index, krate)| Pending::root(index, &krate.file))
        .collect();
    while !wave.is_empty() {
        wave = loader.wave(wave);
    }
    Loaded {
        program: loader.program,
        sources: loader.sources,
        diagnostics: loader.diagnostics,
    }
}

struct Loader<'a> {
    project: &'a Project,
    files: &'a dyn Files,
    cache: &'a Cache,
    cfgs: Cfgs<'a>,
    sources: Sources,
    program: Program,
    diagnostics: Vec<Diagnostic>,
    /// A file that is a module twice is read once.
    read: BTreeMap<PathBuf, (Option<crate::span::FileId>, Read)>,
}

impl Loader<'_> {
    /// Reads a wave, and returns the next.
    fn wave(&mut self, wave: Vec<Pending>) -> Vec<Pending> {
        let mut found: Vec<(Pending, PathBuf)> = Vec::new();
        for pending in wave {
            match pending.find(self.files) {
                Ok(path) => found.push((pending, path)),
                Err(missing) => self.missing(&pending, missing),
            }
        }
        let mut new: Vec<&PathBuf> = found
            .iter()
            .map(|(_, path)| path)
            .filter(|path| !self.read.contains_key(*path))
            .collect();
        new.sort_unstable();
        new.dedup();
        let lifted: Vec<Lifted> = new
            .into_par_iter()
            .map(|path| read(path, self.files, self.cache))
            .collect();
        // Facts live on in many small pieces. Made while syntax trees come and go they would lie between
        // those, and the allocator would search for room ever longer: so they are unpacked afterwards.
        let read: Vec<(PathBuf, Read)> = lifted
            .into_par_iter()
            .map(|lifted| lifted.unpack(self.cache))
            .collect();
        for (path, read) in read {
            self.read.insert(path, (None, read));
        }
        let mut next = Vec::new();
        for (pending, path) in found {
            self.module(&pending, &path, &mut next);
        }
        next
    }

    fn missing(&mut self, pending: &Pending, missing: modules::Missing) {
        let Some(declared) = &pending.declared else {
            let root = pending.candidates.first().map(|path| self.name_of(path));
            let message = format!("there is no {}", root.unwrap_or_default());
            self.diagnostics
                .push(Diagnostic::error(codes::MISSING_MODULE, message));
            return;
        };
        // Whether the module is there at all, only the build knows.
        if pending.undecided {
            return;
        }
        self.program.incomplete = true;
        let name = self.program.name_of(declared);
        let names: Vec<String> = pending
            .candidates
            .iter()
            .map(|path| self.name_of(path))
            .collect();
        let (message, help) = match missing {
            modules::Missing::None => (
                format!("module `{name}` has no file"),
                format!("write {}, or remove the `mod {name};`", names.join(" or ")),
            ),
            modules::Missing::Two => (
                format!("module `{name}` has two files"),
                format!("remove one of {}", names.join(" and ")),
            ),
        };
        self.diagnostics.push(
            Diagnostic::error(codes::MISSING_MODULE, message)
                .at(declared.span, "declared here")
                .help(help),
        );
    }

    /// The name of a file that a user sees: relative to the workspace where it can be.
    fn name_of(&self, path: &Path) -> String {
        let relative = path.strip_prefix(&self.project.root).unwrap_or(path);
        relative.to_string_lossy().replace('\\', "/")
    }

    fn module(&mut self, pending: &Pending, path: &Path, next: &mut Vec<Pending>) {
        if pending.chain.iter().any(|around| **around == *path) {
            let name = self.name_of(path);
            if let Some(declared) = &pending.declared {
                let module = self.program.name_of(declared);
                self.diagnostics.push(
                    Diagnostic::error(codes::MODULE_CYCLE, format!("module `{module}` contains itself"))
                        .at(declared.span, format!("leads back to {name}"))
                        .help("remove this `mod`, or give it a file of its own; to use what is in the other file, write `use`"),
                );
            }
            return;
        }
        if self.program.files.len() >= MOST_FILES {
            if self.program.files.len() == MOST_FILES {
                let message = format!("the application has more than {MOST_FILES} module files");
                self.diagnostics
                    .push(Diagnostic::error(codes::TOO_LARGE, message));
            }
            return;
        }
        let name = self.name_of(path);
        let Some((id, read)) = self.read.get_mut(path) else {
            return;
        };
        let first_time = id.is_none();
        let id = *id.get_or_insert_with(|| self.sources.add(name.clone(), path, read.text.clone()));
        match &read.facts {
            Ok(facts) => {
                let facts = facts.clone();
                let index = self
                    .program
                    .add(facts, id, pending, self.project, &mut self.cfgs);
                modules::declared(&self.program, index, path, pending, next);
            }
            Err(problem) if first_time => {
                self.program.incomplete = true;
                let problem = diagnose(problem, &name, id, pending);
                self.diagnostics.push(problem);
            }
            Err(_) => {}
        }
    }
}

/// A file that was read, with its facts in the cache.
struct Lifted {
    path: PathBuf,
    text: Arc<str>,
    key: Result<cache::Key, Problem>,
}

impl Lifted {
    fn unpack(self, cache: &Cache) -> (PathBuf, Read) {
        let Self { path, text, key } = self;
        let facts = key.and_then(|key| {
            // What was just packed can be unpacked; but nothing is lost by making it once more.
            let facts = cache.get(&key).map_or_else(|| lift::lift(&text), Ok);
            facts.map(Arc::new).map_err(Problem::Rejected)
        });
        (path, Read { text, facts })
    }
}

fn read(path: &Path, files: &dyn Files, cache: &Cache) -> Lifted {
    let path = path.to_owned();
    let unread = |path, problem| Lifted {
        path,
        text: Arc::from(""),
        key: Err(problem),
    };
    let bytes = match files.read(&path, LARGEST_FILE) {
        Ok(bytes) => bytes,
        Err(error) => return unread(path, Problem::Io(error)),
    };
    let key = cache::key(&bytes);
    let text: Arc<str> = match String::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(error) => return unread(path, Problem::Utf8(error.utf8_error().valid_up_to())),
    };
    let key = if cache.keep(key) {
        Ok(key)
    } else {
        let facts = lift::lift(&text).map_err(Problem::Rejected);
        facts.map(|facts| {
            cache.add(key, &facts);
            key
        })
    };
    Lifted { path, text, key }
}

fn diagnose(
    problem: &Problem,
    name: &str,
    file: crate::span::FileId,
    pending: &Pending,
) -> Diagnostic {
    let at_declaration = |diagnostic: Diagnostic| match &pending.declared {
        Some(declared) => diagnostic.at(declared.span, "declared here"),
        None => diagnostic,
    };
    match problem {
        Problem::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => at_declaration(
            Diagnostic::error(
                codes::TOO_LARGE,
                format!("{name} is larger than {} MiB", LARGEST_FILE >> 20),
            )
            .help("split the file; data belongs into a file of its own that the code reads"),
        ),
        Problem::Io(error) => at_declaration(Diagnostic::error(
            codes::UNREADABLE,
            format!("cannot read {name}: {error}"),
        )),
        Problem::Utf8(at) => at_declaration(
            Diagnostic::error(
                codes::UNREADABLE,
                format!("{name} is not UTF-8: byte {at} begins no character"),
            )
            .help("save the file as UTF-8"),
        ),
        Problem::Rejected(rejection) => {
            let span = Span {
                file,
                start: rejection.spot.start,
                end: rejection.spot.start + rejection.spot.len,
            };
            if rejection.too_large {
                Diagnostic::error(codes::TOO_LARGE, rejection.message.clone())
                    .at(span, "too deep from here on")
                    .help("split the expression or the module")
            } else {
                Diagnostic::error(codes::SYNTAX, format!("{name} does not parse"))
                    .at(span, rejection.message.clone())
                    .help("cargo check says more about broken syntax")
            }
        }
    }
}
