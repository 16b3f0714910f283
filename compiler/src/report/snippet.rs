//! The lines of one file that a diagnostic shows.

use std::fmt;
use std::ops::Range;

use miette::{LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use crate::diagnostic::Label;
use crate::span::{FileId, Source, Sources, Span};

/// The longest line that is drawn, in bytes. Nobody reads a longer one, and miette counts columns up to
/// 65,535 and panics.
const LONGEST_LINE: usize = 2_000;

/// A file with the labels that are in it. To miette it is the file's text: miette's own view of a text
/// would search all of it for lines once for each label.
pub(super) struct Snippet<'a> {
    sources: &'a Sources,
    file: FileId,
    source: &'a Source,
    labels: Vec<&'a Label>,
}

impl<'a> Snippet<'a> {
    /// Labels by file, in the order in which the files come up, and the places of those whose lines are
    /// too long to be drawn, in words. Labels in no file are left out.
    pub(super) fn of(labels: &'a [Label], sources: &'a Sources) -> (Vec<Self>, String) {
        let mut snippets: Vec<Self> = Vec::new();
        let mut told = String::new();
        for label in labels {
            let file = label.span.file;
            if !is_drawable(label, sources) {
                let at = sources.location(label.span);
                let place = format!("\nat {}:{}:{}", at.file, at.line, at.column);
                told.push_str(&place);
                if !label.text.is_empty() {
                    told.extend([": ", label.text.as_str()]);
                }
                continue;
            }
            if let Some(snippet) = snippets.iter_mut().find(|snippet| snippet.file == file) {
                snippet.labels.push(label);
            } else if let Some(source) = sources.get(file) {
                snippets.push(Self {
                    sources,
                    file,
                    source,
                    labels: vec![label],
                });
            }
        }
        (snippets, told)
    }

    /// The labels as miette takes them. The first one is the place that the head of a snippet names.
    pub(super) fn spans(&self) -> impl Iterator<Item = LabeledSpan> {
        self.labels.iter().enumerate().map(|(index, label)| {
            let range = visible(&self.source.text, label.span);
            let text = (!label.text.is_empty()).then(|| label.text.clone());
            if index == 0 {
                LabeledSpan::new_primary_with_span(text, range)
            } else {
                LabeledSpan::new_with_span(text, range)
            }
        })
    }
}

/// Whether the lines of a label, and those beside it, are short enough.
fn is_drawable(label: &Label, sources: &Sources) -> bool {
    sources.get(label.span.file).is_none_or(|source| {
        let around = lines(&source.text, visible(&source.text, label.span), 1, 1);
        let mut lines = source.text.as_bytes()[around].split(|byte| *byte == b'\n');
        lines.all(|line| line.len() <= LONGEST_LINE)
    })
}

/// The bytes of a span as far as the file has them, from character to character. A place after the
/// last line's end is drawn at that line's end.
fn visible(text: &str, span: Span) -> Range<usize> {
    let start = text.floor_char_boundary(span.start as usize);
    let end = text.floor_char_boundary(span.end as usize);
    if start == text.len() {
        let end = text.trim_end_matches(['\r', '\n']).len();
        end..end
    } else {
        start..end.max(start)
    }
}

/// The whole lines around some bytes, and more lines before and after.
fn lines(text: &str, bytes: Range<usize>, before: usize, after: usize) -> Range<usize> {
    let text = text.as_bytes();
    let is_newline = |byte: &u8| *byte == b'\n';
    let mut start = bytes.start;
    for line in 0..=before {
        let ends_before = start.saturating_sub(usize::from(line > 0));
        let newline = text[..ends_before].iter().rposition(is_newline);
        start = newline.map_or(0, |newline| newline + 1);
    }
    // A span that ends with a line ends in that line, not in the next.
    let mut end = bytes.end.saturating_sub(1).max(bytes.start);
    for _ in 0..=after {
        let newline = text[end..].iter().position(is_newline);
        end = newline.map_or(text.len(), |newline| end + newline + 1);
    }
    start..end
}

impl fmt::Debug for Snippet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source.name)
    }
}

impl SourceCode for Snippet<'_> {
    /// miette asks for no lines around a span where it wants to know the place of the span, and else
    /// for the place of the first line.
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let bytes = span.offset()..span.offset() + span.len();
        let lines = lines(&self.source.text, bytes.clone(), before, after);
        let place = if before == 0 {
            bytes.start
        } else {
            lines.start
        };
        let start = u32::try_from(place).unwrap_or(u32::MAX);
        let place = self.sources.location(Span {
            file: self.file,
            start,
            end: start,
        });
        let text = &self.source.text.as_bytes()[lines.clone()];
        Ok(Box::new(MietteSpanContents::new_named(
            self.source.name.clone(),
            text,
            (lines.start, text.len()).into(),
            place.line - 1,
            place.column - 1,
            text.iter().filter(|byte| **byte == b'\n').count(),
        )))
    }
}
