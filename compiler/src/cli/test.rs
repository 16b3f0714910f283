//! `cloudc test`

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::arguments::{MessageFormat, Test};
use super::check::checked;
use super::child::{self, Ending};
use super::open::Opened;
use super::{DONE, REFUSED, output, whole};
use crate::codes;
use crate::coverage::Coverage;
use crate::diagnostic::Diagnostic;
use crate::render;
use crate::span::Sources;

/// The runtime reads these two: `runtime/src/testing/agreement.rs`.
const GRAPH: &str = "CLOUDC_GRAPH";
const USES: &str = "CLOUDC_USES";

pub(super) fn run(arguments: &Test) -> u8 {
    let format = arguments.project.message_format;
    let opened = match checked(&arguments.project) {
        Ok(opened) => opened,
        Err(found) => return output::report_beside(&[found], &Sources::default(), format),
    };
    let (graph, sources) = (&opened.analysis.graph, &opened.analysis.sources);
    if output::report_beside(&opened.analysis.diagnostics, sources, format) == REFUSED {
        return REFUSED;
    }
    let (passed, coverage) = match test(arguments, &opened) {
        Ok(Tested::Finished { passed, coverage }) => (passed, coverage),
        Ok(Tested::Stopped(signal)) => {
            child::end_by(signal);
            return REFUSED;
        }
        Err(found) => return output::report_beside(&[found], sources, format),
    };
    match format {
        MessageFormat::Json => {
            output::print(&render::coverage_json(graph, sources, &coverage, passed));
        }
        // Cargo has said why: most likely the tests do not compile.
        MessageFormat::Text if !passed && coverage.processes == 0 => {
            output::note("cargo failed before a test made a world: nothing to say about the edges");
        }
        MessageFormat::Text => output::print(&render::coverage(graph, sources, &coverage)),
    }
    let never_true = coverage.never_true.as_ref().map_or(0, Vec::len);
    if never_true > 0 && format == MessageFormat::Text {
        let many = output::count(never_true, "`sometimes!` was", "`sometimes!` were");
        output::note(&format!("refused: {many} never true"));
    }
    let left = coverage.unexercised.len();
    let denied = arguments.deny_unexercised && left > 0;
    if denied && format == MessageFormat::Text {
        let left = output::count(left, "edge is", "edges are");
        output::note(&format!("refused by --deny-unexercised: {left} left"));
    }
    if passed && !denied && never_true == 0 {
        DONE
    } else {
        REFUSED
    }
}

enum Tested {
    /// Cargo came to its end.
    Finished {
        /// Whether it says that all is well.
        passed: bool,
        coverage: Coverage,
    },
    /// By this signal.
    Stopped(i32),
}

/// Runs cargo, and reads what the test processes wrote. The files are gone when this returns.
fn test(arguments: &Test, opened: &Opened) -> Result<Tested, Diagnostic> {
    let folder = Folder::new(opened).map_err(|error| {
        let place = std::env::temp_dir();
        // The error itself has the folder's name, which is another one each time.
        let message = format!("cannot write to {}: {}", place.display(), error.kind());
        Diagnostic::error(codes::WRITE_FAILED, message)
    })?;
    let mut command = command(arguments, opened, &folder);
    let program = PathBuf::from(command.get_program());
    let ended = child::run(&mut command).map_err(|error| {
        let message = format!("cannot run {}: {error}", program.display());
        Diagnostic::error(codes::PROJECT, message).help("install Rust: https://rustup.rs")
    })?;
    let passed = match ended {
        Ending::Done(passed) => passed,
        Ending::Stopped(signal) => return Ok(Tested::Stopped(signal)),
    };
    let unreadable = |why: String| {
        let message = format!("cannot read what the tests did: {why}");
        Diagnostic::error(codes::WRITE_FAILED, message)
    };
    let files = read(&folder.uses()).map_err(|error| unreadable(error.to_string()))?;
    let files = files.iter().map(String::as_str);
    let mut coverage = Coverage::of(&opened.analysis.graph, files).map_err(|error| {
        unreadable(error.to_string())
            .help("do cloudc and the application's crate `cloudc` have one version?")
    })?;
    if !passed || !whole::is_whole(&arguments.arguments) {
        coverage.never_true = None;
    }
    Ok(Tested::Finished { passed, coverage })
}

/// A folder of this run's own: the graph, and a folder in which the test processes write.
struct Folder(TempDir);

impl Folder {
    fn new(opened: &Opened) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("cloudc-test-").tempdir()?;
        let folder = Self(folder);
        let analysis = &opened.analysis;
        let json = render::json(&analysis.graph, &analysis.sources);
        std::fs::write(folder.graph(), json)?;
        std::fs::create_dir(folder.uses())?;
        Ok(folder)
    }

    fn graph(&self) -> PathBuf {
        self.0.path().join("graph.json")
    }

    fn uses(&self) -> PathBuf {
        self.0.path().join("uses")
    }
}

/// Cargo with the package and the features for which the graph was built. It runs in the package's folder, so its
/// settings and toolchain are the package's, wherever the user stands.
fn command(arguments: &Test, opened: &Opened, folder: &Folder) -> Command {
    let project = &arguments.project;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    if arguments.nextest {
        command.args(["nextest", "run"]);
    } else {
        command.arg("test");
    }
    if let Some(package) = opened.project.crates.first() {
        command.args(["-p", &package.package]);
    }
    for features in &project.features {
        command.args(["--features", features]);
    }
    if project.all_features {
        command.arg("--all-features");
    }
    if project.no_default_features {
        command.arg("--no-default-features");
    }
    command
        .args(&arguments.arguments)
        .current_dir(&opened.project.folder)
        .env(GRAPH, folder.graph())
        .env(USES, folder.uses());
    if project.message_format == MessageFormat::Json {
        // The standard output is for the one object.
        command.stdout(Stdio::from(io::stderr()));
    }
    command
}

/// The files of a folder, whatever bytes they have, in an order that no folder changes.
fn read(folder: &Path) -> io::Result<Vec<String>> {
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let bytes = std::fs::read(entry?.path())?;
        texts.push(String::from_utf8_lossy(&bytes).into_owned());
    }
    texts.sort_unstable();
    Ok(texts)
}
