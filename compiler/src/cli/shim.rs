//! What the generated package needs to know of the user's.

use std::path::{Component, Path, PathBuf};

use super::arguments::ProjectArguments;
use super::open::Opened;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::emit::shim::{ShimDependency, ShimInput, ShimSource};
use crate::project::Project;

/// What the shim is made from. `way` says how a folder is named in the shim's manifest.
pub(super) fn input(
    opened: &Opened,
    given: &ProjectArguments,
    graph: &str,
    way: &dyn Fn(&Path) -> String,
) -> Result<ShimInput, Diagnostic> {
    let project = &opened.project;
    let Some(runtime) = &project.runtime else {
        return Err(
            Diagnostic::error(codes::PROJECT, "the package does not depend on `cloudc`")
                .help("add it to Cargo.toml: cloudc = \"0.1\""),
        );
    };
    let package = project
        .crates
        .first()
        .map(|krate| krate.package.clone())
        .unwrap_or_default();
    Ok(ShimInput {
        name: opened.analysis.graph.app.clone(),
        app: ShimDependency {
            package,
            source: ShimSource::Path(way(&project.folder)),
        },
        libraries: libraries(opened, way),
        runtime: ShimDependency {
            package: "cloudc".to_owned(),
            source: match &runtime.path {
                Some(path) => ShimSource::Path(way(path)),
                None => ShimSource::Version(runtime.version.clone()),
            },
        },
        features: features(project, given.all_features, &given.features),
        default_features: !given.no_default_features,
        overrides: overrides(project, way),
        profile: profile(project),
        exclude: None,
        lockfile: std::fs::read_to_string(project.root.join("Cargo.lock")).ok(),
        graph: graph.to_owned(),
    })
}

/// The local packages besides the user's own that have handlers.
fn libraries(opened: &Opened, way: &dyn Fn(&Path) -> String) -> Vec<ShimDependency> {
    let functions = &opened.analysis.graph.functions;
    let crates = opened.project.crates.iter().skip(1);
    crates
        .filter(|krate| {
            let mut paths = functions
                .iter()
                .map(|function| function.path.split("::").next());
            paths.any(|of| of == Some(krate.name.as_str()))
        })
        .map(|krate| ShimDependency {
            package: krate.package.clone(),
            source: ShimSource::Path(way(&krate.folder)),
        })
        .collect()
}

fn features(project: &Project, all: bool, given: &[String]) -> Vec<String> {
    let on = project
        .crates
        .first()
        .map(|krate| krate.features.as_slice())
        .unwrap_or_default();
    let mut features: Vec<String> = if all {
        on.iter()
            .filter(|feature| *feature != "default")
            .cloned()
            .collect()
    } else {
        let given = given
            .iter()
            .flat_map(|features| features.split_whitespace());
        given.map(str::to_owned).collect()
    };
    features.sort_unstable();
    features.dedup();
    features
}

/// The `[patch]` and `[replace]` tables of the user's workspace, with their paths seen from the shim.
fn overrides(project: &Project, way: &dyn Fn(&Path) -> String) -> String {
    let mut manifest = root_manifest(project);
    let mut kept = toml::Table::new();
    for key in ["patch", "replace"] {
        if let Some(mut table) = manifest.remove(key) {
            rebase(&mut table, &project.root, way);
            kept.insert(key.to_owned(), table);
        }
    }
    toml::to_string(&kept).unwrap_or_default()
}

/// The user's `[profile.release]`.
fn profile(project: &Project) -> toml::Table {
    let mut manifest = root_manifest(project);
    let profiles = manifest
        .get_mut("profile")
        .and_then(toml::Value::as_table_mut);
    match profiles.and_then(|profiles| profiles.remove("release")) {
        Some(toml::Value::Table(release)) => release,
        _ => toml::Table::new(),
    }
}

/// The manifest in which cargo looks for what counts in one place alone. It has been read once by now.
fn root_manifest(project: &Project) -> toml::Table {
    let text = std::fs::read_to_string(project.root.join("Cargo.toml")).unwrap_or_default();
    text.parse().unwrap_or_default()
}

fn rebase(value: &mut toml::Value, from: &Path, way: &dyn Fn(&Path) -> String) {
    let Some(table) = value.as_table_mut() else {
        return;
    };
    for (key, value) in table.iter_mut() {
        match value {
            toml::Value::String(path) if key == "path" => {
                *path = way(&absolute(&from.join(path.as_str())));
            }
            value => rebase(value, from, way),
        }
    }
}

/// How a folder is named from the shim in an output folder.
pub(super) fn from(out: &Path) -> impl Fn(&Path) -> String {
    let shim = absolute(out).join("shim");
    move |to| relative(&shim, to)
}

/// A path without symbolic links, as far as it exists, and without `.` and `..`.
fn absolute(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let existing = path.ancestors().find_map(|ancestor| {
        let real = ancestor.canonicalize().ok()?;
        Some((real, path.strip_prefix(ancestor).ok()?))
    });
    let path = match existing {
        Some((real, rest)) => real.join(rest),
        None => path,
    };
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}

/// The way from one folder to another, with `/` between the parts.
fn relative(from: &Path, to: &Path) -> String {
    let (from, to) = (absolute(from), absolute(to));
    let shared = from
        .components()
        .zip(to.components())
        .take_while(|(a, b)| a == b)
        .count();
    let up = from.components().skip(shared).map(|_| "..".to_owned());
    let down = to.components().skip(shared);
    let down = down.map(|part| part.as_os_str().to_string_lossy().into_owned());
    let parts: Vec<String> = up.chain(down).collect();
    if parts.is_empty() {
        ".".to_owned()
    } else {
        parts.join("/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_from_one_folder_to_another() {
        let way = |from: &str, to: &str| relative(Path::new(from), Path::new(to));
        assert_eq!(way("/no/a/shim", "/no/a"), "..");
        assert_eq!(way("/no/a/shim", "/no/b/c"), "../../b/c");
        assert_eq!(way("/no/a", "/no/a"), ".");
        assert_eq!(way("/no/a/./x/../shim", "/no/a/b"), "../b");
    }
}
