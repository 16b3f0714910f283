//! What is compiled: a package, the local packages that it depends on, and the target.

pub mod cargo;
mod features;
pub mod files;
pub mod target;

use std::path::PathBuf;

use target::TargetCfg;

/// A package to compile, with all that cargo knows of it.
#[derive(Clone, Debug)]
pub struct Project {
    /// The folder of the workspace; names of files are relative to it.
    pub root: PathBuf,
    /// The package's folder.
    pub folder: PathBuf,
    /// The package, and the local packages that it depends on. The first is the package itself; a
    /// crate stands after those that need it.
    pub crates: Vec<Crate>,
    /// The target's conditions.
    pub cfg: TargetCfg,
    /// How the package depends on the runtime, if it does.
    pub runtime: Option<Runtime>,
    /// What the package says about itself.
    pub about: About,
}

/// What a package says about itself in its `Cargo.toml`, as far as it does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// Its version.
    pub version: Option<String>,
    /// What it is.
    pub description: Option<String>,
    /// Its licence, an SPDX expression.
    pub license: Option<String>,
    /// Where its source is.
    pub repository: Option<String>,
    /// Its page.
    pub homepage: Option<String>,
    /// The page of its documentation.
    pub documentation: Option<String>,
    /// Who made it.
    pub authors: Vec<String>,
}

/// A library crate whose source is read.
#[derive(Clone, Debug)]
pub struct Crate {
    /// The package's name, with its `-`.
    pub package: String,
    /// The crate's name in Rust.
    pub name: String,
    /// The package's folder.
    pub folder: PathBuf,
    /// `src/lib.rs`.
    pub file: PathBuf,
    /// Whether paths start at the crate's root, as before the 2018 edition.
    pub edition_2015: bool,
    /// The features that are on.
    pub features: Vec<String>,
    /// The crates it can name, by the name it uses.
    pub dependencies: Vec<(String, Dependency)>,
}

/// A crate that another one can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dependency {
    /// Index into [`Project::crates`].
    Local(usize),
    /// The runtime.
    Cloudc,
    /// One that cannot know the application.
    Foreign,
}

/// How the package depends on the runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runtime {
    /// Its version requirement.
    pub version: String,
    /// Its folder, for a path dependency.
    pub path: Option<PathBuf>,
}

/// What the user says beside the folder.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `-p NAME`
    pub package: Option<String>,
    /// `--features`
    pub features: Vec<String>,
    /// `--all-features`
    pub all_features: bool,
    /// `--no-default-features`
    pub no_default_features: bool,
    /// rustc's target, whose conditions count; [`target::TRIPLE`] where nothing is said.
    pub target: Option<&'static str>,
}
