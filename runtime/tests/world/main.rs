//! Worlds: an application as it runs in a cluster, in one thread and on a clock of its own.

mod app;

use app::*;
use cloudc::testing::{World, hours};

fn order(id: &str) -> Order {
    Order {
        id: id.to_owned(),
        pieces: 3,
    }
}

#[cloudc::test]
async fn happy(world: World) {
    world
        .http()
        .post("/orders")
        .json(&order("a"))
        .send()
        .await
        .assert_status(200);
    world.until_idle().await;
    assert_eq!(world.queue(&ORDERS).acked(), 1);
    assert_eq!(world.cache(&DONE).get(&"a".to_owned()), Some(3));
    world.advance(hours(24)).await;
    assert_eq!(world.cache(&DONE).get(&"a".to_owned()), None);
    assert_eq!(world.cache(&COUNTS).get(&"sweep".to_owned()), Some(96));
}

#[cloudc::test]
async fn crash(world: World) {
    world.faults().on(charge).delivery(1).crash_at_await(2);
    ORDERS.send(&order("b")).await?;
    world.until_idle().await;
    println!("{}", world.trace());
    assert_eq!(world.queue(&ORDERS).acked(), 1);
    assert_eq!(world.cache(&DONE).get(&"b".to_owned()), Some(3));
    let answer = world.http().get("/orders/bad").send().await;
    assert_eq!(answer.status(), 500);
    let answer = world.http().get("/orders/slow").send().await;
    assert_eq!(answer.status(), 504);
    world
        .service("search")
        .get("/search")
        .send()
        .await
        .assert_status(200);
}

#[cloudc::test]
async fn circle(world: World) {
    CIRCLE.send(&1).await?;
    world.until_idle().await;
}

#[cloudc::simulate(runs = 300)]
async fn never_charged_twice(world: World) {
    for id in ["a", "b", "c"] {
        let _ = ORDERS.send(&order(id)).await;
    }
    world.until_idle().await;
    world.assert_one_effect_per_key();
}

#[cloudc::simulate(runs = 1000)]
async fn fine(world: World) {
    for id in ["a", "b", "c"] {
        let _ = ORDERS.send(&order(id)).await;
    }
    world.until_idle().await;
    cloudc::sometimes!(world.elapsed() > hours(0));
    world.assert_never_stale();
}
