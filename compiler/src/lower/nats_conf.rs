//! The bundled broker's `nats.conf`, as data and as text.

use std::fmt::{self, Write as _};

/// A value of the configuration language of nats-server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Conf {
    Text(String),
    Number(u128),
    /// A bare word: `enabled`, `always`.
    Word(&'static str),
    /// The value of an environment variable.
    Variable(String),
    List(Vec<Conf>),
    Map(Vec<(String, Conf)>),
}

impl Conf {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn texts(texts: impl IntoIterator<Item = String>) -> Self {
        Self::List(texts.into_iter().map(Self::Text).collect())
    }

    pub(super) fn map<const N: usize>(entries: [(&str, Self); N]) -> Self {
        Self::Map(entries.map(|(key, value)| (key.to_owned(), value)).to_vec())
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        match self {
            // The language escapes as JSON does, as far as names and subjects go.
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Word(word) => f.write_str(word),
            Self::Variable(name) => write!(f, "${name}"),
            Self::List(items) => {
                f.write_str("[\n")?;
                for item in items {
                    indent(f, depth + 1)?;
                    item.write(f, depth + 1)?;
                    f.write_char('\n')?;
                }
                indent(f, depth)?;
                f.write_char(']')
            }
            Self::Map(entries) => {
                f.write_str("{\n")?;
                write_entries(f, entries, depth + 1)?;
                indent(f, depth)?;
                f.write_char('}')
            }
        }
    }
}

fn write_entries(
    f: &mut fmt::Formatter<'_>,
    entries: &[(String, Conf)],
    depth: usize,
) -> fmt::Result {
    for (key, value) in entries {
        indent(f, depth)?;
        let bare = key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if bare {
            write!(f, "{key}: ")?;
        } else {
            write!(f, "{key:?}: ")?;
        }
        value.write(f, depth)?;
        f.write_char('\n')?;
    }
    Ok(())
}

fn indent(f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
    (0..depth).try_for_each(|_| f.write_str("  "))
}

/// A whole file: the outermost map stands without its braces.
impl fmt::Display for Conf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Map(entries) => write_entries(f, entries, 0),
            other => other.write(f, 0),
        }
    }
}
