//! Diagnostics for a program: one JSON object a line.

use serde::Serialize;

use crate::diagnostic::{Diagnostic, Severity};
use crate::span::{Location, Sources, Span};

/// One line. The fields keep their names and meanings from release to release; more may come.
#[derive(Serialize)]
struct Line<'a> {
    code: &'a str,
    severity: Severity,
    message: &'a str,
    #[serde(flatten)]
    place: Place<'a>,
    help: Option<&'a str>,
    labels: Vec<Labelled<'a>>,
}

/// Lines and columns count from 1, columns in characters. All are null where there is no place.
#[derive(Default, Serialize)]
struct Place<'a> {
    file: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
}

#[derive(Serialize)]
struct Labelled<'a> {
    #[serde(flatten)]
    place: Place<'a>,
    text: &'a str,
}

/// Writes each diagnostic as a JSON object on a line of its own, with the fields `code`, `severity`
/// (`error` or `warning`), `message`, `file`, `line`, `column` (of the place itself), `help`, and
/// `labels`, a list of `file`, `line`, `column` and `text` that starts with the place itself.
pub fn render_json(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    diagnostics
        .iter()
        .filter_map(|found| serde_json::to_string(&line(found, sources)).ok())
        .map(|line| line + "\n")
        .collect()
}

fn line<'a>(found: &'a Diagnostic, sources: &'a Sources) -> Line<'a> {
    let place = |span: Span| match sources.get(span.file) {
        None => Place::default(),
        Some(_) => {
            let Location { file, line, column } = sources.location(span);
            Place {
                file: Some(file),
                line: Some(line),
                column: Some(column),
            }
        }
    };
    Line {
        code: found.code.0,
        severity: found.severity,
        message: &found.message,
        place: found.span().map_or_else(Place::default, place),
        help: found.help.as_deref(),
        labels: found
            .labels
            .iter()
            .map(|label| Labelled {
                place: place(label.span),
                text: &label.text,
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::codes;
    use crate::span::FileId;

    #[test]
    fn stable_fields() {
        let mut sources = Sources::default();
        let file = sources.add("src/lib.rs", Path::new("x"), "\n  é ORDERS\n".into());
        let span = |file, start, end| Span { file, start, end };
        let found = [
            Diagnostic::error(codes::TWO_CONSUMERS, "the queue \"ORDERS\"\nhas two")
                .at(span(file, 6, 12), "here")
                .at(span(FileId(9), 1, 2), "in no file")
                .help("write less"),
            Diagnostic::warning(codes::PROJECT, "no place at all"),
        ];
        insta::assert_snapshot!(render_json(&found, &sources), @r#"
        {"code":"CC305","severity":"error","message":"the queue \"ORDERS\"\nhas two","file":"src/lib.rs","line":2,"column":5,"help":"write less","labels":[{"file":"src/lib.rs","line":2,"column":5,"text":"here"},{"file":null,"line":null,"column":null,"text":"in no file"}]}
        {"code":"CC201","severity":"warning","message":"no place at all","file":null,"line":null,"column":null,"help":null,"labels":[]}
        "#);
        assert_eq!(render_json(&[], &sources), "");
    }
}
