//! A trace with marks in its margin.

use std::fmt;

use crate::testing::trace::{Line, Trace, What};

/// So many events are shown at the start of a long trace,
const START: usize = 20;

/// so many before and behind each mark,
const AROUND: usize = 6;

/// so many at the end,
const END: usize = 30;

/// and gaps that are not longer.
const GAP: usize = 3;

/// A trace as text: `!` in front of a fault, `>` in front of the step at which it failed. Of a long one,
/// what is far from any mark is left out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marked<'a> {
    pub(super) trace: &'a Trace,
    /// Which event, counted from 0.
    pub(super) failed_at: Option<usize>,
}

impl fmt::Display for Marked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.trace.dropped() > 0 {
            writeln!(f, "  ({} earlier events are gone)", self.trace.dropped())?;
        }
        let shown = self.shown();
        let mut left_out = 0;
        for (index, (event, shown)) in self.trace.events().zip(shown).enumerate() {
            if !shown {
                left_out += 1;
                continue;
            }
            gap(f, std::mem::take(&mut left_out))?;
            let mark = match &event.what {
                _ if self.failed_at == Some(index) => '>',
                What::Fault { .. } => '!',
                _ => ' ',
            };
            writeln!(f, "{mark} {}", Line(event))?;
        }
        gap(f, left_out)
    }
}

impl Marked<'_> {
    fn shown(&self) -> Vec<bool> {
        let many = self.trace.events().len();
        let mut shown = vec![false; many];
        let mut show = |from: usize, to: usize| {
            let to = to.min(many);
            shown[from.min(to)..to].fill(true);
        };
        show(0, START);
        show(many.saturating_sub(END), many);
        for (index, event) in self.trace.events().enumerate() {
            if self.failed_at == Some(index) || matches!(event.what, What::Fault { .. }) {
                show(index.saturating_sub(AROUND), index + AROUND + 1);
            }
        }
        for gap in shown.chunk_by_mut(|left, right| left == right) {
            if gap.len() <= GAP {
                gap.fill(true);
            }
        }
        shown
    }
}

fn gap(f: &mut fmt::Formatter<'_>, left_out: usize) -> fmt::Result {
    match left_out {
        0 => Ok(()),
        many => writeln!(f, "  ({many} events are left out)"),
    }
}
