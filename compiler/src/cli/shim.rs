//! What the generated package needs to know of the user's.

use std::path::{Component, Path, PathBuf};

use super::arguments::Build;
use super::open::Opened;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::emit::shim::{ShimDependency, ShimInput, ShimSource};
use crate::project::Project;

pub(super) fn input(
    opened: &Opened,
    arguments: &Build,
    graph: &str,
    out: &Path,
) -> Result<ShimInput, Diagnostic> {
    let project = &opened.project;
    let Some(runtime) = &project.runtime else {
        return Err(
            Diagnostic::error(codes::PROJECT, "the package does not depend on `cloudc`")
                .help("add it to Cargo.toml: cloudc = \"0.1\""),
        );
    };
    let shim = absolute(out).join("shim");
    let package = project
        .crates
        .first()
        .map(|krate| krate.package.clone())
        .unwrap_or_default();
    let given = &arguments.project;
    Ok(ShimInput {
        name: opened.analysis.graph.app.clone(),
        app: ShimDependency {
            package,
            source: ShimSource::Path(relative(&shim, &project.folder)),
        },
        runtime: ShimDependency {
            package: "cloudc".to_owned(),
            source: match &runtime.path {
                Some(path) => ShimSource::Path(relative(&shim, path)),
                None => ShimSource::Version(runtime.version.clone()),
            },
        },
        features: features(project, given.all_features, &given.features),
        default_features: !given.no_default_features,
        overrides: overrides(project, &shim),
        lockfile: std::fs::read_to_string(project.root.join("Cargo.lock")).ok(),
        graph: graph.to_owned(),
    })
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
fn overrides(project: &Project, shim: &Path) -> String {
    let manifest = std::fs::read_to_string(project.root.join("Cargo.toml")).unwrap_or_default();
    let Ok(mut manifest) = manifest.parse::<toml::Table>() else {
        return String::new();
    };
    let mut kept = toml::Table::new();
    for key in ["patch", "replace"] {
        if let Some(mut table) = manifest.remove(key) {
            rebase(&mut table, &project.root, shim);
            kept.insert(key.to_owned(), table);
        }
    }
    toml::to_string(&kept).unwrap_or_default()
}

fn rebase(value: &mut toml::Value, from: &Path, shim: &Path) {
    let Some(table) = value.as_table_mut() else {
        return;
    };
    for (key, value) in table.iter_mut() {
        match value {
            toml::Value::String(path) if key == "path" => {
                *path = relative(shim, &from.join(path.as_str()));
            }
            value => rebase(value, from, shim),
        }
    }
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
