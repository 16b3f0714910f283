//! Diagnostics for a person: miette draws them into the user's source.

use std::fmt;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode, ThemeStyles};

use super::snippet::Snippet;
use crate::diagnostic::{Diagnostic, Severity};
use crate::span::Sources;

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
    let handler = handler(style);
    let mut out = String::new();
    for found in diagnostics {
        draw(&mut out, found, sources, &handler);
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
        theme.styles = ThemeStyles::none();
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
fn draw(out: &mut String, found: &Diagnostic, sources: &Sources, handler: &GraphicalReportHandler) {
    let (snippets, told) = Snippet::of(&found.labels, sources);
    let message = format!("{}{told}", found.message);
    let last = snippets.len().saturating_sub(1);
    for part in 0..=last {
        let view = View {
            found,
            message: &message,
            snippet: snippets.get(part),
            is_first: part == 0,
            is_last: part == last,
        };
        let mut drawn = String::new();
        // Writing into a string cannot fail, and a snippet has all that miette asks it for.
        let _ = handler.render_report(&mut drawn, &view);
        if view.is_first {
            out.push_str(&drawn);
        } else {
            // The first line is the one for the message.
            out.push_str(drawn.split_once('\n').map_or("", |(_, rest)| rest));
        }
    }
}

/// The part of a diagnostic that is about one file.
#[derive(Debug)]
struct View<'a> {
    found: &'a Diagnostic,
    /// What is wrong, and the places that cannot be drawn.
    message: &'a str,
    snippet: Option<&'a Snippet<'a>>,
    /// With the code and the message.
    is_first: bool,
    /// With the help.
    is_last: bool,
}

impl fmt::Display for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_first { self.message } else { "" })
    }
}

impl std::error::Error for View<'_> {}

impl miette::Diagnostic for View<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let severity = match self.found.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let code = || Box::new(format!("{severity}[{}]", self.found.code)) as _;
        self.is_first.then(code)
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.found.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = self.found.help.as_ref().filter(|_| self.is_last)?;
        Some(Box::new(help))
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.snippet.map(|snippet| Box::new(snippet.spans()) as _)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.snippet.map(|snippet| snippet as _)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::codes;
    use crate::span::{FileId, Span};

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
    fn a_thousand_places_in_a_large_file_are_no_trouble() {
        let line = "pub static ORDERS: Queue<Order>;\n";
        let mut sources = Sources::default();
        let file = sources.add("a.rs", Path::new("a.rs"), line.repeat(50_000).into());
        let place = |n: u32| Span {
            file,
            start: n * 50 * line.len() as u32 + 11,
            end: n * 50 * line.len() as u32 + 17,
        };
        let mut found = vec![Diagnostic::error(codes::MESSAGE_LOOP, "a long way round")];
        for n in 0..1_000 {
            found[0].labels.push(crate::diagnostic::Label {
                span: place(n),
                text: "here".to_owned(),
            });
            found.push(Diagnostic::warning(codes::UNUSED, "nobody").at(place(n), "there"));
        }
        let drawn = render_text(&found, &sources, PLAIN);
        assert_eq!(drawn.matches("a.rs:").count(), 2_000);
        assert!(drawn.ends_with("1 error, 1000 warnings\n"));
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
