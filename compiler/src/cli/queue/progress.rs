//! How far long work has come.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on a terminal; elsewhere nothing.
pub(super) fn bar(total: u64, what: &str) -> ProgressBar {
    let bar = ProgressBar::new(total).with_message(what.to_owned());
    let template = "{msg} [{bar:30}] {pos} of {len}, {eta} left";
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style.progress_chars("=> ")),
        Err(_) => bar,
    }
}
