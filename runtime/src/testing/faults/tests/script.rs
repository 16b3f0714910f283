use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use super::call;
use crate::testing::faults::{CallPlan, Fault, Faults, Kind, OperationKind};
use crate::testing::trace::Call;

async fn charge(_order: u32) {}
async fn ship() {}

/// Where these handlers are.
const HERE: &str = module_path!();

fn faults() -> Faults {
    Faults::new([
        (format!("{HERE}::charge"), "charge"),
        (format!("{HERE}::ship"), "send-off"),
    ])
}

fn asked(faults: &Faults, call: &Arc<Call>) -> CallPlan {
    faults.for_call(call, CallPlan::default())
}

#[test]
fn the_first_call_that_comes_is_meant() {
    let faults = faults();
    faults.on(charge).crash_at_await(2);
    assert!(asked(&faults, &call("send-off", 1, 1)).is_empty());
    let plan = asked(&faults, &call("charge", 5, 1));
    assert_eq!(plan.crash_at, Some(2));
    assert!(asked(&faults, &call("charge", 5, 2)).is_empty());
}

#[test]
fn message_and_delivery_choose_the_call() {
    let faults = faults();
    faults.on(charge).message(3).delivery(2).lose_ack();
    assert!(asked(&faults, &call("charge", 3, 1)).is_empty());
    assert!(asked(&faults, &call("charge", 2, 2)).is_empty());
    assert!(asked(&faults, &call("charge", 3, 2)).ack.is_some());
}

#[test]
fn more_than_one_call() {
    let faults = faults();
    faults.on(charge).times(2).hang();
    faults.on(ship).always().hold(Duration::from_secs(5));
    let hangs = |run| asked(&faults, &call("charge", run, 1)).hang;
    assert!(hangs(1) && hangs(2) && !hangs(3));
    let held = |run| asked(&faults, &call("send-off", run, 1)).hold.is_some();
    assert!((1..10).all(held));
}

/// Each fault that takes effect is looked up among those of its rule.
#[test]
fn always_is_not_slower_the_more_calls_there_are() {
    let faults = faults();
    faults.on(charge).always().hang();
    let begin = std::time::Instant::now();
    for run in 0..60_000 {
        let call = call("charge", run, 1);
        assert!(asked(&faults, &call).hang);
        faults.took_effect(&Fault::in_call(&call, Kind::Hang));
    }
    assert_eq!(faults.unused(), Vec::<String>::new());
    assert!(
        begin.elapsed() < Duration::from_secs(5),
        "{:?}",
        begin.elapsed()
    );
}

#[test]
fn faults_that_exclude_each_other_come_in_turn() {
    let faults = faults();
    faults.on(charge).crash();
    faults.on(charge).crash_at_await(1);
    faults.on(charge).slow_call(1, Duration::from_secs(5));
    let first = asked(&faults, &call("charge", 1, 1));
    assert_eq!(first.crash_at, Some(0));
    assert!(first.operation(1, OperationKind::Read).is_some());
    assert_eq!(asked(&faults, &call("charge", 1, 2)).crash_at, Some(1));
}

#[test]
fn what_did_not_happen_is_told() {
    let faults = faults();
    faults.on(charge).message(7).hang();
    faults.on(charge).crash_at_await(9);
    faults.on(charge).times(3).fail_call(1);
    faults.on(ship).delivery(2).lose_ack();
    faults.on(ship).always().redeliver_at_await(1);
    let call = call("charge", 1, 1);
    asked(&faults, &call);
    faults.took_effect(&Fault::in_call(
        &call,
        Kind::Operation {
            call: 1,
            fault: crate::testing::faults::OperationFault::Fail,
        },
    ));
    let unused = faults.unused();
    let line = |text: &str| {
        let told = unused.iter().find(|told| told.contains(text));
        let told = told.unwrap_or_else(|| panic!("{text}: {unused:#?}"));
        let (place, told) = told.split_once(" asks for ").unwrap();
        assert!(place.contains("script.rs:"), "{place}");
        told.to_owned()
    };
    assert_eq!(
        line("hang"),
        "`hang` in `charge#7`, which did not happen: there was no such call of `charge`"
    );
    assert_eq!(
        line("crash@9"),
        "`crash@9` in a call of `charge`, which did not happen: charge#1.1 did not wait so often"
    );
    assert_eq!(
        line("fail@1"),
        "`fail@1` in a call of `charge`, which did not happen (1 of 3 times): there was only 1 such call"
    );
    assert_eq!(
        line("lose-ack"),
        "`lose-ack` in delivery 2 of a message of `send-off`, which did not happen: there was no such \
         call of `send-off`"
    );
    assert_eq!(
        line("redeliver@1"),
        "`redeliver@1` in each call of `send-off`, which did not happen: there was no such call of \
         `send-off`"
    );
}

#[test]
fn what_happened_is_not_told() {
    let faults = faults();
    faults.on(charge).times(2).crash_at_await(1);
    for delivery in 1..=2 {
        let call = call("charge", 1, delivery);
        asked(&faults, &call);
        assert_eq!(faults.unused().len(), 1);
        faults.took_effect(&Fault::in_call(&call, Kind::Crash { at: 1 }));
    }
    assert_eq!(faults.unused(), Vec::<String>::new());
}

#[test]
fn what_is_no_handler_panics() {
    let faults = faults();
    let panic = catch_unwind(AssertUnwindSafe(|| drop(faults.on(faults_of_others)))).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(
        message.starts_with(&format!(
            "`{HERE}::faults_of_others` is no handler, so nothing can go wrong in it; the handlers are \
             {HERE}::charge, {HERE}::ship."
        )),
        "{message}"
    );
    // The handle is as good as before.
    faults.on(charge).hang();
}

fn faults_of_others() {}
