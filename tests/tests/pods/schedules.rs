//! A run of a schedule ends as its function does: Kubernetes looks at nothing but that.

use std::process::Command;

use crate::pod::Pod;

const PROGRAM: &str = env!("CARGO_BIN_EXE_odd-under-test");

/// The exit code of a run, and what it wrote.
fn run(how: &str) -> (Option<i32>, String) {
    let mut command = Command::new(PROGRAM);
    command
        .env_clear()
        .env("CLOUDC_WORKLOAD", "tick")
        .env("ODD_TICK", how);
    let (status, lines) = Pod::start(&mut command).exit();
    (status.code(), lines.join("\n"))
}

#[test]
fn a_run_ends_as_its_function_does() {
    assert_eq!(run("done").0, Some(0));
    for (how, why) in [
        (
            "fail",
            "`tick` failed: the clock is not available: it is late",
        ),
        ("panic", "`tick` panicked"),
        ("hang", "`tick` ran into its timeout"),
    ] {
        let (code, text) = run(how);
        assert_eq!(code, Some(1), "{how}: {text}");
        assert!(text.contains(why), "{how}: {text}");
    }
}

/// The text of an `unwrap` shows what it found.
#[test]
fn a_panic_shows_no_data() {
    let (_, text) = run("unwrap");
    assert!(
        text.contains("odd.rs") && text.contains("a panic"),
        "{text}"
    );
    assert!(!text.contains("hush"), "{text}");
}
