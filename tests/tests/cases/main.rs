//! The cases of `tests/cases`: source and what is expected of it side by side in one file. How to write one is
//! in `tests/cases/README.md`.

mod archive;
mod compile;
mod pages;
mod shell;
mod snapshot;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

use archive::Archive;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let mut paths = Vec::new();
    find(&top, &mut paths);
    paths.sort();
    let trial = |path: PathBuf| {
        let name = path.strip_prefix(&top).expect("it was found there");
        let name = name.with_extension("").to_string_lossy().replace('\\', "/");
        Trial::test(name, move || run(&path))
    };
    let trials = paths
        .into_iter()
        .map(trial)
        .chain(pages::trials())
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn find(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            find(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "txt") {
            paths.push(path);
        }
    }
}

fn run(path: &Path) -> Result<(), Failed> {
    let text = fs::read_to_string(path).expect("a case is text");
    let case = Archive::parse(&text)?;
    let is_session = case
        .sections
        .iter()
        .any(|section| section.command().is_some());
    let found = if is_session {
        shell::answer(&case)
    } else {
        compile::answer(&case)?
    };
    snapshot::compare(path, &text, &found.to_string())
}
