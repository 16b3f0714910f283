//! What a case expects, against what was found.

use std::fs;
use std::path::Path;

use libtest_mimic::Failed;
use similar::TextDiff;

/// Compares a case's file with how it should be, or rewrites it with `UPDATE=1`.
pub(crate) fn compare(path: &Path, expected: &str, found: &str) -> Result<(), Failed> {
    if expected == found {
        return Ok(());
    }
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        fs::write(path, found)?;
        return Ok(());
    }
    let diff = TextDiff::from_lines(expected, found);
    let diff = diff.unified_diff().header("expected", "found").to_string();
    Err(format!(
        "{}\n{diff}\nUPDATE=1 accepts what was found: read it first",
        path.display()
    )
    .into())
}
