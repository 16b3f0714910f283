//! Somebody wants the command to stop.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Notes the first Ctrl-C or SIGTERM, so that a step is ended before the command ends. The second one ends it at once.
pub(super) struct Stop(Arc<AtomicUsize>);

impl Stop {
    pub(super) fn listen() -> io::Result<Self> {
        let (again, signal) = (Arc::new(AtomicBool::new(false)), Arc::default());
        for number in [SIGINT, SIGTERM] {
            // Before the one that sets the flag, so that the first signal does not find it set.
            flag::register_conditional_default(number, Arc::clone(&again))?;
            flag::register(number, Arc::clone(&again))?;
            let value = usize::try_from(number).unwrap_or_default();
            flag::register_usize(number, Arc::clone(&signal), value)?;
        }
        Ok(Self(signal))
    }

    /// The signal that came.
    pub(super) fn asked(&self) -> Option<i32> {
        let signal = self.0.load(Ordering::Relaxed);
        i32::try_from(signal).ok().filter(|signal| *signal > 0)
    }
}
