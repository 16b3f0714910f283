//! Places in the user's source, as plain data.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

/// A source file of one compilation: an index into [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FileId(pub u32);

/// A byte range in one file. Both ends are byte offsets from the start of the file as it lies on
/// disk (a byte order mark counts), so they stay valid for any reader of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// The files of one compilation, in the order in which they were added.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
}

/// One file: the name that a user sees, and its text.
#[derive(Clone, Debug)]
pub struct Source {
    /// Relative to the folder of the workspace, with `/` between the parts on every platform, so that
    /// output that names a file is the same on any machine.
    pub name: String,
    /// Where it was read from.
    pub path: PathBuf,
    /// The text. Empty for a file that could not be read.
    pub text: Arc<str>,
    /// Where each line but the first starts, once somebody asked for a line.
    line_starts: OnceLock<Vec<usize>>,
}

/// A place as people count: lines and columns from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location<'a> {
    /// [`Source::name`].
    pub file: &'a str,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl Sources {
    /// Adds a file and returns its id.
    pub fn add(&mut self, name: impl Into<String>, path: &Path, text: Arc<str>) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(Source {
            name: name.into(),
            path: path.to_owned(),
            text,
            line_starts: OnceLock::new(),
        });
        id
    }

    /// The file of an id of these sources; `None` for an id of others.
    pub fn get(&self, file: FileId) -> Option<&Source> {
        self.files.get(file.0 as usize)
    }

    /// The text that a span covers; empty where the span does not fit the file.
    pub fn snippet(&self, span: Span) -> &str {
        self.get(span.file)
            .and_then(|source| source.text.get(span.start as usize..span.end as usize))
            .unwrap_or_default()
    }

    /// Where a span starts, in lines and columns.
    pub fn location(&self, span: Span) -> Location<'_> {
        let Some(source) = self.get(span.file) else {
            return Location {
                file: "<unknown>",
                line: 1,
                column: 1,
            };
        };
        let start = source.text.floor_char_boundary(span.start as usize);
        let starts = source.line_starts();
        let line = starts.partition_point(|line_start| *line_start <= start);
        let line_start = if line == 0 { 0 } else { starts[line - 1] };
        Location {
            file: &source.name,
            line: line + 1,
            column: source.text[line_start..start].chars().count() + 1,
        }
    }
}

impl Source {
    /// Found once for each file, so that many places in one file don't cost its length each.
    fn line_starts(&self) -> &[usize] {
        self.line_starts.get_or_init(|| {
            let newlines = self.text.match_indices('\n');
            newlines.map(|(newline, _)| newline + 1).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_in_characters() {
        let mut sources = Sources::default();
        let file = sources.add("a.rs", Path::new("a.rs"), "één\nb\n\nd".into());
        let at = |start| {
            let span = Span {
                file,
                start,
                end: start,
            };
            let place = sources.location(span);
            (place.line, place.column)
        };
        assert_eq!(at(0), (1, 1));
        assert_eq!(at(4), (1, 3), "after two letters of two bytes");
        assert_eq!(at(6), (2, 1));
        assert_eq!(at(7), (2, 2), "the line's end belongs to the line");
        assert_eq!(at(9), (4, 1));
        assert_eq!(at(99), (4, 2), "beyond the end is the end");
    }
}
