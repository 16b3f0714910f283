//! From the parser's lines and columns to byte offsets.

use proc_macro2::{LineColumn, Span};

use super::facts::Spot;

/// Where the lines of a text start.
pub(super) struct Positions<'a> {
    text: &'a str,
    lines: Vec<u32>,
    ascii: bool,
    /// Bytes before the text in its file: a byte order mark or a shebang, which the parser never saw.
    before: u32,
}

impl<'a> Positions<'a> {
    pub(super) fn new(text: &'a str, before: u32) -> Self {
        let mut lines = vec![0];
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        lines.extend(ends.map(|(at, _)| at as u32 + 1));
        Self {
            text,
            lines,
            ascii: text.is_ascii(),
            before,
        }
    }

    /// The bytes that a span covers. (`Span::byte_range` keeps a tree of all it was ever asked.)
    pub(super) fn spot(&self, span: Span) -> Spot {
        self.between(span, span)
    }

    /// From the start of one span to the end of another.
    pub(super) fn between(&self, from: Span, to: Span) -> Spot {
        let start = self.offset(from.start());
        let end = self.offset(to.end());
        Spot {
            start,
            len: end.saturating_sub(start),
        }
    }

    fn offset(&self, at: LineColumn) -> u32 {
        let line = self
            .lines
            .get(at.line.saturating_sub(1))
            .copied()
            .unwrap_or_default();
        let column = if self.ascii {
            at.column as u32
        } else {
            let rest = self.text.get(line as usize..).unwrap_or_default();
            rest.chars()
                .take(at.column)
                .map(|char| char.len_utf8() as u32)
                .sum()
        };
        self.before + line + column
    }
}
