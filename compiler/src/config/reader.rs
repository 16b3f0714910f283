//! A table of `cloudc.toml`, read key by key. What was asked for is known; what is left at the end is not.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::graph::Setting;
use crate::span::{FileId, Span};

/// The mistakes found so far, and the file they are in.
pub(super) struct Report {
    pub(super) file: FileId,
    pub(super) found: Vec<Diagnostic>,
}

impl Report {
    pub(super) fn span(&self, range: &Range<usize>) -> Span {
        let at = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
        Span {
            file: self.file,
            start: at(range.start),
            end: at(range.end),
        }
    }

    /// A value that can't be used.
    pub(super) fn bad(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        let diagnostic = Diagnostic::error(codes::CONFIG_VALUE, message);
        self.found.push(diagnostic.at(span, "").help(help));
    }
}

/// One table.
pub(super) struct Reader<'r, 'i> {
    report: &'r mut Report,
    /// How a user writes it: `[nats]`; empty at the top.
    name: String,
    /// Where it is.
    pub(super) span: Span,
    left: BTreeMap<String, (Span, Spanned<DeValue<'i>>)>,
    asked: Vec<&'static str>,
}

impl<'r, 'i> Reader<'r, 'i> {
    pub(super) fn new(
        report: &'r mut Report,
        name: String,
        range: &Range<usize>,
        table: DeTable<'i>,
    ) -> Self {
        let span = report.span(range);
        let left = table.into_iter().map(|(key, value)| {
            let span = report.span(&key.span());
            (key.into_inner().into_owned(), (span, value))
        });
        Self {
            left: left.collect(),
            report,
            name,
            span,
            asked: Vec::new(),
        }
    }

    /// Reports a value of this table that can't be used.
    pub(super) fn bad(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.report.bad(span, message, help);
    }

    /// Whether a key is written.
    pub(super) fn has(&self, key: &str) -> bool {
        self.left.contains_key(key)
    }

    /// Where a key is written.
    pub(super) fn place(&self, key: &str) -> Option<Span> {
        self.left.get(key).map(|(span, _)| *span)
    }

    fn take(&mut self, key: &'static str) -> Option<(Span, DeValue<'i>)> {
        self.asked.push(key);
        let (_, value) = self.left.remove(key)?;
        let span = self.report.span(&value.span());
        Some((span, value.into_inner()))
    }

    pub(super) fn text(&mut self, key: &'static str) -> Option<Setting<String>> {
        let (span, value) = self.take(key)?;
        match value {
            DeValue::String(text) => Some(Setting {
                value: text.into_owned(),
                span,
            }),
            other => self.ill_typed(key, span, &other, "a text in quotes"),
        }
    }

    pub(super) fn boolean(&mut self, key: &'static str) -> Option<bool> {
        let (span, value) = self.take(key)?;
        match value {
            DeValue::Boolean(value) => Some(value),
            other => self.ill_typed(key, span, &other, "`true` or `false`"),
        }
    }

    /// A list; each item that is not of the form is reported.
    fn list<T>(
        &mut self,
        key: &'static str,
        form: &str,
        item: impl Fn(DeValue<'i>) -> Option<T>,
    ) -> Option<Vec<Setting<T>>> {
        let (span, value) = self.take(key)?;
        let DeValue::Array(items) = value else {
            return self.ill_typed(key, span, &value, form);
        };
        let mut values = Vec::new();
        for value in items {
            let span = self.report.span(&value.span());
            let value = value.into_inner();
            match item(value) {
                Some(value) => values.push(Setting { value, span }),
                None => {
                    self.report
                        .bad(span, format!("`{key}` cannot have this in its list"), form)
                }
            }
        }
        Some(values)
    }

    pub(super) fn texts(&mut self, key: &'static str) -> Option<Vec<Setting<String>>> {
        self.list(
            key,
            "write a list of texts: `[\"a\", \"b\"]`",
            |value| match value {
                DeValue::String(text) => Some(text.into_owned()),
                _ => None,
            },
        )
    }

    pub(super) fn ports(&mut self, key: &'static str) -> Option<Vec<u16>> {
        let form = "write a list of ports from 1 to 65535: `[443, 5432]`";
        let ports = self.list(key, form, |value| match value {
            DeValue::Integer(number) => u16::from_str_radix(number.as_str(), number.radix())
                .ok()
                .filter(|port| *port != 0),
            _ => None,
        })?;
        Some(ports.into_iter().map(|port| port.value).collect())
    }

    /// A table, read by this function.
    pub(super) fn table<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Reader<'_, 'i>) -> Option<T>,
    ) -> Option<T> {
        let (_, value) = self.take_spanned(key)?;
        let range = value.span();
        let name = self.child(key);
        match value.into_inner() {
            DeValue::Table(table) => {
                let mut reader = Reader::new(self.report, name, &range, table);
                let value = read(&mut reader);
                reader.finish();
                value
            }
            other => {
                let span = self.report.span(&range);
                self.ill_typed(key, span, &other, &format!("a table: `[{name}]`"))
            }
        }
    }

    /// A list of tables, each read by this function.
    pub(super) fn tables<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut Reader<'_, 'i>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let (span, value) = self.take(key)?;
        let name = self.child(key);
        let form = format!("tables: `[[{name}]]`");
        let DeValue::Array(items) = value else {
            return self.ill_typed(key, span, &value, &form);
        };
        let mut values = Vec::new();
        for item in items {
            let range = item.span();
            match item.into_inner() {
                DeValue::Table(table) => {
                    let mut reader = Reader::new(self.report, name.clone(), &range, table);
                    values.extend(read(&mut reader));
                    reader.finish();
                }
                other => {
                    let span = self.report.span(&range);
                    let _: Option<()> = self.ill_typed(key, span, &other, &form);
                }
            }
        }
        Some(values)
    }

    /// A table whose keys are the user's own names, each a table read by this function. The names become
    /// folders, so they are tested.
    pub(super) fn named<T>(
        &mut self,
        key: &'static str,
        valid: impl Fn(&str) -> bool,
        mut read: impl FnMut(&mut Reader<'_, 'i>) -> T,
    ) -> BTreeMap<String, T> {
        let Some((_, value)) = self.take_spanned(key) else {
            return BTreeMap::new();
        };
        let range = value.span();
        let mut found = BTreeMap::new();
        match value.into_inner() {
            DeValue::Table(table) => {
                for (name, value) in table {
                    let span = self.report.span(&name.span());
                    let name = name.into_inner().into_owned();
                    if !valid(&name) {
                        let help = "write lower-case letters, digits and `-`, and not `default`: that is a build without `--env`";
                        self.bad(
                            span,
                            format!("`{name}` is no name for an environment"),
                            help,
                        );
                    }
                    let shown = format!("{}.{name}", self.child(key));
                    let range = value.span();
                    match value.into_inner() {
                        DeValue::Table(table) => {
                            let mut reader = Reader::new(self.report, shown, &range, table);
                            let value = read(&mut reader);
                            reader.finish();
                            found.insert(name, value);
                        }
                        other => {
                            let span = self.report.span(&range);
                            let form = format!("a table: `[{shown}]`");
                            let _: Option<()> = self.ill_typed(&name, span, &other, &form);
                        }
                    }
                }
            }
            other => {
                let span = self.report.span(&range);
                let _: Option<()> = self.ill_typed(key, span, &other, "tables: `[env.NAME]`");
            }
        }
        found
    }

    fn take_spanned(&mut self, key: &'static str) -> Option<(Span, Spanned<DeValue<'i>>)> {
        self.asked.push(key);
        self.left.remove(key)
    }

    fn child(&self, key: &str) -> String {
        if self.name.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.name)
        }
    }

    fn ill_typed<T>(
        &mut self,
        key: &str,
        span: Span,
        value: &DeValue<'_>,
        form: &str,
    ) -> Option<T> {
        let message = format!("`{key}` is {} here", with_article(value.type_str()));
        self.report.bad(span, message, format!("write {form}"));
        None
    }

    /// Reports what is left: keys that nobody asked for.
    pub(super) fn finish(self) {
        for (key, (span, _)) in self.left {
            let place = if self.name.is_empty() {
                "cloudc.toml".to_owned()
            } else {
                format!("`[{}]`", self.name)
            };
            let diagnostic =
                Diagnostic::error(codes::CONFIG_SYNTAX, format!("{place} has no key `{key}`"));
            let help = super::one_of(&key, &self.asked);
            self.report.found.push(diagnostic.at(span, "").help(help));
        }
    }
}

fn with_article(kind: &str) -> String {
    let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {kind}")
}
