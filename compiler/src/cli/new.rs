//! `cloudc new`

use std::io;
use std::path::Path;

use super::arguments::{MessageFormat, New, TemplateName};
use super::{DONE, output};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::new::{self, Runtime, Template};
use crate::span::Sources;

pub(super) fn run(arguments: &New) -> u8 {
    match make(arguments) {
        Ok(()) => DONE,
        Err(found) => output::report(&[found], &Sources::default(), MessageFormat::Text),
    }
}

fn make(arguments: &New) -> Result<(), Diagnostic> {
    let folder = &arguments.folder;
    let refuse = |message: String| Diagnostic::error(codes::PROJECT, message);
    let name = folder.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| refuse(format!("{} names no folder", folder.display())))?;
    let template = match arguments.template {
        TemplateName::Hello => Template::Hello,
        TemplateName::Worker => Template::Worker,
    };
    let folder_of_runtime = match &arguments.runtime {
        None => None,
        Some(path) => {
            let path = path.canonicalize().map_err(|error| {
                refuse(format!(
                    "cannot open the runtime's folder {}: {error}",
                    path.display()
                ))
            })?;
            if !path.join("Cargo.toml").is_file() {
                return Err(refuse(format!("there is no package in {}", path.display()))
                    .help("name the folder `runtime` of cloudc's source"));
            }
            Some(path.to_string_lossy().into_owned())
        }
    };
    let runtime = match &folder_of_runtime {
        None => Runtime::Version(env!("CARGO_PKG_VERSION")),
        Some(path) => Runtime::Path(path),
    };
    let files = new::files(template, name, runtime).map_err(|error| {
        refuse(error.to_string()).help(format!("cloudc new {}", error.proposal))
    })?;
    if folder.exists() {
        return Err(Diagnostic::error(
            codes::FOREIGN_FILES,
            format!("{} is there already", folder.display()),
        )
        .help("choose another name, or remove it"));
    }
    let failed = |error: io::Error| {
        let message = format!("cannot write {}: {error}", folder.display());
        Diagnostic::error(codes::WRITE_FAILED, message)
    };
    write(folder, &files).map_err(failed)?;
    output::note(&format!(
        "made {}: now cd there, and run cargo test",
        folder.display()
    ));
    if let Some(workspace) = workspace_around(folder) {
        output::note(&format!(
            "{} is a workspace: add \"{name}\" to its members, or cargo refuses the new package",
            workspace.display()
        ));
    }
    Ok(())
}

/// Writes the files beside their place first, and moves them there whole.
fn write(
    folder: &Path,
    files: &std::collections::BTreeMap<&'static str, String>,
) -> io::Result<()> {
    let parent = match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(parent)?;
    let staging = tempfile::Builder::new()
        .prefix(".cloudc-new-")
        .tempdir_in(parent)?;
    let inner = staging.path().join("new");
    for (path, text) in files {
        let path = inner.join(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, text)?;
    }
    std::fs::rename(&inner, folder)
}

/// The manifest of a workspace in a folder around, which would claim the new package.
fn workspace_around(folder: &Path) -> Option<std::path::PathBuf> {
    let folder = folder.canonicalize().ok()?;
    folder
        .ancestors()
        .skip(1)
        .map(|around| around.join("Cargo.toml"))
        .find(|manifest| {
            let text = std::fs::read_to_string(manifest).unwrap_or_default();
            text.parse::<toml::Table>()
                .is_ok_and(|table| table.contains_key("workspace"))
        })
}
