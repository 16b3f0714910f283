//! Values with their place, and mistakes with theirs.

use proc_macro2::{Span, TokenStream};

/// A value the user wrote, and where.
#[derive(Clone, Debug)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// The value itself, without its key.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// A value at a place.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// One mistake: a code, where it is, what is wrong, and what to write instead.
#[derive(Clone, Debug)]
pub struct Error {
    /// One of [`codes`].
    pub code: &'static str,
    /// The place of the mistake: all of it where the tokens' own compiler can join places, as outside
    /// of a macro; else the first token of it.
    pub span: Span,
    /// The last token of that place, for a macro, which can span a place but not join it.
    pub end: Span,
    /// One sentence without a full stop, that names the user's own things.
    pub message: String,
    /// A few words to write beside the place.
    pub label: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl Error {
    pub(crate) fn new(
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Self {
        Self {
            code,
            span,
            end: span,
            message: message.into(),
            label: label.into(),
            help: None,
        }
    }

    /// Puts the mistake at all of these tokens; where there are none, it stays where it is.
    #[must_use]
    pub(crate) fn over(mut self, tokens: TokenStream) -> Self {
        let mut tokens = tokens.into_iter();
        if let Some(first) = tokens.next() {
            let last = tokens.last().unwrap_or_else(|| first.clone());
            self.end = last.span();
            self.span = first.span().join(self.end).unwrap_or_else(|| first.span());
        }
        self
    }

    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// What was understood, and every mistake.
#[derive(Clone, Debug)]
pub struct Parsed<T> {
    /// What was understood. There in spite of errors where the rest is usable: an unknown key is
    /// skipped, a key with a bad value counts as not written. `None` where the attribute says
    /// nothing that can be built on: no trigger, a wrong item.
    pub value: Option<T>,
    /// All mistakes, in the order of the source as far as they have one.
    pub errors: Vec<Error>,
}

/// The codes of this grammar's mistakes. `cloudc explain CODE` knows more about each.
pub mod codes {
    /// A key that the attribute does not know.
    pub const UNKNOWN_KEY: &str = "CC101";
    /// A key that is there twice.
    pub const REPEATED_KEY: &str = "CC102";
    /// A value of the wrong form.
    pub const BAD_VALUE: &str = "CC103";
    /// A function without a trigger.
    pub const NO_TRIGGER: &str = "CC104";
    /// A function with two triggers.
    pub const TWO_TRIGGERS: &str = "CC105";
    /// A key that does not go with the function's trigger.
    pub const MISPLACED_KEY: &str = "CC106";
    /// An item that cannot carry the attribute.
    pub const WRONG_ITEM: &str = "CC107";
    /// A route that is no route.
    pub const BAD_ROUTE: &str = "CC108";
    /// A name that Kubernetes would refuse.
    pub const BAD_NAME: &str = "CC109";
    /// A cron expression that does not parse.
    pub const BAD_CRON: &str = "CC309";
}
