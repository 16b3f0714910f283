//! `cloudc man`

use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use clap::{Command, CommandFactory as _};

use super::arguments::{Cli, Man, MessageFormat};
use super::{DONE, output};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::span::Sources;

pub(super) fn run(arguments: &Man) -> u8 {
    match write(arguments.out.as_deref()) {
        Ok(()) => DONE,
        Err((path, error)) => {
            let message = format!("cannot write {path}: {error}");
            let found = Diagnostic::error(codes::WRITE_FAILED, message);
            output::report(&[found], &Sources::default(), MessageFormat::Text)
        }
    }
}

/// Writes all pages into a folder, or the first one to the standard output.
fn write(folder: Option<&Path>) -> Result<(), (String, io::Error)> {
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    let Some(folder) = folder else {
        let (_, text) = page(&root).map_err(|error| ("the page".to_owned(), error))?;
        output::print(&String::from_utf8_lossy(&text));
        return Ok(());
    };
    let at = |path: &Path, error| (path.display().to_string(), error);
    fs::create_dir_all(folder).map_err(|error| at(folder, error))?;
    let mut commands = vec![&root];
    let mut written = 0;
    while let Some(command) = commands.pop() {
        let (name, text) = page(command).map_err(|error| at(folder, error))?;
        let path = folder.join(name);
        put(folder, &path, &text).map_err(|error| at(&path, error))?;
        written += 1;
        commands.extend(command.get_subcommands());
    }
    let pages = output::count(written, "page", "pages");
    output::note(&format!("wrote {pages} to {}", folder.display()));
    Ok(())
}

/// A command's page, and what its file is called: `cloudc-queue-ls.1`.
fn page(command: &Command) -> io::Result<(String, Vec<u8>)> {
    let page = clap_mangen::Man::new(command.clone())
        .source(concat!("cloudc ", env!("CARGO_PKG_VERSION")))
        .manual("cloudc");
    let mut text = Vec::new();
    page.render(&mut text)?;
    Ok((page.get_filename(), text))
}

/// Beside the file first, then in its place: a page is whole or as it was.
fn put(folder: &Path, path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = tempfile::Builder::new()
        // What the user's mask leaves of it: others read manuals too.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)?;
    file.write_all(text)?;
    file.persist(path)?;
    Ok(())
}
