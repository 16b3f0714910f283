//! The shop's own tests, held against its graph, and what its simulation says of a planted mistake.
//!
//! These call cargo, as `applications.rs` does.

use std::fs;
use std::path::PathBuf;

use cloudc_tests::app::{App, Done, repository};
use similar::TextDiff;

/// The dependencies as applications outside the workspace build them: they are there then.
const AS_OUTSIDE: &str = "--config profile.dev.package.proc-macro2.opt-level=0 --config profile.dev.package.syn.opt-level=0 \
     --config profile.dev.package.serde_json.opt-level=0";

const CLOUDC: &str = env!("CARGO_BIN_EXE_cloudc-under-test");

/// Runs a command at the top of the repository. It builds where `applications.rs` does.
fn run(command: &str) -> Done {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("applications");
    let repository = repository();
    App::empty().run(
        CLOUDC,
        &format!(
            "cd {repository:?}; unset CLOUDC_SEED CLOUDC_FAULTS RUST_BACKTRACE; \
             export CARGO_TARGET_DIR={target:?} CARGO_PROFILE_DEV_DEBUG=0; {command}"
        ),
    )
}

#[test]
fn the_shop_exercises_every_edge_of_its_graph() {
    for features in ["", "--features reports"] {
        let done = run(&format!(
            "cloudc test examples/shop {features} --deny-unexercised -- --offline --quiet {AS_OUTSIDE}"
        ));
        assert_eq!(done.code, Some(0), "{}{}", done.out, done.err);
        let every = "the tests exercised every edge of the graph";
        assert!(done.out.contains(every), "{}{}", done.out, done.err);
    }
}

/// With `--cfg shop_broken` the shop asks for a receipt before it looks whether there is one. All of what
/// the simulation then prints is in `snapshots/simulations/shop.txt`; `UPDATE=1` rewrites it.
#[test]
fn the_shops_simulation_finds_a_planted_mistake() {
    // For the workspace's own crates alone: `RUSTFLAGS` would have every dependency built once more. At one place, as
    // cargo builds anew for another wrapper.
    let rustc = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("rustc-shop-broken");
    fs::write(&rustc, "#!/bin/sh\nexec \"$@\" --cfg shop_broken\n").expect("written");
    let broken = format!("chmod +x {rustc:?}; export RUSTC_WORKSPACE_WRAPPER={rustc:?}; ");
    let test = format!("cargo test {AS_OUTSIDE} --quiet --offline -p shop --test simulation");
    let done = run(&format!("{broken}{test}"));
    assert_ne!(
        done.code,
        Some(0),
        "it found nothing: {}{}",
        done.out,
        done.err
    );
    let report = report(&done.out);
    let file = repository().join("snapshots/simulations/shop.txt");
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(&file, &report).expect("written");
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        expected == report,
        "{}",
        TextDiff::from_lines(&expected, &report).unified_diff()
    );

    // The command that it prints fails in the same way.
    let command = report.lines().last().expect("a command").trim();
    let quiet = format!("cargo test {AS_OUTSIDE} --quiet --offline");
    let command = command.replace("cargo test", &quiet);
    let again = run(&format!("{broken}{command}"));
    assert_ne!(again.code, Some(0), "{}{}", again.out, again.err);
    let reason = |report: &str| {
        let mut lines = report.lines().skip(2);
        lines.next().expect("a reason").to_owned()
    };
    assert_eq!(reason(&self::report(&again.out)), reason(&report));
}

/// What a simulation prints, among what the harness does: from its first line to the command.
fn report(out: &str) -> String {
    let begin = out.find("no_order_is_lost_and_none_gets_two_receipts failed");
    let report = &out[begin.unwrap_or_else(|| panic!("no report: {out}"))..];
    let mut lines = Vec::new();
    for line in report.lines() {
        lines.push(line.trim_end());
        if line.contains("CLOUDC_SEED=") {
            break;
        }
    }
    lines.push("");
    lines.join("\n")
}
