//! Keeps the panics of runs from the terminal: of a thousand seeds, each may panic.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::marker::PhantomData;
use std::panic::{self, PanicHookInfo};
use std::sync::Once;

/// So many panics of a thread are kept, the last ones.
const MOST: usize = 64;

/// A panic that was not printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caught {
    /// What it said.
    pub message: String,
    /// Where it was: `src/tests.rs:41:5`.
    pub location: String,
}

/// While it lives, the panics of this thread are kept and not printed. Those of other threads go where
/// they went before.
#[derive(Debug)]
pub struct Quiet {
    /// What an outer one has kept.
    outer: Option<VecDeque<Caught>>,
    /// It belongs to its thread.
    thread: PhantomData<*const ()>,
}

thread_local! {
    static KEPT: RefCell<Option<VecDeque<Caught>>> = const { RefCell::new(None) };
}

static INSTALLED: Once = Once::new();

impl Quiet {
    /// From now on, on this thread.
    pub fn begin() -> Self {
        INSTALLED.call_once(|| {
            let earlier = panic::take_hook();
            panic::set_hook(Box::new(move |panic| {
                if !keep(panic) {
                    earlier(panic);
                }
            }));
        });
        Self {
            outer: KEPT.replace(Some(VecDeque::new())),
            thread: PhantomData,
        }
    }

    /// The panics since it began, or since they were taken the last time; of more than 64 the last ones.
    pub fn take(&self) -> Vec<Caught> {
        KEPT.with_borrow_mut(|kept| kept.as_mut().map(std::mem::take))
            .unwrap_or_default()
            .into()
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        KEPT.set(self.outer.take());
    }
}

/// Keeps a panic, if this thread asks for it.
fn keep(panic: &PanicHookInfo<'_>) -> bool {
    let caught = || Caught {
        message: panic
            .payload_as_str()
            .unwrap_or("a value that is no text")
            .to_owned(),
        location: panic
            .location()
            .map_or_else(|| "an unknown place".to_owned(), ToString::to_string),
    };
    let keep = |kept: &RefCell<Option<VecDeque<Caught>>>| {
        let mut kept = kept.try_borrow_mut().ok()?;
        let kept = kept.as_mut()?;
        if kept.len() == MOST {
            kept.pop_front();
        }
        kept.push_back(caught());
        Some(())
    };
    KEPT.try_with(keep).ok().flatten().is_some()
}
