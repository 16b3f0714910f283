//! A tree is written whole or not at all: beside the old one first, then put in its place.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::codes;
use crate::diagnostic::Diagnostic;

use super::{MARKER, Tree, marker};

/// How many foreign files are named before the rest is only counted.
const NAMED: usize = 8;

/// Whether [`write()`] would replace a folder: to be known before what is written takes minutes to make.
///
/// # Errors
///
/// [`codes::FOREIGN_FILES`] for a folder with files that are not cloudc's; [`codes::WRITE_FAILED`] for one that cannot be read.
pub fn check(folder: &Path, force: bool) -> Result<(), Diagnostic> {
    refuse_unmarked(folder)?;
    if force {
        Ok(())
    } else {
        refuse_foreign(folder)
    }
}

/// Replaces a folder by a tree. Missing parents are made.
///
/// The old folder is there in full until the new one is, and stays if anything fails. What it holds
/// is removed only where cloudc wrote it and nobody changed it since; with `force` also what was changed or
/// added. A folder that cloudc never wrote is never replaced.
///
/// # Errors
///
/// [`codes::FOREIGN_FILES`] for a folder with files that are not cloudc's; [`codes::WRITE_FAILED`] for
/// what the operating system refuses, with the path and its reason.
pub fn write(tree: &Tree, folder: &Path, force: bool) -> Result<(), Diagnostic> {
    check(folder, force)?;
    let folder = absolute(folder)?;
    let (Some(parent), Some(name)) = (folder.parent(), folder.file_name()) else {
        return Err(failed(
            "replace",
            &folder,
            &io::Error::other("it is no folder of its own"),
        ));
    };
    fs::create_dir_all(parent).map_err(|error| failed("make", parent, &error))?;
    // Beside the folder: on the same file system, so that it can be moved. Removed on any way out.
    let prefix = format!(".{}-", name.to_string_lossy());
    let staging = tempfile::Builder::new()
        .prefix(&prefix)
        .tempdir_in(parent)
        .map_err(|error| failed("write into", parent, &error))?;
    let new = staging.path().join("new");
    fill(&new, tree).map_err(|(path, error)| failed("write", &folder.join(path), &error))?;
    swap(staging, &new, &folder)
}

/// A folder with something in it that cloudc never wrote is somebody's work, whatever `force` says: it
/// may be the project itself.
fn refuse_unmarked(folder: &Path) -> Result<(), Diagnostic> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed("read", folder, &error)),
    };
    if entries.count() == 0 || folder.join(MARKER).is_file() {
        return Ok(());
    }
    let message = format!("`{}` is not a folder that cloudc wrote", folder.display());
    Err(Diagnostic::error(codes::FOREIGN_FILES, message)
        .help("give a folder that does not exist yet, or an empty one; nothing was removed"))
}

fn refuse_foreign(folder: &Path) -> Result<(), Diagnostic> {
    let foreign = match marker::foreign(folder) {
        Ok(foreign) => foreign,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed("read", folder, &error)),
    };
    if foreign.is_empty() {
        return Ok(());
    }
    let mut named: Vec<String> = foreign
        .iter()
        .take(NAMED)
        .map(|file| format!("\n  {file}"))
        .collect();
    if foreign.len() > NAMED {
        named.push(format!("\n  and {} more", foreign.len() - NAMED));
    }
    let message = format!(
        "`{}` holds files that cloudc did not write, and would remove:{}",
        folder.display(),
        named.concat()
    );
    Err(Diagnostic::error(codes::FOREIGN_FILES, message).help(
        "move them elsewhere, or have `cloudc build` choose another folder with `--out` or replace them with `--force`; \
         changes to manifests belong in a kustomize overlay outside of this folder",
    ))
}

/// Writes every file and has the disk keep it. Errors name the file as the tree does.
fn fill<'a>(folder: &Path, tree: &'a Tree) -> Result<(), (&'a str, io::Error)> {
    fs::create_dir(folder).map_err(|error| ("", error))?;
    let marker = marker::of(tree).map_err(|error| (MARKER, error.into()))?;
    let files = tree.iter().map(|(path, bytes)| (path.as_str(), bytes));
    for (path, bytes) in files.chain([(MARKER, &marker)]) {
        file(&folder.join(path), bytes).map_err(|error| (path, error))?;
    }
    sync(folder).map_err(|error| ("", error))
}

fn file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = match fs::File::create_new(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(path.parent().unwrap_or(path))?;
            fs::File::create_new(path)?
        }
        file => file?,
    };
    file.write_all(bytes)?;
    if cfg!(not(target_os = "linux")) {
        file.sync_all()?;
    }
    Ok(())
}

/// One call for all of the tree: a call a file takes a thousand times as long for a large application.
#[cfg(target_os = "linux")]
fn sync(folder: &Path) -> io::Result<()> {
    Ok(rustix::fs::syncfs(fs::File::open(folder)?)?)
}

#[cfg(not(target_os = "linux"))]
fn sync(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Puts the new folder in the old one's place, in one step where the system has one.
fn swap(staging: TempDir, new: &Path, folder: &Path) -> Result<(), Diagnostic> {
    let fail = |error: io::Error| failed("replace", folder, &error);
    if fs::symlink_metadata(folder).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return fs::rename(new, folder).map_err(fail);
    }
    if !folder.is_dir() {
        return Err(fail(io::ErrorKind::NotADirectory.into()));
    }
    if exchange(new, folder) {
        return Ok(());
    }
    let old = staging.path().join("old");
    fs::rename(folder, &old).map_err(fail)?;
    fs::rename(new, folder).map_err(|error| {
        if fs::rename(&old, folder).is_err() {
            // The old tree is in there.
            let kept = staging.keep();
            return fail(io::Error::other(format!(
                "{error}; the old tree is in {}",
                kept.display()
            )));
        }
        fail(error)
    })
}

#[cfg(target_os = "linux")]
fn exchange(new: &Path, folder: &Path) -> bool {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, new, CWD, folder, RenameFlags::EXCHANGE).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn exchange(_new: &Path, _folder: &Path) -> bool {
    false
}

/// The folder itself, where the user names a link to it: the link stays.
fn absolute(folder: &Path) -> Result<PathBuf, Diagnostic> {
    fs::canonicalize(folder)
        .or_else(|_| std::path::absolute(folder))
        .map_err(|error| failed("find", folder, &error))
}

fn failed(verb: &str, path: &Path, error: &io::Error) -> Diagnostic {
    let message = format!("cannot {verb} `{}`: {error}", path.display());
    Diagnostic::error(codes::WRITE_FAILED, message)
        .help("nothing was replaced: what was there before still is there")
}

#[cfg(test)]
mod tests;
