//! A session with the real binary: the files of a case in a folder of their own, and commands typed there.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::archive::{Archive, Section};

/// The case with what each command prints.
pub(crate) fn answer(case: &Archive) -> Result<Archive, String> {
    let folder = write(case)?;
    let mut answered = case.clone();
    for section in &mut answered.sections {
        if let Some(command) = section.command() {
            let output = shell(command, folder.path())?;
            section.text = transcript(&output, folder.path());
        }
    }
    Ok(answered)
}

/// The files of a case in a new folder.
pub(crate) fn write(case: &Archive) -> Result<TempDir, String> {
    let folder = tempfile::Builder::new().prefix("case-").tempdir().map_err(|error| error.to_string())?;
    for Section { name, text } in case.files() {
        let path = folder.path().join(name);
        let parent = path.parent().unwrap_or(folder.path());
        let written = fs::create_dir_all(parent).and_then(|()| fs::write(&path, text));
        written.map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(folder)
}

fn shell(command: &str, folder: &Path) -> Result<Output, String> {
    let cloudc = env!("CARGO_BIN_EXE_cloudc-under-test");
    Command::new("bash")
        .arg("-c")
        .arg(format!("cloudc() {{ {cloudc:?} \"$@\"; }}; {command}"))
        .current_dir(folder)
        // No line is broken because of how long the folder's name is.
        .env("COLUMNS", "1000")
        .env("LC_ALL", "C.UTF-8")
        .env_remove("CARGO_TARGET_DIR")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| error.to_string())
}

/// What came out: the standard output, then the standard error under a line of its own, then the exit code.
fn transcript(output: &Output, folder: &Path) -> String {
    let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let text = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let text = text.replace(&*real.to_string_lossy(), "[folder]");
        text.replace(&*folder.to_string_lossy(), "[folder]")
    };
    let mut transcript = text(&output.stdout);
    let errors = text(&output.stderr);
    if !errors.is_empty() {
        transcript.push_str("[standard error]\n");
        transcript.push_str(&errors);
    }
    if !transcript.is_empty() && !transcript.ends_with('\n') {
        transcript.push('\n');
    }
    match output.status.code() {
        Some(code) => transcript.push_str(&format!("[exit code {code}]\n")),
        None => transcript.push_str(&format!("[{}]\n", output.status)),
    }
    transcript
}
