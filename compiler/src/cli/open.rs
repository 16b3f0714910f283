//! From the arguments to an analysed project.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::arguments::{Deny, ProjectArguments};
use crate::codes;
use crate::config::{Config, Settings};
use crate::diagnostic::{self, Diagnostic, Severity};
use crate::load::cache::Cache;
use crate::project::files::{Disk, Files as _};
use crate::project::{Options, Project, cargo};
use crate::span::Sources;
use crate::{Analysis, analyse};

/// The largest `cloudc.toml`, in bytes.
const LARGEST_CONFIG: usize = 1 << 20;

/// A project, and all that there is to say about it.
pub(super) struct Opened {
    pub(super) project: Project,
    pub(super) settings: Settings,
    pub(super) analysis: Analysis,
}

impl Opened {
    /// Whether anything is wrong enough that nothing may be written.
    pub(super) fn is_refused(&self) -> bool {
        let mut all = self.analysis.diagnostics.iter();
        all.any(|found| found.severity == Severity::Error)
    }
}

/// Finds, reads and analyses.
///
/// # Errors
///
/// What keeps cloudc from even starting: no project, no threads.
pub(super) fn open(arguments: &ProjectArguments) -> Result<Opened, Diagnostic> {
    open_for(arguments, None)
}

/// The same, with the conditions of one of rustc's targets.
pub(super) fn open_for(
    arguments: &ProjectArguments,
    target: Option<&'static str>,
) -> Result<Opened, Diagnostic> {
    let options = Options {
        package: arguments.package.clone(),
        features: arguments
            .features
            .iter()
            .flat_map(|features| features.split_whitespace())
            .map(str::to_owned)
            .collect(),
        all_features: arguments.all_features,
        no_default_features: arguments.no_default_features,
        target,
    };
    let project = cargo::find(&arguments.folder, &options)?;
    let mut sources = Sources::default();
    let (settings, found) = settings(&project, &mut sources, arguments.env.as_deref());
    let pack = folder(&project).join(".cache").join("facts");
    let cache = Cache::open(std::fs::read(&pack).unwrap_or_default(), &stamp());
    let target = settings.target;
    let mut analysis = analyse(&project, &Disk, &cache, sources, target).map_err(|error| {
        Diagnostic::error(codes::PROJECT, format!("cannot start threads: {error}"))
    })?;
    keep(&cache, &pack);
    analysis.diagnostics.extend(found);
    if arguments.deny.contains(&Deny::Warnings) {
        for found in &mut analysis.diagnostics {
            found.severity = Severity::Error;
        }
    }
    diagnostic::sort(&mut analysis.diagnostics);
    Ok(Opened {
        project,
        settings,
        analysis,
    })
}

/// Where cloudc writes: beside the package, so that the applications of a workspace don't meet.
pub(super) fn folder(project: &Project) -> PathBuf {
    project.folder.join("target").join("cloudc")
}

fn settings(
    project: &Project,
    sources: &mut Sources,
    environment: Option<&str>,
) -> (Settings, Vec<Diagnostic>) {
    let path = project.folder.join("cloudc.toml");
    let name = path.strip_prefix(&project.root).unwrap_or(&path);
    let name = name.to_string_lossy().replace('\\', "/");
    let refuse = |message: String| {
        let found = Diagnostic::error(codes::CONFIG_SYNTAX, message);
        (Settings::default(), vec![found])
    };
    let text = match Disk.read(&path, LARGEST_CONFIG).map(String::from_utf8) {
        Ok(Ok(text)) => text,
        Ok(Err(_)) => return refuse(format!("{name} is not UTF-8")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return refuse(format!("cannot read {name}: {error}")),
    };
    let file = sources.add(name, &path, Arc::from(text.as_str()));
    let (config, mut found) = Config::parse(&text, file);
    match config.settings(environment) {
        Ok(settings) => (settings, found),
        Err(unknown) => {
            // A broken file may well have the environment.
            if found.is_empty() {
                found.push(unknown);
            }
            (Settings::default(), found)
        }
    }
}

/// Tells this cloudc from another one, whose facts may have another form.
fn stamp() -> String {
    let executable = std::env::current_exe().and_then(std::fs::metadata);
    let built = executable.and_then(|metadata| Ok((metadata.len(), metadata.modified()?)));
    format!("{} {built:?}", env!("CARGO_PKG_VERSION"))
}

/// Keeps the facts for the next run. Without them that run is only slower, so nothing is said.
fn keep(cache: &Cache, path: &Path) {
    let Some(pack) = cache.pack() else { return };
    let Some(folder) = path.parent() else { return };
    let written = std::fs::create_dir_all(folder)
        .and_then(|()| tempfile::NamedTempFile::new_in(folder))
        .and_then(|mut file| {
            io::Write::write_all(&mut file, &pack)?;
            Ok(file)
        });
    if let Ok(file) = written {
        let _ = file.persist(path);
    }
}
