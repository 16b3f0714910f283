//! The package that cloudc generates: its `main` links the user's library and hands the graph to the runtime.

use std::collections::BTreeMap;

use serde::Serialize;
use toml::Value;

use super::Tree;

/// What the shim is made from.
#[derive(Clone, Debug)]
pub struct ShimInput {
    /// The application's name, which becomes the program's.
    pub name: String,
    /// The user's package.
    pub app: ShimDependency,
    /// Other packages with handlers: rustc links no library that nothing mentions.
    pub libraries: Vec<ShimDependency>,
    /// The package `cloudc` that the user's package depends on: the same one, or nothing is registered with it.
    pub runtime: ShimDependency,
    /// Features of the user's package.
    pub features: Vec<String>,
    /// Whether its default features are on.
    pub default_features: bool,
    /// The `[patch.…]` and `[replace]` tables of the user's workspace, as TOML; empty without any. They count in the root
    /// manifest alone, and the shim is one.
    pub overrides: String,
    /// The user's `[profile.release]`: it counts in the root manifest alone, too.
    pub profile: toml::Table,
    /// A folder beside the shim whose packages belong to other workspaces.
    pub exclude: Option<String>,
    /// The text of the user's `Cargo.lock`, so that the same versions are built.
    pub lockfile: Option<String>,
    /// The text of `graph.json`.
    pub graph: String,
}

/// A dependency of the shim.
#[derive(Clone, Debug)]
pub struct ShimDependency {
    /// The package's name.
    pub package: String,
    /// Where it comes from.
    pub source: ShimSource,
}

/// Where a dependency comes from.
#[derive(Clone, Debug)]
pub enum ShimSource {
    /// A folder, relative to the shim's, with `/` between the parts.
    Path(String),
    /// A version requirement: `=0.1.0`.
    Version(String),
}

/// The files of the shim, under `shim/`.
///
/// # Errors
///
/// Values that TOML can't express; no input leads there.
pub fn shim(input: &ShimInput) -> Result<Tree, toml::ser::Error> {
    let mut files = vec![
        ("Cargo.toml", manifest(input)?),
        ("src/main.rs", main(input)),
        ("src/graph.json", input.graph.clone()),
    ];
    files.extend(
        input
            .lockfile
            .clone()
            .map(|lockfile| ("Cargo.lock", lockfile)),
    );
    let file = |(path, text): (&str, String)| (format!("shim/{path}"), text.into_bytes());
    Ok(files.into_iter().map(file).collect())
}

/// Whatever the runtime's `main` returns is the program's exit.
fn main(input: &ShimInput) -> String {
    let libraries: String = (0..input.libraries.len())
        .map(|index| format!("use {} as _;\n", library(index)))
        .collect();
    format!(
        r#"//! Made by cloudc: the program of every workload. `CLOUDC_WORKLOAD` says which one it is.

// Its functions, queues and caches are registered by being linked.
use app as _;
{libraries}
fn main() -> impl std::process::Termination {{
    cloudc::shim::main(include_str!("graph.json"))
}}
"#
    )
}

fn library(index: usize) -> String {
    format!("library_{index}")
}

const NOTICE: &str = "# Made by cloudc. The next build writes this file anew.\n\n";

fn manifest(input: &ShimInput) -> Result<String, toml::ser::Error> {
    let mut app = dependency(&input.app);
    app.features = input.features.clone();
    app.default_features = (!input.default_features).then_some(false);
    let libraries = input.libraries.iter().enumerate();
    let mut dependencies: BTreeMap<String, Dependency> = libraries
        .map(|(index, from)| (library(index), dependency(from)))
        .collect();
    dependencies.insert("app".to_owned(), app);
    let mut runtime = dependency(&input.runtime);
    runtime.features = vec!["shim".to_owned()];
    dependencies.insert("cloudc".to_owned(), runtime);
    let manifest = Manifest {
        package: Package {
            // Not the application's name: cargo tells packages of one name by their sources alone.
            name: format!("{}-shim", input.name),
            version: "0.0.0",
            edition: "2024",
            publish: false,
        },
        bin: [Bin {
            name: input.name.clone(),
            path: "src/main.rs",
        }],
        dependencies,
        profile: Profiles {
            release: profile(input.profile.clone()),
        },
        workspace: Workspace {
            exclude: input.exclude.iter().cloned().collect(),
        },
    };
    let mut text = format!("{NOTICE}{}", toml::to_string(&manifest)?);
    if !input.overrides.is_empty() {
        text.push('\n');
        text.push_str(&input.overrides);
    }
    Ok(text)
}

/// The user's own, and where it says nothing what goes with one image that is built once and started often: small and
/// quick to load.
fn profile(mut given: toml::Table) -> Profile {
    // A handler that panics is a failed call and no dead process.
    given.remove("panic");
    let mut or = |key: &str, default: Value| given.remove(key).unwrap_or(default);
    Profile {
        lto: or("lto", "thin".into()),
        codegen_units: or("codegen-units", 4.into()),
        strip: or("strip", true.into()),
        panic: "unwind",
        rest: given,
    }
}

fn dependency(from: &ShimDependency) -> Dependency {
    let (path, version) = match from.source.clone() {
        ShimSource::Path(path) => (Some(path), None),
        ShimSource::Version(version) => (None, Some(version)),
    };
    Dependency {
        package: from.package.clone(),
        path,
        version,
        default_features: None,
        features: Vec::new(),
    }
}

#[derive(Serialize)]
struct Manifest {
    package: Package,
    bin: [Bin; 1],
    dependencies: BTreeMap<String, Dependency>,
    profile: Profiles,
    /// The shim may lie inside of the user's workspace, and belongs to none.
    workspace: Workspace,
}

#[derive(Serialize)]
struct Package {
    name: String,
    version: &'static str,
    edition: &'static str,
    publish: bool,
}

#[derive(Serialize)]
struct Bin {
    name: String,
    path: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Dependency {
    package: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_features: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    features: Vec<String>,
}

#[derive(Serialize)]
struct Profiles {
    release: Profile,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Profile {
    lto: Value,
    codegen_units: Value,
    strip: Value,
    panic: &'static str,
    #[serde(flatten)]
    rest: toml::Table,
}

#[derive(Serialize)]
struct Workspace {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    exclude: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input() -> ShimInput {
        ShimInput {
            name: "shop".to_owned(),
            app: ShimDependency {
                package: "shop".to_owned(),
                source: ShimSource::Path("../../../..".to_owned()),
            },
            libraries: Vec::new(),
            runtime: ShimDependency {
                package: "cloudc".to_owned(),
                source: ShimSource::Version("=0.1.0".to_owned()),
            },
            features: vec!["gifts".to_owned()],
            default_features: false,
            overrides: "[patch.crates-io]\nrand = { path = \"../../../../rand\" }\n".to_owned(),
            profile: toml::Table::new(),
            exclude: None,
            lockfile: Some("version = 4\n".to_owned()),
            graph: "{}".to_owned(),
        }
    }

    #[test]
    fn a_package_of_its_own_that_links_the_users() {
        let files = shim(&input()).unwrap();
        let text = |(path, bytes): (&String, &Vec<u8>)| {
            format!("==== {path}\n{}", String::from_utf8_lossy(bytes))
        };
        let text: Vec<_> = files.iter().map(text).collect();
        insta::assert_snapshot!(text.join("\n"));
    }
    #[test]
    fn the_users_profile_is_kept_but_for_panics() {
        let given = "lto = \"fat\"\ndebug = 1\npanic = \"abort\"\n[package.ring]\nopt-level = 3\n";
        let files = shim(&ShimInput {
            profile: given.parse().unwrap(),
            exclude: Some("sources".to_owned()),
            ..input()
        });
        let text = String::from_utf8(files.unwrap()["shim/Cargo.toml"].clone()).unwrap();
        let manifest: toml::Table = text.parse().unwrap();
        let expected = "lto = \"fat\"\ncodegen-units = 4\nstrip = true\npanic = \"unwind\"\ndebug = 1\n\
                        [package.ring]\nopt-level = 3\n";
        let expected: toml::Table = expected.parse().unwrap();
        assert_eq!(manifest["profile"]["release"].as_table(), Some(&expected));
        assert_eq!(
            manifest["workspace"]["exclude"][0].as_str(),
            Some("sources")
        );
    }
}
