//! Cargo builds the program.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId, Source};

use crate::cli::child::{self, Ending};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::image::Component;
use crate::project::Project;

use super::flags;
use super::stage::{LINK, Stage};
use super::toolchain::Toolchain;

/// Has cargo bring the user's `Cargo.lock` up to date, as `cargo build` does: what it chooses for the stage alone would be chosen anew
/// on another machine, and another day, and make another image.
pub(super) fn lock(project: &Project, toolchain: &Toolchain) -> Result<(), Diagnostic> {
    let mut command = command();
    command
        // Of all that brings it up to date, this alone gets no packages that the program does not need.
        .args(["tree", "--depth", "0", "--edges", "no-dev"])
        .args(["--target", toolchain.triple])
        .arg("--manifest-path")
        .arg(project.folder.join("Cargo.toml"))
        .current_dir(&project.folder)
        .stdout(Stdio::null());
    run(&mut command, "cargo could not bring Cargo.lock up to date")
}

/// How many packages of the program the user's `Cargo.lock` does not have: those of features that nobody but the stage turns on.
pub(super) fn unlocked(stage: &Stage, project: &Project) -> usize {
    let packages = |folder: &Path| -> BTreeSet<(String, String)> {
        let text = std::fs::read_to_string(folder.join("Cargo.lock")).unwrap_or_default();
        let lock: toml::Table = text.parse().unwrap_or_default();
        let packages = lock.get("package").and_then(toml::Value::as_array);
        let published = packages.into_iter().flatten().filter_map(|package| {
            // What has no source lies in a folder, and has no version to choose.
            package.get("source")?;
            let text = |key: &str| Some(package.get(key)?.as_str()?.to_owned());
            Some((text("name")?, text("version")?))
        });
        published.collect()
    };
    let (built, locked) = (packages(&stage.folder), packages(&project.root));
    built.difference(&locked).count()
}

/// Builds the stage, and reads the program.
pub(super) fn build(
    stage: &Stage,
    project: &Project,
    name: &str,
    toolchain: &Toolchain,
) -> Result<Vec<u8>, Diagnostic> {
    let mut command = command();
    command
        .args(["build", "--release", "--target", toolchain.triple])
        .arg("--manifest-path")
        .arg(stage.folder.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&stage.target)
        // The package's settings and toolchain, wherever the user stands.
        .current_dir(&project.folder)
        .envs(toolchain.variables.iter().cloned());
    flags::add(&mut command, project, toolchain.triple, &ours(stage));
    run(&mut command, "cargo could not build the program")?;
    let program = stage
        .target
        .join(toolchain.triple)
        .join("release")
        .join(name);
    std::fs::read(&program)
        .map_err(|error| failed(format!("cannot read {}: {error}", program.display())))
}

fn failed(message: String) -> Diagnostic {
    Diagnostic::error(codes::PROGRAM_FAILED, message)
}

/// Cargo, for who sees what it says on the standard error.
fn command() -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command
        .stdin(Stdio::null())
        // The standard output is cloudc's own.
        .stdout(Stdio::from(io::stderr()));
    command
}

/// Runs cargo; `not_done` says what it is that failed.
fn run(command: &mut Command, not_done: &str) -> Result<(), Diagnostic> {
    let ended = child::run(command).map_err(|error| {
        let cargo = Path::new(command.get_program()).display();
        failed(format!("cannot run {cargo}: {error}")).help("install Rust: https://rustup.rs")
    })?;
    match ended {
        Ending::Done(true) => Ok(()),
        Ending::Done(false) => Err(failed(not_done.to_owned())
            .help("cargo has said why above; what was built before stays")),
        Ending::Stopped(signal) => {
            child::end_by(signal);
            Err(failed("cargo was stopped".to_owned()))
        }
    }
}

/// The packages that are linked into the program, the stage's own aside.
pub(super) fn components(
    stage: &Stage,
    folder: &Path,
    toolchain: &Toolchain,
) -> Result<Vec<Component>, Diagnostic> {
    let metadata = MetadataCommand::new()
        .manifest_path(stage.folder.join("Cargo.toml"))
        .current_dir(folder)
        // It was built just now: everything is here.
        .other_options(["--offline", "--filter-platform", toolchain.triple].map(str::to_owned))
        .exec()
        .map_err(|error| {
            let message = format!("cargo cannot say what the program is made of: {error}");
            Diagnostic::error(codes::PROGRAM_FAILED, message)
        })?;
    let linked = linked(&metadata);
    let packages = metadata.packages.iter();
    let components = packages.filter(|package| linked.contains(&package.id));
    Ok(components
        .map(|package| Component {
            name: package.name.to_string(),
            version: package.version.to_string(),
            license: package.license.clone(),
            published: package.source.as_ref().is_some_and(Source::is_crates_io),
        })
        .collect())
}

/// What is reached from the stage's package by dependencies that are linked: none of build scripts and macros.
fn linked(metadata: &Metadata) -> BTreeSet<&PackageId> {
    let macros: BTreeSet<&PackageId> = metadata
        .packages
        .iter()
        .filter(|package| {
            package
                .targets
                .iter()
                .any(cargo_metadata::Target::is_proc_macro)
        })
        .map(|package| &package.id)
        .collect();
    let resolve = metadata.resolve.as_ref();
    let nodes = resolve
        .map(|resolve| resolve.nodes.as_slice())
        .unwrap_or_default();
    let nodes: BTreeMap<&PackageId, _> = nodes.iter().map(|node| (&node.id, node)).collect();
    let mut open: Vec<&PackageId> = resolve
        .and_then(|resolve| resolve.root.as_ref())
        .into_iter()
        .collect();
    let root = open.clone();
    let mut found = BTreeSet::new();
    while let Some(id) = open.pop() {
        for dependency in nodes
            .get(id)
            .map(|node| node.deps.as_slice())
            .unwrap_or_default()
        {
            let normal = dependency
                .dep_kinds
                .iter()
                .any(|kind| kind.kind == DependencyKind::Normal);
            if normal && !macros.contains(&dependency.pkg) && found.insert(&dependency.pkg) {
                open.push(&dependency.pkg);
            }
        }
    }
    found.retain(|id| !root.contains(id));
    found
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
