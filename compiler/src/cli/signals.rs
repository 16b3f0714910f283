//! Signals that somebody listens to, and what they do when nobody does.
//!
//! A handler of signal-hook cannot be taken off again: once nobody listens, the signal would do nothing. So a handler
//! stays that does what the system would have done, and that is held back as long as somebody listens.

use std::collections::BTreeMap;
use std::ffi::c_int;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use signal_hook::flag;

/// Whether nobody listens, by signal: of each one that somebody has listened to.
static IDLE: Mutex<BTreeMap<c_int, Arc<AtomicBool>>> = Mutex::new(BTreeMap::new());

/// While this is there, these signals do not end cloudc. Whoever has it listens to them.
pub(super) struct Held(Vec<Arc<AtomicBool>>);

/// Holds back what these signals do. To be called before handlers of them are registered, and dropped after them.
///
/// # Errors
///
/// The system refuses a handler.
pub(super) fn hold(signals: &[c_int]) -> io::Result<Held> {
    let mut known = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut held = Held(Vec::new());
    for signal in signals {
        let idle = match known.get(signal) {
            Some(idle) => Arc::clone(idle),
            None => {
                let idle = Arc::default();
                flag::register_conditional_default(*signal, Arc::clone(&idle))?;
                known.insert(*signal, Arc::clone(&idle));
                idle
            }
        };
        idle.store(false, Ordering::SeqCst);
        held.0.push(idle);
    }
    Ok(held)
}

impl Drop for Held {
    fn drop(&mut self) {
        for idle in &self.0 {
            idle.store(true, Ordering::SeqCst);
        }
    }
}
