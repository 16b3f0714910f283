//! Places in the user's source, as plain data.

use std::path::{Path, PathBuf};
use std::sync::Arc;

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
        let before = source.text.get(..span.start as usize).unwrap_or(&source.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Location {
            file: &source.name,
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}
