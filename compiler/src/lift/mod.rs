//! From the text of one file to facts about it. `syn` types live here only.

mod associated;
mod attributes;
mod body;
mod builder;
pub mod facts;
mod guard;
mod imports;
mod items;
mod macros;
mod marks;
mod paths;
mod positions;
mod tokens;

use proc_macro2::TokenStream;

use facts::{FileFacts, Spot};
use positions::Positions;

pub use guard::STACK;

/// The largest source file, in bytes. Offsets are `u32`, and a token takes about forty times its
/// text in memory; no file that a person wrote comes near.
pub const LARGEST_FILE: usize = 8 << 20;

/// What keeps a text from being tokens; the parser does not tell which.
const LEX_ERROR: &str =
    "a bracket, text or comment that does not close, or a character that Rust does not have";

/// Why a file has no facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// What is wrong, in the parser's words.
    pub message: String,
    /// Where.
    pub spot: Spot,
    /// Whether it is Rust that is only too large or too deep.
    pub too_large: bool,
}

/// The facts of a file, from its text. Needs [`STACK`] bytes of stack in the worst case.
///
/// # Errors
///
/// Text that is no Rust, or too large or too deeply nested to be parsed.
pub fn lift(text: &str) -> Result<FileFacts, Rejection> {
    if text.len() > LARGEST_FILE {
        return Err(Rejection {
            message: format!(
                "the file has {} bytes, and {LARGEST_FILE} are the most that cloudc reads",
                text.len()
            ),
            spot: Spot::default(),
            too_large: true,
        });
    }
    let before = prefix(text);
    let code = text.get(before..).unwrap_or_default();
    let positions = Positions::new(code, before as u32);
    let facts = parse(code, &positions).map(|file| items::file(&file, &positions));
    // The parser's map of sources only grows; its spans are not needed any more.
    proc_macro2::extra::invalidate_current_thread_spans();
    facts
}

/// What to say of an attribute of ours on an item that cannot carry it.
pub fn wrong_item(attribute: facts::Attribute, spot: Spot) -> facts::Mistake {
    marks::wrong_item(attribute, spot)
}

fn parse(code: &str, positions: &Positions<'_>) -> Result<syn::File, Rejection> {
    let reject = |message: String, span: proc_macro2::Span| Rejection {
        message,
        spot: positions.spot(span),
        too_large: false,
    };
    let tokens: TokenStream = code
        .parse()
        .map_err(|error: proc_macro2::LexError| reject(LEX_ERROR.to_owned(), error.span()))?;
    if let Some(span) = guard::too_deep(tokens.clone()) {
        return Err(Rejection {
            too_large: true,
            ..reject("the code is nested too deeply".to_owned(), span)
        });
    }
    syn::parse2(tokens).map_err(|error| reject(error.to_string(), error.span()))
}

/// The bytes that are not part of the program: a byte order mark, and a line that starts with `#!`
/// but not an attribute.
fn prefix(text: &str) -> usize {
    let mark = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let rest = text.get(mark..).unwrap_or_default();
    let shebang = rest
        .strip_prefix("#!")
        .is_some_and(|rest| !rest.trim_start().starts_with('['));
    if shebang {
        mark + rest.find('\n').unwrap_or(rest.len())
    } else {
        mark
    }
}
