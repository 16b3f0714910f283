//! Messages.

use cloudc::World;
use cloudc::testing::{days, hours, minutes, seconds};

use crate::app::{CHORES, DONE, LETTERS, ORDERS, PAID, charge, work};
use crate::{count, order};

#[cloudc::test]
async fn what_cannot_be_read_is_a_dead_letter_and_holds_up_nobody(world: World) {
    world.queue(&ORDERS).send_bytes("{}");
    ORDERS.send(&order("a")).await?;
    world.until_idle().await;
    let dead = world.queue(&ORDERS).dead_letters();
    assert_eq!((dead.len(), dead[0].attempts), (1, 1));
    assert!(
        dead[0].reason.contains("missing field"),
        "{}",
        dead[0].reason
    );
    assert_eq!(world.cache(&DONE).get(&"a".to_owned()), Some(3));
    assert_eq!(world.elapsed(), seconds(0), "none of it takes time");
}

/// The others of its batch are handled; without dead letters it comes again, as a later version may read it.
#[cloudc::test]
async fn one_of_a_batch_that_cannot_be_read_takes_nobody_along(world: World) {
    PAID.send(&order("a")).await?;
    world.queue(&PAID).send_bytes("{}");
    PAID.send(&order("b")).await?;
    world.advance(minutes(1)).await;
    assert_eq!(world.queue(&PAID).acked(), 2);
    assert_eq!(world.queue(&PAID).pending(), 1);
    world.advance(days(1)).await;
    assert_eq!(world.queue(&PAID).pending(), 0, "too old to keep");
}

#[cloudc::test]
async fn a_failure_comes_again_and_is_dropped_at_last(world: World) {
    CHORES.send(&"fail".to_owned()).await?;
    CHORES.send(&"panic".to_owned()).await?;
    world.until_idle().await;
    assert_eq!(world.queue(&CHORES).dropped(), 2);
    assert_eq!(world.trace().calls("work"), 4);
    assert!((1..=2).contains(&world.elapsed().as_millis().div_ceil(500)));
    assert!(world.queue(&CHORES).dead_letters().is_empty());
}

/// Fifty seconds are longer than the ack wait.
#[cloudc::test]
async fn a_long_handler_keeps_its_message(world: World) {
    CHORES.send(&"sleep".to_owned()).await?;
    world.until_idle().await;
    assert_eq!(world.trace().calls("work"), 1);
    assert_eq!(world.elapsed(), seconds(50));
    assert_eq!(world.queue(&CHORES).acked(), 1);
}

#[cloudc::test]
async fn a_delayed_message_waits(world: World) {
    CHORES.send_after(&"ok".to_owned(), hours(1)).await?;
    world.until_idle().await;
    assert_eq!(world.queue(&CHORES).delayed(), 1);
    world.advance(hours(1)).await;
    assert_eq!(
        (world.queue(&CHORES).acked(), count(&world, "work")),
        (1, Some(1))
    );
}

#[cloudc::test]
async fn a_key_is_taken_once_within_the_window(world: World) {
    for _ in 0..2 {
        LETTERS.send_once(&"a".to_owned(), "key").await?;
    }
    assert_eq!(world.queue(&LETTERS).payloads(), ["a"]);
    world.advance(minutes(2)).await;
    LETTERS.send_once(&"b".to_owned(), "key").await?;
    assert_eq!(world.queue(&LETTERS).payloads(), ["a", "b"]);
    world.advance(hours(1)).await;
    assert_eq!(world.queue(&LETTERS).pending(), 0, "too old to keep");
}

#[cloudc::test]
async fn several_are_sent_in_their_order(world: World) {
    let letters = ["a", "b", "c"].map(str::to_owned);
    LETTERS.send_all(&letters).await?;
    assert_eq!(world.queue(&LETTERS).payloads(), letters);
}

#[cloudc::test]
async fn what_is_too_large_is_refused(world: World) {
    let error = LETTERS.send(&"x".repeat(2 << 20)).await;
    let error = error.expect_err("too large").to_string();
    assert!(error.contains("1048576 are the most"), "{error}");
    assert_eq!(world.queue(&LETTERS).pending(), 0);
}

/// The broker knows no bound: it delivers once more, and the consumer sees that it is too often.
#[cloudc::test]
async fn a_pod_that_dies_in_the_last_delivery_leaves_a_dead_letter(world: World) {
    world.faults().on(charge).times(3).crash_at_await(1);
    ORDERS.send(&order("a")).await?;
    world.until_idle().await;
    assert_eq!(world.trace().calls("charge"), 3);
    let dead = world.queue(&ORDERS).dead_letters();
    assert_eq!(dead.len(), 1);
    let reason = &dead[0].reason;
    assert!(
        reason.contains("what became of its last delivery is not known"),
        "{reason}"
    );
    assert_eq!(world.queue(&ORDERS).pending(), 0);
    world.assert_nothing_lost();
}

/// It may be that no handler has seen it: what a pod gives back counts as a delivery, too.
#[cloudc::test]
async fn what_nobody_keeps_is_handled_once_more(world: World) {
    world.faults().on(work).times(2).crash_at_await(1);
    CHORES.send(&"ok".to_owned()).await?;
    world.until_idle().await;
    let chores = world.queue(&CHORES);
    assert_eq!((chores.dropped(), chores.pending()), (0, 0));
    world.assert_nothing_lost();
}

#[cloudc::test]
async fn what_nobody_keeps_and_kills_its_pods_is_dropped(world: World) {
    world.faults().on(work).times(12).crash_at_await(1);
    CHORES.send(&"ok".to_owned()).await?;
    world.until_idle().await;
    let chores = world.queue(&CHORES);
    assert_eq!((chores.dropped(), chores.pending()), (1, 0));
    assert!(chores.dead_letters().is_empty());
    world.assert_nothing_lost();
}
