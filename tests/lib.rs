//! End-to-end tests of cloudc; the cases are the folders beside this file.

pub mod app;
pub mod authority;
pub mod process;
pub mod registry;
pub mod schemas;
pub mod small;

use std::path::PathBuf;

/// A program that is no part of the repository: the one that an environment variable names, or the first of these on
/// the `PATH`. Without it the caller has nothing to test: a note says so, and in CI it is a failure.
pub fn program(variable: &str, names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let named = std::env::var_os(variable).map(PathBuf::from);
    let found = named.or_else(|| {
        let places = names
            .iter()
            .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
        places.into_iter().find(|place| place.is_file())
    });
    note(
        found,
        &format!("no {} on the PATH, and no ${variable}", names.join(" or ")),
    )
}

/// A folder that is no part of the repository, named by an environment variable. Without it as above.
pub fn folder(variable: &str) -> Option<PathBuf> {
    let named = std::env::var_os(variable).map(PathBuf::from);
    note(named, &format!("no ${variable}"))
}

/// Says that something is missing; in CI that is a failure.
pub fn note(found: Option<PathBuf>, missing: &str) -> Option<PathBuf> {
    if found.is_none() {
        assert!(!in_ci(), "{missing}");
        eprintln!("left out: {missing}");
    }
    found
}

/// Whether this runs in CI, where nothing may be left out.
pub fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true" || value == "1")
}
