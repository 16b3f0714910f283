//! Whether cargo is asked for every test, or for some of them.

use std::env;
use std::ffi::OsString;

/// What chooses no tests, of cargo, of nextest and of the test harness.
const FLAGS: [&str; 20] = [
    "--",
    "-q",
    "--quiet",
    "-v",
    "-vv",
    "--verbose",
    "-r",
    "--release",
    "--offline",
    "--locked",
    "--frozen",
    "--keep-going",
    "--no-fail-fast",
    "--ignore-rust-version",
    "--nocapture",
    "--no-capture",
    "--show-output",
    "--include-ignored",
    "--report-time",
    "--all-targets",
];

/// The same, with a value.
const OPTIONS: [&str; 12] = [
    "-j",
    "--jobs",
    "-Z",
    "--config",
    "--color",
    "--profile",
    "--target-dir",
    "--test-threads",
    "--retries",
    "--status-level",
    "--final-status-level",
    "--format",
];

/// What lets a simulation run one of its worlds alone.
const REPLAYS: [&str; 2] = ["CLOUDC_SEED", "CLOUDC_FAULTS"];

/// Whether all tests of the package run, in all of their worlds. Of an argument that is not known it is said that it
/// chooses some.
pub(super) fn is_whole(arguments: &[OsString]) -> bool {
    REPLAYS.iter().all(|name| env::var_os(name).is_none()) && choose_none(arguments)
}

fn choose_none(arguments: &[OsString]) -> bool {
    let mut arguments = arguments.iter().map(|argument| argument.to_string_lossy());
    while let Some(argument) = arguments.next() {
        let name = argument
            .split_once('=')
            .map_or(&*argument, |(name, _)| name);
        if OPTIONS.contains(&&*argument) {
            arguments.next();
        } else if !FLAGS.contains(&&*argument) && !OPTIONS.contains(&name) {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(arguments: &str) -> bool {
        let arguments: Vec<_> = arguments.split_whitespace().map(OsString::from).collect();
        choose_none(&arguments)
    }

    #[test]
    fn what_chooses_no_tests() {
        assert!(whole(""));
        assert!(whole("--offline --quiet"));
        assert!(whole("-j 2 --color=never -- --nocapture --test-threads 1"));
    }

    #[test]
    fn what_chooses_some() {
        assert!(!whole("an_order"));
        assert!(!whole("--test orders"));
        assert!(!whole("--lib"));
        assert!(!whole("-- --exact an_order_is_charged"));
        assert!(!whole("-- --skip slow"));
        assert!(!whole("-E test(order)"));
        assert!(!whole("-j 2 an_order"));
    }
}
