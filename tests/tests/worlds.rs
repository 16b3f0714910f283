//! The shop's own tests, held against its graph, and what its simulation says of a planted mistake.
//!
//! These call cargo, as `applications.rs` does.

use std::fs;
use std::path::PathBuf;

use cloudc_tests::app::{App, Done, repository};
use similar::TextDiff;

const CLOUDC: &str = env!("CARGO_BIN_EXE_cloudc-under-test");

/// Runs a command at the top of the repository, which builds into this folder under `target`.
fn run(target: &str, command: &str) -> Done {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(target);
    let repository = repository();
    App::empty().run(
        CLOUDC,
        &format!(
            "cd {repository:?}; unset CLOUDC_SEED CLOUDC_FAULTS RUST_BACKTRACE; \
             export CARGO_TARGET_DIR={target:?}; {command}"
        ),
    )
}

#[test]
fn the_shop_exercises_every_edge_of_its_graph() {
    for features in ["", "--features reports"] {
        let done = run(
            "applications",
            &format!(
                "cloudc test examples/shop {features} --deny-unexercised -- --offline --quiet"
            ),
        );
        assert_eq!(done.code, Some(0), "{}{}", done.out, done.err);
        let every = "the tests exercised every edge of the graph";
        assert!(done.out.contains(every), "{}{}", done.out, done.err);
    }
}

/// With `--cfg shop_broken` the shop asks for a receipt before it looks whether there is one. All of what
/// the simulation then prints is in `snapshots/simulations/shop.txt`; `UPDATE=1` rewrites it.
#[test]
fn the_shops_simulation_finds_a_planted_mistake() {
    const BROKEN: &str = "export RUSTFLAGS='--cfg shop_broken'; ";
    let test = "cargo test --quiet --offline -p shop --test simulation";
    let done = run("broken", &format!("{BROKEN}{test}"));
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
    let command = command.replace("cargo test", "cargo test --quiet --offline");
    let again = run("broken", &format!("{BROKEN}{command}"));
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
