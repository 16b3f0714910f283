//! Worlds: an application as it runs in a cluster, in one thread and on a clock of its own.

mod app;

use app::*;
use cloudc::testing::{Case, World, hours};

const CASE: Case = Case {
    name: "world::t",
    package: "cloudc",
    seed: None,
    start: None,
};

fn order(id: &str) -> Order {
    Order {
        id: id.to_owned(),
        pieces: 3,
    }
}

#[test]
fn happy() {
    cloudc::testing::test(&CASE, |world: World| async move {
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
        assert!(world.elapsed() == hours(0), "show");
    });
}
#[test]
fn crash() {
    cloudc::testing::test(&CASE, |world: World| async move {
        world.faults().on(charge).delivery(1).crash_at_await(2);
        ORDERS.send(&order("b")).await.unwrap();
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
        assert!(world.elapsed() == hours(0), "show");
    });
}
#[test]
fn circle() {
    cloudc::testing::test(&CASE, |world: World| async move {
        CIRCLE.send(&1).await.unwrap();
        world.until_idle().await;
    });
}
