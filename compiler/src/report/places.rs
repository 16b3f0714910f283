//! Lines and columns of spans. A file is searched for its lines once, however many diagnostics it has.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::diagnostic::Diagnostic;
use crate::span::{FileId, Source, Sources, Span};

/// The lines of all files that diagnostics point into.
pub(super) struct Places<'a> {
    files: BTreeMap<FileId, File<'a>>,
}

/// A file and where its lines start.
pub(super) struct File<'a> {
    pub(super) source: &'a Source,
    starts: Vec<usize>,
}

impl<'a> Places<'a> {
    pub(super) fn new(diagnostics: &[Diagnostic], sources: &'a Sources) -> Self {
        let mut files = BTreeMap::new();
        for label in diagnostics.iter().flat_map(|found| &found.labels) {
            let id = label.span.file;
            if let Some(source) = sources.get(id) {
                files.entry(id).or_insert_with(|| File::new(source));
            }
        }
        Self { files }
    }

    /// The file of a span; `None` for a file that is none of the sources.
    pub(super) fn file(&self, id: FileId) -> Option<&File<'a>> {
        self.files.get(&id)
    }
}

impl<'a> File<'a> {
    fn new(source: &'a Source) -> Self {
        let after_newlines = source.text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            source,
            starts: std::iter::once(0).chain(after_newlines).collect(),
        }
    }

    /// The bytes of a span as far as the file has them, from character to character.
    pub(super) fn range(&self, span: Span) -> Range<usize> {
        let start = self.floor(span.start as usize);
        start..self.floor(span.end as usize).max(start)
    }

    fn floor(&self, at: usize) -> usize {
        self.source.text.floor_char_boundary(at)
    }

    /// The line of a byte, from 0.
    pub(super) fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at) - 1
    }

    /// The characters before a byte in its line.
    pub(super) fn column(&self, at: usize) -> usize {
        let start = self.starts[self.line(at)];
        self.source
            .text
            .get(start..at)
            .map_or(0, |before| before.chars().count())
    }

    /// The bytes of some lines, line ends and all, as far as there are so many.
    pub(super) fn lines(&self, lines: Range<usize>) -> Range<usize> {
        let end = self.source.text.len();
        let start = |line| self.starts.get(line).copied().unwrap_or(end);
        start(lines.start)..start(lines.end)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn lines_and_columns_are_those_of_the_sources() {
        let text = "fn é() {\r\n\tlet 名 = 1;\n\n}\nend";
        let mut sources = Sources::default();
        let file = sources.add("a.rs", Path::new("a.rs"), text.into());
        let lines = File::new(sources.get(file).expect("a file"));
        for start in 0..=text.len() as u32 {
            let span = Span {
                file,
                start,
                end: start,
            };
            if !text.is_char_boundary(start as usize) {
                continue;
            }
            let (at, wanted) = (lines.range(span).start, sources.location(span));
            assert_eq!(
                (lines.line(at) + 1, lines.column(at) + 1),
                (wanted.line, wanted.column)
            );
        }
    }

    #[test]
    fn spans_that_do_not_fit_are_cut_to_the_file() {
        let mut sources = Sources::default();
        let file = sources.add("a.rs", Path::new("a.rs"), "é".into());
        let lines = File::new(sources.get(file).expect("a file"));
        let range = |start, end| lines.range(Span { file, start, end });
        assert_eq!(range(1, 9), 0..2);
        assert_eq!(range(7, 9), 2..2);
        assert_eq!(range(2, 0), 2..2);
        assert_eq!(lines.lines(0..5), 0..2);
        assert_eq!(lines.lines(5..9), 2..2);
    }
}
