//! The folder in which the program is built.
//!
//! Cargo names what it compiles by where it lies: a package in or below the workspace that is built by its place there,
//! any other one by its absolute path, so that the same source in two folders gave two programs. In the stage every local
//! package lies below: behind a link to the folder that holds them all, which cargo does not resolve.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use cargo_metadata::MetadataCommand;

use crate::cli::arguments::ProjectArguments;
use crate::cli::open::{self, Opened};
use crate::cli::{output, shim};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::emit;
use crate::project::Project;

/// The link's name in the stage.
pub(super) const LINK: &str = "sources";

/// The stage of a package. Nobody else changes it, or builds in it, as long as this is there.
pub(super) struct Stage {
    /// The package that cargo builds.
    pub(super) folder: PathBuf,
    /// Where cargo puts what it makes; it stays, so the next build compiles what changed.
    pub(super) target: PathBuf,
    _lock: File,
}

pub(super) fn lay(
    opened: &Opened,
    arguments: &ProjectArguments,
    graph: &str,
) -> Result<Stage, Diagnostic> {
    let project = &opened.project;
    let cache = open::folder(project).join(".cache").join("image");
    let folder = cache.join("stage");
    let failed = |error: io::Error| {
        let message = format!("cannot write into `{}`: {error}", cache.display());
        Diagnostic::error(codes::WRITE_FAILED, message)
    };
    fs::create_dir_all(&folder).map_err(failed)?;
    let lock = File::create(cache.join("lock")).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            output::note("waiting: another build of this project is under way");
            lock.lock().map_err(failed)?;
        }
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }

    let mut folders: Vec<&Path> = vec![&project.root];
    folders.extend(project.crates.iter().map(|krate| krate.folder.as_path()));
    let mut top = shared(&folders);
    link(&folder, &top).map_err(failed)?;
    let given = project
        .runtime
        .as_ref()
        .and_then(|runtime| runtime.path.clone());
    let mut runtime = seen(project, &folder, &top)?;
    if let (Some(given), Some(found)) = (&given, &runtime)
        && found.canonicalize().ok() != given.canonicalize().ok()
    {
        // It is reached from the package's folder, by a path that leaves what was linked.
        folders.push(given);
        top = shared(&folders);
        link(&folder, &top).map_err(failed)?;
        runtime = seen(project, &folder, &top)?;
    }
    let way = |path: &Path| match &runtime {
        // As the package names it: for cargo another path is another package.
        Some(found) if given.as_deref() == Some(path) => inside(found, &folder),
        _ => match path.strip_prefix(&top) {
            Ok(below) => slashes(&Path::new(LINK).join(below)),
            Err(_) => slashes(path),
        },
    };
    let mut input = shim::input(opened, arguments, graph, &way)?;
    input.exclude = Some(LINK.to_owned());
    let files = emit::shim::shim(&input).map_err(|error| failed(io::Error::other(error)))?;
    for (path, bytes) in &files {
        let path = folder.join(path.trim_start_matches("shim/"));
        write(&path, bytes).map_err(failed)?;
    }
    Ok(Stage {
        folder,
        target: cache.join("target"),
        _lock: lock,
    })
}

/// Where cargo sees the runtime when it looks at the package through the link; nowhere if it is not a path.
fn seen(project: &Project, stage: &Path, top: &Path) -> Result<Option<PathBuf>, Diagnostic> {
    let package = project.folder.strip_prefix(top).unwrap_or(&project.folder);
    let manifest = stage.join(LINK).join(package).join("Cargo.toml");
    let metadata = MetadataCommand::new()
        .manifest_path(&manifest)
        .current_dir(&project.folder)
        .no_deps()
        .exec()
        .map_err(|error| {
            let message = format!("cargo cannot describe {}: {error}", manifest.display());
            Diagnostic::error(codes::PROJECT, message)
        })?;
    let packages = metadata.packages.iter();
    let mut dependencies = packages
        .filter(|package| package.manifest_path.as_std_path() == manifest)
        .flat_map(|package| &package.dependencies)
        .filter(|dependency| dependency.name == "cloudc");
    let path = dependencies.find_map(|dependency| dependency.path.clone());
    Ok(path.map(cargo_metadata::camino::Utf8PathBuf::into_std_path_buf))
}

/// The lowest folder that holds all of these.
fn shared(folders: &[&Path]) -> PathBuf {
    let mut folders = folders.iter();
    let first = folders.next().map_or(Path::new("/"), |first| first);
    folders.fold(first.to_owned(), |shared, folder| {
        let parts = shared.components().zip(folder.components());
        let same = parts.take_while(|(a, b)| a == b);
        same.map(|(part, _)| part).collect()
    })
}

fn inside(path: &Path, stage: &Path) -> String {
    slashes(path.strip_prefix(stage).unwrap_or(path))
}

fn slashes(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// Puts the link, if it is not there yet.
fn link(stage: &Path, to: &Path) -> io::Result<()> {
    let link = stage.join(LINK);
    if fs::read_link(&link).is_ok_and(|there| there == to) {
        return Ok(());
    }
    match fs::remove_file(&link) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    #[cfg(unix)]
    return std::os::unix::fs::symlink(to, &link);
    #[cfg(not(unix))]
    std::os::windows::fs::symlink_dir(to, &link)
}

/// Writes a file, if it has other bytes: cargo compiles anew what was written anew.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_that_holds_all() {
        let of = |folders: &[&str]| {
            let folders: Vec<&Path> = folders.iter().map(Path::new).collect();
            shared(&folders).display().to_string()
        };
        assert_eq!(of(&["/a/shop", "/a/shop/stock"]), "/a/shop");
        assert_eq!(of(&["/a/shop", "/a/shop-stock"]), "/a");
        assert_eq!(of(&["/a/shop", "/b"]), "/");
    }
}
