//! What goes wrong on purpose.

use cloudc::World;
use cloudc::testing::{minutes, seconds};

use crate::app::{CHORES, DONE, ORDERS, PAID, charge, work};
use crate::{count, order};

async fn charged(world: &World) -> u32 {
    ORDERS.send(&order("a")).await.expect("sent");
    world.until_idle().await;
    assert_eq!(world.queue(&ORDERS).acked(), 1);
    assert_eq!(world.cache(&DONE).get(&"a".to_owned()), Some(3));
    count(world, "charge").expect("charged")
}

#[cloudc::test]
async fn a_crash_before_the_begin(world: World) {
    world.faults().on(charge).crash();
    assert_eq!(charged(&world).await, 1);
    assert_eq!(world.elapsed(), seconds(30), "the ack wait");
}

#[cloudc::test]
async fn a_crash_at_the_second_await(world: World) {
    world.faults().on(charge).delivery(1).crash_at_await(2);
    assert_eq!(charged(&world).await, 2);
}

#[cloudc::test]
async fn an_ack_that_is_lost(world: World) {
    world.faults().on(charge).lose_ack();
    assert_eq!(charged(&world).await, 2);
}

#[cloudc::test]
async fn an_ack_that_is_late(world: World) {
    world.faults().on(charge).late_ack(seconds(40));
    assert_eq!(charged(&world).await, 2);
}

#[cloudc::test]
async fn a_second_delivery_while_the_first_runs(world: World) {
    world.faults().on(charge).redeliver_at_await(1);
    // Both read before either writes.
    assert_eq!(charged(&world).await, 1);
    assert_eq!(world.trace().calls("charge"), 2);
    assert_eq!(world.elapsed(), seconds(0));
}

#[cloudc::test]
async fn a_handler_that_hangs(world: World) {
    world.faults().on(charge).hang();
    assert_eq!(charged(&world).await, 1);
    assert!(world.elapsed() > seconds(20), "its timeout");
}

#[cloudc::test]
async fn calls_that_are_slow_or_fail(world: World) {
    world.faults().on(charge).slow_call(1, seconds(3));
    world.faults().on(charge).delivery(2).unanswered_call(2);
    world.faults().on(charge).fail_call(3);
    charged(&world).await;
    assert_eq!(world.trace().calls("charge"), 3);
}

#[cloudc::test]
async fn a_broker_that_restarts(world: World) {
    world.restart_broker(seconds(2));
    charged(&world).await;
    assert_eq!(world.elapsed(), seconds(2));
    world.restart_broker(minutes(1));
    let error = ORDERS.send(&order("b")).await.expect_err("too long");
    assert!(matches!(error, cloudc::Error::NoAnswer { .. }), "{error}");
}

#[cloudc::test]
async fn a_broker_that_loses_its_tail(world: World) {
    CHORES.send_after(&"ok".to_owned(), minutes(5)).await?;
    world.advance(minutes(1)).await;
    CHORES.send_after(&"ok".to_owned(), minutes(5)).await?;
    world.restart_broker_losing(seconds(1), seconds(30));
    assert_eq!(world.queue(&CHORES).delayed(), 1);
}

/// tokio lets nobody end the tasks of others; but what they do has no effect any more.
#[cloudc::test]
async fn a_crash_takes_the_children_along(world: World) {
    world.faults().on(work).crash_at_await(2);
    CHORES.send(&"spawn".to_owned()).await?;
    world.advance(seconds(10)).await;
    assert_eq!(
        (count(&world, "parent"), count(&world, "child")),
        (Some(1), None)
    );
    world.advance(minutes(1)).await;
    // The second delivery's child lives.
    assert_eq!(
        (count(&world, "parent"), count(&world, "child")),
        (Some(2), Some(1))
    );
    let trace = world.trace().to_string();
    assert!(
        trace.contains("a task that it spawned goes on after its end"),
        "{trace}"
    );
}

#[cloudc::test]
#[should_panic(expected = "asks for `crash@9` in a call of `charge`, which did not happen")]
async fn a_fault_that_does_not_happen(world: World) {
    world.faults().on(charge).crash_at_await(9);
    charged(&world).await;
}

#[cloudc::test]
#[should_panic(expected = "is no handler")]
async fn a_fault_of_no_handler(world: World) {
    let _ = world.faults().on(charged);
}

/// Found by chance, and made small.
#[cloudc::simulate(runs = 200)]
#[should_panic(expected = "charged b happened 2 times")]
async fn a_simulation_finds_two_effects(world: World) {
    for id in ["a", "b"] {
        let _ = ORDERS.send(&order(id)).await;
    }
    world.until_idle().await;
    world.assert_one_effect_per_key();
}

#[cloudc::simulate(runs = 200)]
async fn a_simulation_finds_nothing(world: World) {
    for id in ["a", "b"] {
        let _ = ORDERS.send(&order(id)).await;
    }
    world.until_idle().await;
    cloudc::sometimes!(world.elapsed() > seconds(29), "an ack wait is over");
    cloudc::sometimes!(world.trace().to_string().contains("its pod died"));
    world.assert_one_send_per_key(&PAID, |order| order.id.clone());
    world.assert_never_stale();
}

#[cloudc::simulate(runs = 20)]
#[should_panic(expected = "1 `sometimes!` were never true")]
async fn a_simulation_misses_what_never_was(world: World) {
    cloudc::sometimes!(world.elapsed() > minutes(1));
}

#[cloudc::simulate(runs = 20)]
#[should_panic(expected = "gives another run each time")]
async fn a_simulation_sees_a_wall_clock(_world: World) {
    let now = std::time::SystemTime::now();
    let now = now.duration_since(std::time::UNIX_EPOCH)?;
    crate::app::LETTERS
        .send(&now.as_nanos().to_string())
        .await?;
}

/// The second restart is longer than what is left of the first.
#[cloudc::test]
async fn a_broker_that_restarts_while_it_is_away(world: World) {
    world.restart_broker(seconds(1));
    world.advance(std::time::Duration::from_millis(500)).await;
    world.restart_broker(seconds(4));
    charged(&world).await;
    assert_eq!(world.elapsed(), std::time::Duration::from_millis(4_500));
}

#[cloudc::test]
async fn a_broker_that_loses_what_it_took_at_the_start(world: World) {
    CHORES.send_after(&"ok".to_owned(), minutes(5)).await?;
    world.restart_broker_losing(seconds(1), seconds(30));
    assert_eq!(world.queue(&CHORES).delayed(), 0);
}

/// Nobody runs the destructors of a process that is killed.
#[cloudc::test]
async fn a_crash_runs_no_destructors(world: World) {
    world.faults().on(work).delivery(1).crash_at_await(1);
    CHORES.send(&"guard".to_owned()).await?;
    world.advance(seconds(10)).await;
    assert_eq!(count(&world, "unlocked"), None);
    let trace = world.trace().to_string();
    assert!(!trace.contains("unlocked guard"), "{trace}");
    world.until_idle().await;
    assert_eq!(
        count(&world, "unlocked"),
        Some(1),
        "the second delivery ends well"
    );
}

/// What was spawned by what was spawned.
#[cloudc::test]
async fn a_crash_takes_the_grandchildren_along(world: World) {
    world.faults().on(work).delivery(1).crash_at_await(1);
    CHORES.send(&"spawn twice".to_owned()).await?;
    world.advance(seconds(10)).await;
    assert_eq!(count(&world, "grandchild"), None);
    world.advance(minutes(1)).await;
    assert_eq!(
        count(&world, "grandchild"),
        Some(1),
        "the second delivery's"
    );
    let trace = world.trace().to_string();
    assert!(!trace.contains("test                wrote"), "{trace}");
}

/// A thread cannot be ended either.
#[cloudc::test]
async fn a_crash_takes_blocking_threads_along(world: World) {
    world.faults().on(work).delivery(1).crash_at_await(1);
    CHORES.send(&"blocking".to_owned()).await?;
    while !world.trace().to_string().contains("its pod died") {
        tokio::task::yield_now().await;
    }
    crate::app::GATE.open();
    world.until_idle().await;
    assert_eq!(count(&world, "blocking"), Some(1), "the second delivery's");
    let trace = world.trace().to_string();
    assert!(
        trace.contains("work#1.2            blocked a thread"),
        "{trace}"
    );
    assert!(!trace.contains("test                blocked"), "{trace}");
}

#[cloudc::test]
async fn a_message_that_is_there_twice_has_one_id(world: World) {
    world.faults().on(crate::app::place).duplicate_call(1);
    world.faults().on(charge).always().fail_call(1);
    let placed = world.http().post("/orders").json(&order("a")).send().await;
    placed.assert_status(200);
    world.until_idle().await;
    let dead = world.queue(&ORDERS).dead_letters();
    let ids: Vec<_> = dead.iter().map(|dead| &dead.id).collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
}

/// Nobody asks for messages while the only pod is busy, so nobody has seen yet that the lease is over.
#[cloudc::test]
async fn a_settlement_is_noted_when_the_broker_has_it(world: World) {
    world.faults().on(crate::app::single).late_ack(seconds(40));
    crate::app::SINGLES.send(&"a".to_owned()).await?;
    world.until_idle().await;
    let trace = world.trace().to_string();
    let late = trace.find("#1.1 was not settled in time").expect("late");
    let acked = trace.find("#1.1 acked\n").expect("acked");
    assert!(late < acked, "{trace}");
}
