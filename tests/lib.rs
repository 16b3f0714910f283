//! End-to-end tests of cloudc; the cases are the folders beside this file.

pub mod app;
pub mod schemas;

/// The value of an environment variable that names something outside of the repository. Without it the
/// caller has nothing to test: a note says so, and in CI it is a failure.
pub fn outside(variable: &str, what: &str) -> Option<String> {
    let value = std::env::var(variable)
        .ok()
        .filter(|value| !value.is_empty());
    if value.is_none() {
        let note = format!("left out: ${variable} names no {what}");
        assert!(!in_ci(), "{note}");
        eprintln!("{note}");
    }
    value
}

/// Whether this runs in CI, where nothing may be left out.
pub fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true" || value == "1")
}
