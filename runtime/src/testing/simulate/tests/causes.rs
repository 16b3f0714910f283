use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::simulation;
use super::toy::{Toy, call};
use crate::testing::faults::Plan;
use crate::testing::simulate::{Cause, Problem, Ran, Report, Simulation, simulate};
use crate::testing::trace::{What, Who};

/// What is said of a test whose `n`th run does this.
fn told(run: impl Fn(&mut Toy, u64) + Sync) -> (Cause, Report) {
    let count = AtomicU64::new(0);
    let runs = |_: u64, _: Plan| {
        let mut toy = Toy::default();
        toy.effect(&call(1, 1), "charged", "order-1");
        run(&mut toy, count.fetch_add(1, Ordering::Relaxed));
        toy.ran
    };
    // Others would count too.
    let simulation = Simulation {
        threads: 1,
        ..simulation(1)
    };
    let report = *simulate(&simulation, &runs).unwrap_err();
    let Problem::Differs { seed: 0, cause } = report.problem else {
        panic!("{report}");
    };
    (cause, report)
}

fn wrote(toy: &mut Toy, value: &str) {
    toy.tell(What::Wrote {
        by: Who::Call(call(1, 1)),
        cache: "prices".into(),
        key: "\"bike\"".to_owned(),
        value: value.to_owned(),
    });
}

fn values(first: &'static str, second: &'static str) -> Cause {
    told(|toy, nth| wrote(toy, [first, second][nth as usize % 2])).0
}

#[test]
fn another_order() {
    let (cause, report) = told(|toy, nth| {
        let mut keys = ["order-2", "order-3", "order-4"];
        keys.rotate_left(nth as usize % 3);
        for (run, key) in (2..).zip(keys) {
            toy.effect(&call(run, 1), "charged", key);
        }
    });
    assert_eq!(cause, Cause::Order);
    insta::assert_snapshot!(report);
}

#[test]
fn another_order_of_messages() {
    // They are numbered as they come, and differ far behind their beginning.
    let (cause, report) = told(|toy, nth| {
        let mut skus = ["bike", "bell", "lamp"];
        skus.rotate_left(nth as usize % 3);
        for (message, sku) in (1..).zip(skus) {
            toy.tell(What::Sent {
                by: Who::Test,
                queue: "orders".into(),
                message,
                duplicate: false,
                payload: format!("{{\"note\":\"{}\",\"sku\":\"{sku}\"}}", "-".repeat(100)),
            });
        }
    });
    assert_eq!(cause, Cause::Order);
    let text = report.to_string();
    assert!(
        text.contains("\"sku\":\"bike\"") && text.contains("\"sku\":\"bell\""),
        "{text}"
    );
}

#[test]
fn another_age() {
    let (cause, _) = told(|toy, nth| {
        toy.tell(What::Read {
            by: Who::Test,
            cache: "prices".into(),
            key: "1".to_owned(),
            age: Some(Duration::from_secs(nth)),
        });
    });
    assert_eq!(cause, Cause::Delay);
}

#[test]
fn another_call() {
    let (cause, _) = told(|toy, nth| toy.effect(&call(2 + nth, 1), "charged", "order-9"));
    assert_eq!(cause, Cause::Order);
}

#[test]
fn the_real_time() {
    // Seconds, milliseconds, nanoseconds, with a fraction, and dates.
    assert_eq!(values("1795348800", "1795348801"), Cause::WallClock);
    assert_eq!(values("1795348800123", "1795348801456"), Cause::WallClock);
    assert_eq!(
        values("1795348800123456789", "1795348801123456789"),
        Cause::WallClock
    );
    assert_eq!(
        values("1795348800.123456", "1795348801.234567"),
        Cause::WallClock
    );
    let dates = values("\"2026-11-22T12:00:00.1Z\"", "\"2026-11-22T12:00:00.2Z\"");
    assert_eq!(dates, Cause::WallClock);
    assert_eq!(
        values("{\"at\":\"2026-11-21\"}", "{\"at\":\"2026-11-23\"}"),
        Cause::WallClock
    );
    // Two days before.
    assert_ne!(values("\"2026-11-20\"", "\"2026-11-19\""), Cause::WallClock);
    assert_ne!(values("1795148800", "1795148801"), Cause::WallClock);
}

#[test]
fn chance() {
    let uuids = values(
        "\"order-1f0e4c1a-3b52-4d8e-9a77-0c5d2e6f8b90\"",
        "\"order-9b2d7e60-11c4-4f3a-8e21-5a6b7c8d9e0f\"",
    );
    assert_eq!(uuids, Cause::Random);
    assert_eq!(
        values("\"k3J9xQ2mZ7pL\"", "\"a8B1nW4tY6cR\""),
        Cause::Random
    );
    assert_eq!(values("0.1234567", "0.7654321"), Cause::Random);
    assert_eq!(values("7312904412", "1038847712"), Cause::Random);
}

#[test]
fn another_time() {
    let (cause, _) = told(|toy, nth| {
        toy.wait(Duration::from_millis(nth));
        wrote(toy, "1");
    });
    assert_eq!(cause, Cause::Delay);
}

#[test]
fn what_is_left_over() {
    // A counter in a static.
    let (cause, report) = told(|toy, nth| {
        wrote(toy, &(2 * nth).to_string());
        wrote(toy, &(2 * nth + 1).to_string());
    });
    assert_eq!(cause, Cause::Leftover);
    insta::assert_snapshot!(report);
}

#[test]
fn what_is_done_once_in_the_process() {
    for once in 0..2 {
        let (cause, _) = told(|toy, nth| {
            if nth == once {
                wrote(toy, "1");
            }
            toy.effect(&call(1, 1), "charged", "order-2");
        });
        assert_eq!(cause, Cause::Leftover);
    }
    let (_, report) = told(|toy, nth| {
        if nth == 0 {
            wrote(toy, "1");
        }
    });
    let text = report.to_string();
    assert!(text.contains("> nothing more: it ended here"), "{text}");
}

#[test]
fn another_failure_after_the_same_events() {
    let (cause, report) = told(|toy, nth| {
        if nth > 0 {
            toy.fail("only the second time");
        }
    });
    assert_eq!(cause, Cause::Leftover);
    let text = report.to_string();
    assert!(
        text.contains("the first run passed\nand the second failed (only the second time)."),
        "{text}"
    );
    let (cause, _) = told(|toy, nth| toy.fail(&format!("at {}", 1_795_348_800 + nth)));
    assert_eq!(cause, Cause::WallClock);
}

#[test]
fn a_failing_seed_is_run_again() {
    let count = AtomicU64::new(0);
    let runs = |seed: u64, _: Plan| -> Ran {
        let mut toy = Toy::default();
        if seed == 7 && count.fetch_add(1, Ordering::Relaxed) == 0 {
            toy.fail("once");
        }
        toy.ran
    };
    let report = simulate(&simulation(50), &runs).unwrap_err();
    assert!(
        matches!(report.problem, Problem::Differs { seed: 7, .. }),
        "{report}"
    );
}

#[test]
fn a_clock_of_whole_seconds_is_seen_at_the_end() {
    let count = AtomicU64::new(0);
    let runs = |_: u64, _: Plan| -> Ran {
        let mut toy = Toy::default();
        let second = 1_795_348_800 + count.fetch_add(1, Ordering::Relaxed) / 20;
        wrote(&mut toy, &second.to_string());
        toy.ran
    };
    let report = simulate(&simulation(50), &runs).unwrap_err();
    assert!(
        matches!(
            report.problem,
            Problem::Differs {
                seed: 0,
                cause: Cause::WallClock
            }
        ),
        "{report}"
    );
}
