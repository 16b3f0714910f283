//! Asks cargo and rustc.

use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, TargetKind};

use super::target::{TRIPLE, TargetCfg};
use super::{About, Crate, Dependency, Options, Project, Runtime, features};
use crate::codes;
use crate::diagnostic::Diagnostic;

/// A folder by its absolute path.
///
/// # Errors
///
/// There is none, or it may not be opened.
pub fn open(folder: &Path) -> Result<PathBuf, Diagnostic> {
    let folder = folder.canonicalize().map_err(|error| {
        problem(format!(
            "cannot open the folder {}: {error}",
            folder.display()
        ))
    })?;
    if !folder.is_dir() {
        return Err(problem(format!("{} is not a folder", folder.display()))
            .help("name the folder that holds the package's Cargo.toml"));
    }
    Ok(folder)
}

/// The package in a folder, or the one of its workspace that `options` name.
///
/// # Errors
///
/// A folder without `Cargo.toml`, a virtual workspace without a package's name, a package without a
/// library or without the runtime, a manifest that cargo refuses, unknown features.
pub fn find(folder: &Path, options: &Options) -> Result<Project, Diagnostic> {
    let folder = open(folder)?;
    let manifest = folder.join("Cargo.toml");
    if !manifest.is_file() {
        return Err(
            problem(format!("there is no Cargo.toml in {}", folder.display()))
                .help("name the folder of a package, or make one: cloudc new NAME"),
        );
    }
    // Both take tens of milliseconds.
    let triple = options.target.unwrap_or(TRIPLE);
    let (metadata, cfg) = std::thread::scope(|scope| {
        let cfg = scope.spawn(|| target_cfg(&folder, triple));
        let metadata = metadata(&manifest);
        let cfg = cfg
            .join()
            .unwrap_or_else(|_| Err(problem("rustc could not be asked")));
        (metadata, cfg)
    });
    let (metadata, cfg) = (metadata?, cfg?);
    let mut packages = metadata.packages.clone();
    let root = choose(&packages, &manifest, options)?;
    add_outside(&mut packages)?;
    assemble(&metadata, &packages, root, options, cfg)
}

fn problem(message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(codes::PROJECT, message)
}

fn metadata(manifest: &Path) -> Result<Metadata, Diagnostic> {
    MetadataCommand::new()
        .manifest_path(manifest)
        .no_deps()
        .exec()
        .map_err(|error| {
            let text = match error {
                cargo_metadata::Error::CargoMetadata { stderr } => stderr,
                other => other.to_string(),
            };
            let text = text.trim().trim_start_matches("error: ").to_owned();
            problem(format!(
                "cargo cannot describe {}: {text}",
                manifest.display()
            ))
        })
}

fn target_cfg(folder: &Path, triple: &str) -> Result<TargetCfg, Diagnostic> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(["--print", "cfg", "--target", triple])
        .current_dir(folder)
        .output()
        .map_err(|error| problem(format!("cannot run rustc: {error}")))?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(problem(format!("rustc does not know {triple}: {words}")));
    }
    Ok(TargetCfg::parse(&String::from_utf8_lossy(&output.stdout)))
}

/// The package that the user means.
fn choose(packages: &[Package], manifest: &Path, options: &Options) -> Result<usize, Diagnostic> {
    let mut names: Vec<&str> = packages
        .iter()
        .filter(|package| library(package).is_some())
        .map(|package| package.name.as_str())
        .collect();
    names.sort_unstable();
    let listed = names.join(", ");
    if let Some(wanted) = &options.package {
        return packages
            .iter()
            .position(|package| package.name.as_str() == wanted.as_str())
            .ok_or_else(|| {
                problem(format!("the workspace has no package `{wanted}`"))
                    .help(format!("its packages are: {listed}"))
            });
    }
    packages
        .iter()
        .position(|package| same_file(package.manifest_path.as_std_path(), manifest))
        .ok_or_else(|| {
            problem(format!(
                "{} is a workspace, not a package",
                manifest.display()
            ))
            .help(format!("choose a package with -p: {listed}"))
        })
}

fn same_file(a: &Path, b: &Path) -> bool {
    a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// Local packages beyond the workspace, which cargo does not list with its members.
fn add_outside(packages: &mut Vec<Package>) -> Result<(), Diagnostic> {
    let mut at = 0;
    while let Some(package) = packages.get(at) {
        let outside: Vec<PathBuf> = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind == DependencyKind::Normal)
            .filter(|dependency| !is_runtime(dependency))
            .filter_map(|dependency| dependency.path.as_ref())
            .map(|path| path.join("Cargo.toml").into_std_path_buf())
            .filter(|manifest| {
                !packages
                    .iter()
                    .any(|known| same_file(known.manifest_path.as_std_path(), manifest))
            })
            .collect();
        for manifest in outside {
            let other = metadata(&manifest)?;
            packages.extend(
                other
                    .packages
                    .into_iter()
                    .filter(|package| same_file(package.manifest_path.as_std_path(), &manifest)),
            );
        }
        at += 1;
    }
    Ok(())
}

fn is_runtime(dependency: &cargo_metadata::Dependency) -> bool {
    dependency.name == "cloudc"
}

fn library(package: &Package) -> Option<&cargo_metadata::Target> {
    package.targets.iter().find(|target| {
        target.kind.iter().any(|kind| {
            matches!(
                kind,
                TargetKind::Lib | TargetKind::RLib | TargetKind::DyLib | TargetKind::CDyLib
            )
        })
    })
}

fn assemble(
    metadata: &Metadata,
    packages: &[Package],
    root: usize,
    options: &Options,
    cfg: TargetCfg,
) -> Result<Project, Diagnostic> {
    let local = |dependency: &cargo_metadata::Dependency| {
        let manifest = dependency.path.as_ref()?.join("Cargo.toml");
        if is_runtime(dependency) {
            return None;
        }
        packages.iter().position(|package| {
            same_file(package.manifest_path.as_std_path(), manifest.as_std_path())
        })
    };
    let applies = |dependency: &cargo_metadata::Dependency| match &dependency.target {
        None => true,
        Some(platform) => {
            let text = platform.to_string();
            match text
                .strip_prefix("cfg(")
                .and_then(|rest| rest.strip_suffix(')'))
            {
                Some(condition) => cfg.holds(condition, &[]) != Some(false),
                None => text == options.target.unwrap_or(TRIPLE),
            }
        }
    };
    let package = packages
        .get(root)
        .ok_or_else(|| problem("cargo names no package"))?;
    for feature in &options.features {
        let known = match feature.split_once('/') {
            // Whether the dependency has the feature, cargo says when it builds.
            Some((dependency, _)) => package.dependencies.iter().any(|known| {
                known.rename.as_ref().unwrap_or(&known.name) == dependency.trim_end_matches('?')
            }),
            None => package.features.contains_key(feature),
        };
        if !known {
            let mut names: Vec<&str> = package.features.keys().map(String::as_str).collect();
            names.sort_unstable();
            let help = match names.as_slice() {
                [] => "it has none".to_owned(),
                names => format!("its features are: {}", names.join(", ")),
            };
            return Err(problem(format!("{} has no feature `{feature}`", package.name)).help(help));
        }
    }
    let enabled = features::resolve(packages, root, options, &local, &applies);
    // The package first, then the others by name: an order that no listing changes.
    let mut order: Vec<usize> = enabled.keys().copied().collect();
    order.sort_by_key(|index| {
        let name = packages.get(*index).map(|package| package.name.to_string());
        (*index != root, name)
    });
    let mut crates = Vec::new();
    for index in &order {
        let (Some(package), Some(enabled)) = (packages.get(*index), enabled.get(index)) else {
            continue;
        };
        let Some(library) = library(package) else {
            return Err(
                problem(format!("the package {} has no library", package.name)).help(
                    "put the handlers into src/lib.rs: cloudc writes the main function itself",
                ),
            );
        };
        let dependencies = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind == DependencyKind::Normal && applies(dependency))
            .filter_map(|dependency| {
                let name = dependency.rename.as_ref().unwrap_or(&dependency.name);
                if dependency.optional && !enabled.optional.contains(name) {
                    return None;
                }
                let kind = if is_runtime(dependency) {
                    Dependency::Cloudc
                } else {
                    local(dependency)
                        .and_then(|target| order.iter().position(|index| *index == target))
                        .map_or(Dependency::Foreign, Dependency::Local)
                };
                let extern_name = match (kind, &dependency.rename, local(dependency)) {
                    (Dependency::Local(_), None, Some(target)) => packages
                        .get(target)
                        .and_then(library_name)
                        .unwrap_or_else(|| name.clone()),
                    _ => name.clone(),
                };
                Some((extern_name.replace('-', "_"), kind))
            })
            .collect();
        crates.push(Crate {
            package: package.name.to_string(),
            name: library.name.replace('-', "_"),
            folder: folder(package),
            file: library.src_path.clone().into_std_path_buf(),
            edition_2015: library.edition == cargo_metadata::Edition::E2015,
            features: enabled.features.iter().cloned().collect(),
            dependencies,
        });
    }
    let normal =
        |dependency: &&cargo_metadata::Dependency| dependency.kind == DependencyKind::Normal;
    let mut needed = package.dependencies.iter().filter(normal);
    let Some(runtime) = needed.find(|dependency| is_runtime(dependency)) else {
        return Err(problem(format!(
            "the package {} does not depend on `cloudc`",
            package.name
        ))
        .help("add it to Cargo.toml: cloudc = \"0.1\""));
    };
    Ok(Project {
        root: metadata.workspace_root.clone().into_std_path_buf(),
        folder: folder(package),
        crates,
        cfg,
        runtime: Some(Runtime {
            version: runtime.req.to_string(),
            path: runtime
                .path
                .as_ref()
                .map(|path| path.clone().into_std_path_buf()),
        }),
        about: about(package),
    })
}

fn about(package: &Package) -> About {
    About {
        version: Some(package.version.to_string()),
        description: package.description.clone(),
        license: package.license.clone(),
        repository: package.repository.clone(),
        homepage: package.homepage.clone(),
        documentation: package.documentation.clone(),
        authors: package.authors.clone(),
    }
}

fn folder(package: &Package) -> PathBuf {
    let folder = package.manifest_path.parent();
    folder.map_or_else(PathBuf::new, |folder| folder.as_std_path().to_owned())
}

fn library_name(package: &Package) -> Option<String> {
    library(package).map(|target| target.name.clone())
}
