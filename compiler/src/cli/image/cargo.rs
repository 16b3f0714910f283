//! Cargo builds the program.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::cli::child::{self, Ending};
use crate::codes;
use crate::diagnostic::Diagnostic;

use super::flags;
use super::stage::{LINK, Stage};
use super::toolchain::Toolchain;

/// Builds the stage, and reads the program.
pub(super) fn build(
    stage: &Stage,
    folder: &Path,
    name: &str,
    toolchain: &Toolchain,
) -> Result<Vec<u8>, Diagnostic> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(&cargo);
    command
        .args(["build", "--release", "--target", toolchain.triple])
        .arg("--manifest-path")
        .arg(stage.folder.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&stage.target)
        // The package's settings and toolchain, wherever the user stands.
        .current_dir(folder)
        .envs(toolchain.variables.iter().cloned())
        .stdin(Stdio::null())
        // The standard output is cloudc's own.
        .stdout(Stdio::from(io::stderr()));
    flags::add(&mut command, folder, toolchain.triple, &ours(stage));
    let failed = |message: String| Diagnostic::error(codes::PROGRAM_FAILED, message);
    let ended = child::run(&mut command).map_err(|error| {
        let cargo = Path::new(&cargo).display();
        failed(format!("cannot run {cargo}: {error}")).help("install Rust: https://rustup.rs")
    })?;
    match ended {
        Ending::Done(true) => {}
        Ending::Done(false) => {
            return Err(failed("cargo could not build the program".to_owned())
                .help("cargo has said why above; nothing was written"));
        }
        Ending::Stopped(signal) => {
            child::end_by(signal);
            return Err(failed("cargo was stopped".to_owned()));
        }
    }
    let program = stage
        .target
        .join(toolchain.triple)
        .join("release")
        .join(name);
    std::fs::read(&program)
        .map_err(|error| failed(format!("cannot read {}: {error}", program.display())))
}

/// A static program, in which no path of this machine is.
fn ours(stage: &Stage) -> Vec<String> {
    let remap = |from: &Path, to: &str| format!("--remap-path-prefix={}={to}", from.display());
    let mut flags = vec!["-Ctarget-feature=+crt-static".to_owned()];
    // The last one that fits counts.
    flags.extend(flags::cargo_home().map(|home| remap(&home, "/cargo")));
    flags.push(remap(&stage.folder, "/build"));
    flags.push(remap(&stage.target, "/build/target"));
    flags.push(remap(Path::new(LINK), ""));
    flags
}
