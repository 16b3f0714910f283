//! Diagnostics for a person: miette draws them into the user's source.

use std::fmt;
use std::ops::Range;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    SourceCode, SourceSpan, SpanContents,
};

use super::places::{File, Places};
use crate::diagnostic::{Diagnostic, Label, Severity};
use crate::span::{FileId, Sources, Span};

/// How to draw.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// With ANSI colours: only for a terminal.
    pub color: bool,
    /// With the box characters of Unicode; else ASCII alone.
    pub unicode: bool,
    /// Columns until words are wrapped. The user's source is never wrapped.
    pub width: usize,
}

/// Draws diagnostics, one after the other, and counts them at the end: `2 errors, 1 warning`. Nothing
/// at all for none.
///
/// A diagnostic whose places are in several files shows a snippet of each file.
pub fn render_text(diagnostics: &[Diagnostic], sources: &Sources, style: Style) -> String {
    let places = Places::new(diagnostics, sources);
    let handler = handler(style);
    let mut out = String::new();
    for found in diagnostics {
        draw(&mut out, found, &places, &handler);
        out.push('\n');
    }
    if let Some(summary) = summary(diagnostics) {
        out.push_str(&summary);
        out.push('\n');
    }
    out
}

fn handler(style: Style) -> GraphicalReportHandler {
    let mut theme = if style.unicode {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::ascii()
    };
    if !style.color {
        theme.styles = miette::ThemeStyles::none();
    }
    GraphicalReportHandler::new_themed(theme)
        .with_width(style.width)
        .with_links(false)
        .without_syntax_highlighting()
}

/// `2 errors, 1 warning`; `None` for no diagnostics.
fn summary(diagnostics: &[Diagnostic]) -> Option<String> {
    let errors = diagnostics
        .iter()
        .filter(|found| found.severity == Severity::Error)
        .count();
    let counts = [("error", errors), ("warning", diagnostics.len() - errors)];
    let parts: Vec<_> = counts
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(what, count)| format!("{count} {what}{}", if *count == 1 { "" } else { "s" }))
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// One diagnostic: what is wrong, a snippet of each file, the help. miette draws one file at a time,
/// so each further one is drawn as a diagnostic without words, of which the snippet is kept.
fn draw(
    out: &mut String,
    found: &Diagnostic,
    places: &Places<'_>,
    handler: &GraphicalReportHandler,
) {
    let mut groups = by_file(&found.labels, places);
    let last = groups.pop();
    let mut words = Some(found.message.clone());
    for (file, labels) in groups {
        snippet(
            out,
            found,
            words.take(),
            Some((file, labels)),
            None,
            handler,
        );
    }
    snippet(out, found, words, last, found.help.as_deref(), handler);
}

/// Labels by file, in the order in which the files come up. Labels in no file are left out.
fn by_file<'p, 'a>(
    labels: &'p [Label],
    places: &'p Places<'a>,
) -> Vec<(&'p File<'a>, Vec<&'p Label>)> {
    let mut groups: Vec<(FileId, &File<'a>, Vec<&Label>)> = Vec::new();
    for label in labels {
        let id = label.span.file;
        if let Some((_, _, group)) = groups.iter_mut().find(|(known, _, _)| *known == id) {
            group.push(label);
        } else if let Some(file) = places.file(id) {
            groups.push((id, file, vec![label]));
        }
    }
    groups
        .into_iter()
        .map(|(_, file, labels)| (file, labels))
        .collect()
}

fn snippet(
    out: &mut String,
    found: &Diagnostic,
    words: Option<String>,
    place: Option<(&File<'_>, Vec<&Label>)>,
    help: Option<&str>,
    handler: &GraphicalReportHandler,
) {
    let has_words = words.is_some();
    let view = View {
        code: has_words.then(|| format!("{}[{}]", severity(found.severity), found.code)),
        severity: found.severity,
        message: words.unwrap_or_default(),
        help: help.map(str::to_owned),
        labels: place
            .as_ref()
            .map(|(file, labels)| spans(file, labels))
            .unwrap_or_default(),
        file: place.map(|(file, _)| Snippets(file)),
    };
    let mut drawn = String::new();
    // Writing into a string cannot fail; miette itself gives up on places that are in no file, which
    // `spans` has ruled out.
    let _ = handler.render_report(&mut drawn, &view);
    if has_words {
        out.push_str(&drawn);
    } else {
        // The first line is the one for the message.
        out.push_str(drawn.split_once('\n').map_or("", |(_, rest)| rest));
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// The labels as miette takes them. The first one is the place that the head of a snippet names.
fn spans(file: &File<'_>, labels: &[&Label]) -> Vec<LabeledSpan> {
    let span = |(index, label): (usize, &&Label)| {
        let range = visible(file, label.span);
        let text = (!label.text.is_empty()).then(|| label.text.clone());
        if index == 0 {
            LabeledSpan::new_primary_with_span(text, range)
        } else {
            LabeledSpan::new_with_span(text, range)
        }
    };
    labels.iter().enumerate().map(span).collect()
}

/// A place after the last line's end is drawn at that line's end.
fn visible(file: &File<'_>, span: Span) -> Range<usize> {
    let text = file.source.text.trim_end_matches(['\r', '\n']);
    let range = file.range(span);
    if range.start == file.source.text.len() {
        text.len()..text.len()
    } else {
        range
    }
}

/// A diagnostic with the places of one file.
#[derive(Debug)]
struct View<'a> {
    code: Option<String>,
    severity: Severity,
    message: String,
    help: Option<String>,
    labels: Vec<LabeledSpan>,
    file: Option<Snippets<'a>>,
}

impl fmt::Display for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for View<'_> {}

impl miette::Diagnostic for View<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.code.as_ref().map(|code| Box::new(code) as _)
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as _)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.file.as_ref().map(|file| file as _)
    }
}

/// A file as miette takes it. miette's own would search the file for lines once for each label.
struct Snippets<'a>(&'a File<'a>);

impl fmt::Debug for Snippets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.source.name)
    }
}

impl SourceCode for Snippets<'_> {
    /// The lines of the span with some around it. miette asks for none around it where it wants to
    /// know the line and column of the span, and else for those of the first line.
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let Self(file) = self;
        let (start, end) = (span.offset(), span.offset() + span.len());
        let first = file.line(start).saturating_sub(before);
        // A span that ends with a line ends in that line, not in the next.
        let last = file.line(end.saturating_sub(1).max(start)) + after;
        let Range {
            start: from,
            end: to,
        } = file.lines(first..last + 1);
        Ok(Box::new(MietteSpanContents::new_named(
            file.source.name.clone(),
            &file.source.text.as_bytes()[from..to],
            (from, to - from).into(),
            first,
            if before == 0 { file.column(start) } else { 0 },
            last + 1 - first,
        )))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::codes;

    const PLAIN: Style = Style {
        color: false,
        unicode: true,
        width: 80,
    };

    fn span(sources: &Sources, file: u32, text: &str) -> Span {
        let file = FileId(file);
        let start = sources
            .get(file)
            .and_then(|source| source.text.find(text))
            .expect("a place") as u32;
        Span {
            file,
            start,
            end: start + text.len() as u32,
        }
    }

    fn shop() -> Sources {
        let mut sources = Sources::default();
        for (name, text) in [
            (
                "src/orders.rs",
                "use cloudc::*;\n\n#[queue]\npub static ORDERS: Queue<Order>;\n\n\
                 #[function(queue = ORDERS)]\nasync fn charge(order: Order) {}\n",
            ),
            (
                "src/mail.rs",
                "#[function(\r\n\tqueue = crate::ORDERS, // 订单\r\n)]\r\nasync fn confirm() {}\r\n",
            ),
            ("src/empty.rs", ""),
        ] {
            sources.add(name, Path::new(name), text.into());
        }
        sources
    }

    #[test]
    fn places_in_one_file_and_in_two() {
        let sources = shop();
        let at = |file, text| span(&sources, file, text);
        let found = [
            Diagnostic::error(codes::TWO_CONSUMERS, "the queue ORDERS has two consumers: `confirm` and `charge`, and this is a long line")
                .at(at(1, "crate::ORDERS"), "`confirm` consumes it")
                .at(at(0, "ORDERS)"), "`charge` consumes it")
                .at(at(0, "ORDERS:"), "the queue")
                .help("each message goes to one consumer: do both in one function, or send to a second queue and consume that one"),
            Diagnostic::warning(codes::NEVER_SENT, "nobody sends to the queue ORDERS").at(at(0, "ORDERS:"), ""),
            Diagnostic::error(codes::PROJECT, "there is no Cargo.toml in `shop`").help("run `cloudc new shop`"),
        ];
        insta::assert_snapshot!(render_text(&found, &sources, PLAIN), @r"
        error[CC305]

          × the queue ORDERS has two consumers: `confirm` and `charge`, and this is a
          │ long line
           ╭─[src/mail.rs:2:10]
         1 │ #[function(
         2 │     queue = crate::ORDERS, // 订单
           ·             ──────┬──────
           ·                   ╰── `confirm` consumes it
         3 │ )]
           ╰────
           ╭─[src/orders.rs:6:20]
         3 │ #[queue]
         4 │ pub static ORDERS: Queue<Order>;
           ·            ───┬───
           ·               ╰── the queue
         5 │ 
         6 │ #[function(queue = ORDERS)]
           ·                    ───┬───
           ·                       ╰── `charge` consumes it
         7 │ async fn charge(order: Order) {}
           ╰────
          help: each message goes to one consumer: do both in one function, or send to
                a second queue and consume that one

        warning[CC307]

          ⚠ nobody sends to the queue ORDERS
           ╭─[src/orders.rs:4:12]
         3 │ #[queue]
         4 │ pub static ORDERS: Queue<Order>;
           ·            ───────
         5 │ 
           ╰────

        error[CC201]

          × there is no Cargo.toml in `shop`
          help: run `cloudc new shop`

        2 errors, 1 warning
        ");
        let ascii = Style {
            unicode: false,
            ..PLAIN
        };
        let drawn = render_text(&found, &sources, ascii);
        assert!(!drawn.contains(['╭', '×', '⚠']), "{drawn}");
        assert!(!drawn.contains('\x1b'));
        let colour = Style {
            color: true,
            ..PLAIN
        };
        assert!(render_text(&found, &sources, colour).contains("\x1b["));
    }

    #[test]
    fn odd_places() {
        let sources = shop();
        let odd = |file, start, end| {
            let span = Span {
                file: FileId(file),
                start,
                end,
            };
            Diagnostic::error(codes::SYNTAX, "odd").at(span, "here")
        };
        let found = [
            odd(2, 0, 0),
            odd(2, 5, 9),
            odd(0, 9999, 10_000),
            odd(9, 0, 1),
            odd(1, 11, 13),
        ];
        insta::assert_snapshot!(render_text(&found, &sources, PLAIN), @r"
        error[CC203]

          × odd
           ╭─[src/empty.rs:1:1]
           ╰────

        error[CC203]

          × odd
           ╭─[src/empty.rs:1:1]
           ╰────

        error[CC203]

          × odd
           ╭─[src/orders.rs:7:33]
         6 │ #[function(queue = ORDERS)]
         7 │ async fn charge(order: Order) {}
           ·                                 ▲
           ·                                 ╰── here
           ╰────

        error[CC203]

          × odd

        error[CC203]

          × odd
           ╭─[src/mail.rs:1:12]
         1 │ #[function(
           ·            ┬
           ·            ╰── here
         2 │     queue = crate::ORDERS, // 订单
           ╰────

        5 errors
        ");
    }

    #[test]
    fn nothing_is_drawn_for_nothing() {
        assert_eq!(render_text(&[], &shop(), PLAIN), "");
    }

    proptest! {
        #[test]
        fn any_place_in_any_text_can_be_drawn(
            text in "(\\PC|\n|\r\n|\r|\t|é|名|\u{301}|\u{feff}){0,30}",
            places in proptest::collection::vec((0..40_u32, 0..40_u32), 0..4),
            width in 0..100_usize,
            unicode: bool,
            color: bool,
        ) {
            let mut sources = Sources::default();
            let file = sources.add("a.rs", Path::new("a.rs"), text.into());
            let mut found = Diagnostic::error(codes::SYNTAX, "odd").help("write it otherwise");
            for (start, end) in places {
                found = found.at(Span { file, start, end }, "here");
            }
            let style = Style { color, unicode, width };
            let drawn = render_text(&[found], &sources, style);
            prop_assert!(drawn.contains("CC203"));
            prop_assert!(drawn.contains("1 error"));
            prop_assert!(!drawn.contains("Failed to read"), "{drawn}");
        }
    }
}
