//! What `cloudc new` writes: the files of a template, with the package's name in them.

use std::collections::BTreeMap;

/// An application to start from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
    /// One function that answers a request.
    Hello,
    /// A request that leaves a job in a queue, the function that does it, and a schedule.
    Worker,
}

/// Where the new application's `Cargo.toml` finds the runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runtime<'a> {
    /// In the registry: `0.1.0`.
    Version(&'a str),
    /// In this folder.
    Path(&'a str),
}

impl Runtime<'_> {
    /// As a dependency of the application.
    fn dependency(self) -> String {
        match self {
            Runtime::Version(version) => format!("cloudc = {version:?}"),
            Runtime::Path(path) => format!("cloudc = {{ path = {path:?} }}"),
        }
    }

    /// As a dependency of its tests.
    fn test_dependency(self) -> String {
        let (key, value) = match self {
            Runtime::Version(version) => ("version", version),
            Runtime::Path(path) => ("path", path),
        };
        format!("cloudc = {{ {key} = {value:?}, features = [\"test\"] }}")
    }
}

/// A name that a new application cannot have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` cannot be the name of an application: {reason}")]
pub struct BadName {
    /// The name.
    pub name: String,
    /// What is wrong with it.
    pub reason: String,
    /// A name that would do.
    pub proposal: String,
}

/// The files of a new application, by their paths in its folder (`/` between the parts).
///
/// # Errors
///
/// When cargo or Kubernetes would refuse the name.
pub fn files(
    template: Template,
    name: &str,
    runtime: Runtime<'_>,
) -> Result<BTreeMap<&'static str, String>, BadName> {
    if let Some(reason) = fault(name) {
        return Err(BadName {
            name: name.to_owned(),
            reason,
            proposal: proposal(name),
        });
    }
    let fill = |text: &str| {
        text.replace("{{name}}", name)
            .replace("{{crate}}", &name.replace('-', "_"))
            .replace("{{dependency}}", &runtime.dependency())
            .replace("{{test_dependency}}", &runtime.test_dependency())
    };
    let files = template.files().into_iter();
    Ok(files.map(|(path, text)| (path, fill(text))).collect())
}

/// A template's files. `Cargo.toml` and `.gitignore` have other names there, so that cargo does not
/// take a template for a package, nor git its rules for its own.
macro_rules! template {
    ($name:literal) => {
        [
            (
                "Cargo.toml",
                include_str!(concat!("../templates/", $name, "/Cargo.toml.in")),
            ),
            (
                "src/lib.rs",
                include_str!(concat!("../templates/", $name, "/src/lib.rs")),
            ),
            (
                "tests/world.rs",
                include_str!(concat!("../templates/", $name, "/tests/world.rs")),
            ),
            (
                ".gitignore",
                include_str!(concat!("../templates/", $name, "/gitignore")),
            ),
            (
                "README.md",
                include_str!(concat!("../templates/", $name, "/README.md")),
            ),
        ]
    };
}

impl Template {
    fn files(self) -> [(&'static str, &'static str); 5] {
        match self {
            Template::Hello => template!("hello"),
            Template::Worker => template!("worker"),
        }
    }
}

/// Names in Kubernetes have at most 63 characters, and the compiler adds words of its own to this one.
const LONGEST: usize = 40;

/// Strict and reserved keywords of the Rust reference that a package could be named after.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Crates that the application itself depends on, and those that come with Rust.
const TAKEN: &[&str] = &[
    "alloc",
    "cloudc",
    "core",
    "proc-macro",
    "serde",
    "std",
    "test",
    "tokio",
];

/// File names that Windows does not allow.
const DEVICES: &[&str] = &["aux", "con", "nul", "prn"];

fn fault(name: &str) -> Option<String> {
    let known = |char: char| {
        char.is_ascii_lowercase() || char.is_ascii_digit() || matches!(char, '-' | '_')
    };
    let crate_like = name.replace('_', "-");
    if name.is_empty() {
        Some("it is empty".to_owned())
    } else if let Some(bad) = name.chars().find(|char| !known(*char)) {
        Some(format!(
            "it has {bad:?} in it, and only lower-case letters, digits, `-` and `_` will do"
        ))
    } else if !name.starts_with(|char: char| char.is_ascii_lowercase()) {
        Some("it does not start with a letter".to_owned())
    } else if name.ends_with(['-', '_']) {
        Some("it does not end with a letter or digit".to_owned())
    } else if name.len() > LONGEST {
        Some(format!(
            "it has {} characters, and {LONGEST} are the most",
            name.len()
        ))
    } else if KEYWORDS.contains(&name) {
        Some("it is a keyword of Rust".to_owned())
    } else if TAKEN.contains(&crate_like.as_str()) {
        Some("a crate that the application needs has this name".to_owned())
    } else if DEVICES.contains(&name) {
        Some("Windows allows no file of this name".to_owned())
    } else {
        None
    }
}

/// A name like this one that will do.
fn proposal(name: &str) -> String {
    let lower = name.to_lowercase();
    let words: Vec<&str> = lower
        .split(|char: char| !char.is_ascii_lowercase() && !char.is_ascii_digit())
        .filter(|word| !word.is_empty())
        .skip_while(|word| word.starts_with(|char: char| char.is_ascii_digit()))
        .collect();
    let mut name = words.join("-");
    name.truncate(LONGEST);
    let name = name.trim_end_matches('-');
    match fault(name) {
        None => name.to_owned(),
        Some(_) if name.is_empty() => "my-app".to_owned(),
        Some(_) => format!("{name}-app"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUNTIME: Runtime<'_> = Runtime::Path("../cloudc/runtime");

    #[test]
    fn every_template_is_filled_in() {
        for template in [Template::Hello, Template::Worker] {
            let files = files(template, "my-app", RUNTIME).expect("a good name");
            let names: Vec<_> = files.keys().copied().collect();
            assert_eq!(
                names,
                [
                    ".gitignore",
                    "Cargo.toml",
                    "README.md",
                    "src/lib.rs",
                    "tests/world.rs"
                ]
            );
            assert!(files.values().all(|text| !text.contains("{{")));
            let manifest: toml::Table = files["Cargo.toml"].parse().expect("a manifest");
            assert_eq!(manifest["package"]["name"].as_str(), Some("my-app"));
            assert_eq!(
                manifest["dependencies"]["cloudc"]["path"].as_str(),
                Some("../cloudc/runtime")
            );
            let tests = &manifest["dev-dependencies"]["cloudc"];
            assert_eq!(tests["path"].as_str(), Some("../cloudc/runtime"));
            assert_eq!(tests["features"][0].as_str(), Some("test"));
            assert!(files["tests/world.rs"].contains("use my_app"));
        }
    }

    #[test]
    fn the_runtime_of_the_registry_is_named_by_its_version() {
        let runtime = Runtime::Version("0.1.0");
        let files = files(Template::Hello, "my-app", runtime).expect("a good name");
        let manifest: toml::Table = files["Cargo.toml"].parse().expect("a manifest");
        let version = |table: &str| match &manifest[table]["cloudc"] {
            toml::Value::String(version) => version.clone(),
            table => table["version"].as_str().expect("a version").to_owned(),
        };
        assert_eq!(version("dependencies"), "0.1.0");
        assert_eq!(version("dev-dependencies"), "0.1.0");
    }

    #[test]
    fn a_bad_name_is_refused_with_a_good_one() {
        let long = "a".repeat(60);
        let cases = [
            ("", "my-app"),
            ("My App", "my-app"),
            ("1st", "my-app"),
            ("3-little-pigs", "little-pigs"),
            ("größe", "gr-e"),
            ("match", "match-app"),
            ("proc_macro", "proc-macro-app"),
            ("cloudc", "cloudc-app"),
            ("con", "con-app"),
            ("web-", "web"),
            ("../up", "up"),
            (long.as_str(), &long[..40]),
        ];
        for (name, proposal) in cases {
            let error = files(Template::Hello, name, RUNTIME).expect_err(name);
            assert_eq!(error.proposal, proposal, "{error}");
            assert_eq!(fault(proposal), None, "{proposal}");
        }
    }

    #[test]
    fn an_ordinary_name_is_accepted() {
        for name in ["a", "shop", "my-app", "my_app", "web2"] {
            assert_eq!(fault(name), None, "{name}");
        }
    }
}
