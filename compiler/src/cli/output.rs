//! What goes to the terminal.

use std::io::{self, IsTerminal as _, Write as _};

use super::arguments::MessageFormat;
use super::{DONE, REFUSED};
use crate::diagnostic::{Diagnostic, Severity};
use crate::report::{Style, render_json, render_text};
use crate::span::Sources;

/// Columns, where no terminal tells.
const WIDTH: usize = 100;

/// Prints diagnostics beside other output, which has the standard output for itself; the exit code that
/// they ask for.
pub(super) fn report_beside(
    diagnostics: &[Diagnostic],
    sources: &Sources,
    format: MessageFormat,
) -> u8 {
    if format == MessageFormat::Json {
        let _ = io::stderr().write_all(render_json(diagnostics, sources).as_bytes());
        return code(diagnostics);
    }
    report(diagnostics, sources, format)
}

/// Prints diagnostics; the exit code that they ask for.
pub(super) fn report(diagnostics: &[Diagnostic], sources: &Sources, format: MessageFormat) -> u8 {
    match format {
        MessageFormat::Text => {
            let text = render_text(diagnostics, sources, style());
            // A closed pipe is nobody's mistake.
            let _ = io::stderr().write_all(text.as_bytes());
        }
        MessageFormat::Json => print(&render_json(diagnostics, sources)),
    }
    code(diagnostics)
}

fn code(diagnostics: &[Diagnostic]) -> u8 {
    let refused = diagnostics
        .iter()
        .any(|found| found.severity == Severity::Error);
    if refused { REFUSED } else { DONE }
}

/// Writes to the standard output.
pub(super) fn print(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes a line about what was done to the standard error.
pub(super) fn note(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// `1 queue`, `2 queues`
pub(super) fn count(count: usize, one: &str, many: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    }
}

fn style() -> Style {
    let terminal = io::stderr().is_terminal();
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let utf8 = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .is_none_or(|value| value.to_lowercase().replace('-', "").contains("utf8"));
    Style {
        color: terminal && !set("NO_COLOR"),
        // Files and pipes get the same characters everywhere.
        unicode: utf8 || !terminal,
        width: std::env::var("COLUMNS")
            .ok()
            .and_then(|columns| columns.parse().ok())
            .filter(|columns| *columns >= 40)
            .unwrap_or(WIDTH),
    }
}
