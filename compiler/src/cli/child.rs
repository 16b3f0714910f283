//! A command that cloudc starts, and the signals that come while it runs.

use std::io;
use std::process::Command;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// By itself; whether with success.
    Done(bool),
    /// Somebody wanted it to stop, by this signal.
    Stopped(i32),
}

/// Runs a command to its end. Ctrl-C reaches it from the terminal, other signals that end a program are passed on to
/// it; cloudc itself waits, so that it can remove what it made.
///
/// # Errors
///
/// The command cannot be started.
#[cfg(unix)]
pub(super) fn run(command: &mut Command) -> io::Result<Ending> {
    use rustix::process::{Pid, Signal, kill_process};
    use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    let _held = super::signals::hold(&[SIGHUP, SIGINT, SIGTERM])?;
    // Before the start, so that no end is missed.
    let mut signals = Signals::new([SIGCHLD, SIGHUP, SIGINT, SIGTERM])?;
    let mut child = command.spawn()?;
    let mut stopped = None;
    loop {
        let status = child.try_wait()?;
        let arrived = match status {
            Some(_) => signals.pending(),
            None => signals.wait(),
        };
        for signal in arrived {
            let passed_on = match signal {
                SIGCHLD => continue,
                SIGHUP => Some(Signal::HUP),
                SIGTERM => Some(Signal::TERM),
                _ => None,
            };
            stopped = Some(signal);
            if let (Some(signal), None) = (passed_on, status) {
                // It may have ended by now; nobody waited for it yet, so its number is still its own.
                let _ = kill_process(Pid::from_child(&child), signal);
            }
        }
        if let Some(status) = status {
            return Ok(stopped.map_or(Ending::Done(status.success()), Ending::Stopped));
        }
    }
}

#[cfg(not(unix))]
pub(super) fn run(command: &mut Command) -> io::Result<Ending> {
    Ok(Ending::Done(command.status()?.success()))
}

/// Ends cloudc by a signal, as it would have ended without a command to wait for: a shell's script stops, too.
pub(super) fn end_by(signal: i32) {
    // Where a signal cannot end a program, the exit code says no.
    let _ = signal_hook::low_level::emulate_default_handler(signal);
}
