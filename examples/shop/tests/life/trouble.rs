//! What goes wrong in a cluster, and what becomes of it.

use cloudc::World;
use shop::orders::Status;
use shop::payments::charge;
use shop::queues::{ORDERS, RECEIPTS};
use shop::receipts::write_receipts;

use crate::customer::{bells, bells_left, place, status, stock};

#[cloudc::test]
async fn a_crash_in_the_middle_of_charging_is_survived(world: World) {
    stock("BELL-1", 30).await;
    // The order is in the book as paid, and its receipt was not asked for.
    world.faults().on(charge).delivery(1).crash_at_await(2);
    place(&world, &bells("order-0001", 3))
        .await
        .assert_status(200);
    world.until_idle().await;
    assert!(matches!(
        status(&world, "order-0001"),
        Some(Status::Closed { .. })
    ));
    assert_eq!(world.queue(&RECEIPTS).acked(), 1);
    world.assert_one_effect_per_key();
}

#[cloudc::test]
async fn an_order_that_is_delivered_twice_is_charged_once(world: World) {
    stock("BELL-1", 30).await;
    world.faults().on(charge).delivery(1).lose_ack();
    place(&world, &bells("order-0001", 3))
        .await
        .assert_status(200);
    world.until_idle().await;
    assert_eq!(world.queue(&RECEIPTS).acked(), 1);
    world.assert_one_effect_per_key();
}

#[cloudc::test]
async fn receipts_are_written_again_when_the_pod_dies(world: World) {
    stock("BELL-1", 30).await;
    world.faults().on(write_receipts).crash();
    for order in ["order-0001", "order-0002"] {
        place(&world, &bells(order, 1)).await.assert_status(200);
    }
    world.until_idle().await;
    for order in ["order-0001", "order-0002"] {
        assert!(matches!(status(&world, order), Some(Status::Closed { .. })));
    }
}

/// A message that nobody can read is put aside with the reason, and holds up nobody.
#[cloudc::test]
async fn poison_is_a_dead_letter(world: World) {
    stock("BELL-1", 30).await;
    world.queue(&ORDERS).send_bytes(r#"{"id": 7}"#);
    place(&world, &bells("order-0001", 3))
        .await
        .assert_status(200);
    world.until_idle().await;
    let dead = world.queue(&ORDERS).dead_letters();
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].payload, br#"{"id": 7}"#);
    assert!(
        dead[0].reason.contains("expected a string"),
        "{}",
        dead[0].reason
    );
    assert!(matches!(
        status(&world, "order-0001"),
        Some(Status::Closed { .. })
    ));
}

/// Five times the book does not answer; then the order is a person's to look at.
#[cloudc::test]
async fn an_order_that_cannot_be_charged_is_a_dead_letter(world: World) {
    stock("BELL-1", 30).await;
    world.faults().on(charge).always().fail_call(1);
    place(&world, &bells("order-0001", 3))
        .await
        .assert_status(200);
    world.until_idle().await;
    let dead = world.queue(&ORDERS).dead_letters();
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].attempts, 5);
    assert_eq!(status(&world, "order-0001"), Some(Status::Waiting));
}

/// The customer reads that it did not work, and the pieces are back.
#[cloudc::test]
async fn an_order_that_the_broker_does_not_take_is_not_taken(world: World) {
    stock("BELL-1", 30).await;
    world.faults().on(shop::orders::place_order).fail_call(6);
    let order = bells("order-0001", 3);
    let answer = place(&world, &order).await.assert_status(503);
    assert_eq!(answer.text(), "please try again in a moment");
    assert_eq!(bells_left(&world), Some(30));
    place(&world, &order).await.assert_status(200);
    world.until_idle().await;
    assert_eq!(bells_left(&world), Some(27));
}
