//! Why a message was not handled.

use crate::host::{Outcome, for_log};

/// In words, twice.
#[derive(Clone)]
pub(super) struct Why {
    /// For the dead letter. It may quote the payload.
    pub(super) reason: String,
    /// For the log. It does not.
    pub(super) logged: String,
}

impl Why {
    /// One that quotes nothing.
    pub(super) fn new(reason: &str) -> Self {
        Self {
            reason: reason.to_owned(),
            logged: reason.to_owned(),
        }
    }

    /// Of a call; `None` if that ended well.
    pub(super) fn of(outcome: &Outcome<()>) -> Option<Self> {
        let reason = outcome.reason()?;
        let logged = match outcome {
            Outcome::Failed(error) => for_log(&**error),
            // The text of an `unwrap` shows what it found.
            Outcome::Panicked(_) => "panicked".to_owned(),
            Outcome::TimedOut | Outcome::Done(()) => reason.clone(),
        };
        Some(Self { reason, logged })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_quotes_no_panic() {
        let why = Why::of(&Outcome::Panicked("no number: \"hush\"".to_owned()));
        let why = why.expect("it did not end well");
        assert!(why.reason.contains("hush"), "{}", why.reason);
        assert_eq!(why.logged, "panicked");
    }
}
