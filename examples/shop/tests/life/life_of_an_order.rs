//! From the request to the receipt.

use cloudc::World;
use shop::Price;
use shop::orders::Status;
use shop::queues::{ORDERS, RECEIPTS};

use crate::customer::{bells, bells_left, id, place, sku, status, stock};

#[cloudc::test]
async fn an_order_is_charged_and_gets_its_receipt(world: World) {
    stock("BELL-1", 30).await;
    let answer = place(&world, &bells("order-0001", 3)).await;
    answer.assert_status(200);
    world.until_idle().await;

    assert_eq!(world.queue(&ORDERS).acked(), 1);
    assert_eq!(world.queue(&RECEIPTS).acked(), 1);
    assert_eq!(bells_left(&world), Some(27));
    let shown = world.http().get("/orders/order-0001").send().await;
    let receipt = "Order order-0001: 3 pieces, 38.70 paid. Thank you!".to_owned();
    assert_eq!(
        shown.assert_status(200).json::<Status>(),
        Status::Closed { receipt }
    );
}

#[cloudc::test]
async fn an_order_that_is_sent_twice_is_one_order(world: World) {
    stock("BELL-1", 30).await;
    let order = bells("order-0001", 3);
    place(&world, &order).await.assert_status(200);
    place(&world, &order).await.assert_status(200);
    world.until_idle().await;
    assert_eq!(bells_left(&world), Some(27));
    world.assert_one_effect_per_key();
}

#[cloudc::test]
async fn what_is_not_there_is_not_sold(world: World) {
    stock("BELL-1", 2).await;
    let answer = place(&world, &bells("order-0001", 3)).await;
    assert_eq!(
        answer.assert_status(409).text(),
        "2 pieces of BELL-1 are left"
    );
    world.until_idle().await;
    assert_eq!(world.queue(&ORDERS).acked(), 0);
    assert_eq!(status(&world, "order-0001"), None);
}

/// The bank approves up to ten thousand.
#[cloudc::test]
async fn what_the_bank_declines_goes_back_on_the_shelf(world: World) {
    stock("BELL-1", 900).await;
    place(&world, &bells("order-0001", 800))
        .await
        .assert_status(200);
    world.until_idle().await;
    assert_eq!(status(&world, "order-0001"), Some(Status::Void));
    assert_eq!(bells_left(&world), Some(900));
}

#[cloudc::test]
async fn an_order_may_be_cancelled_until_it_is_charged(world: World) {
    stock("BELL-1", 30).await;
    let order = bells("order-0001", 3);
    // The charging is held back for a moment, as if there were many orders.
    world
        .faults()
        .on(shop::payments::charge)
        .hold(std::time::Duration::from_secs(5));
    place(&world, &order).await.assert_status(200);
    let cancel = || world.http().delete("/orders/order-0001").send();
    assert_eq!(cancel().await.json::<Status>(), Status::Cancelled);
    world.until_idle().await;
    assert_eq!(status(&world, "order-0001"), Some(Status::Void));
    assert_eq!(bells_left(&world), Some(30));
    cancel().await.assert_status(409);
}

#[cloudc::test]
async fn a_customer_pays_the_price_of_the_day(world: World) {
    stock("BELL-1", 30).await;
    let price = world.http().put("/products/BELL-1/price").json(&Price(100));
    price.send().await.assert_status(200);
    place(&world, &bells("order-0001", 2))
        .await
        .assert_status(200);
    world.until_idle().await;
    let Some(Status::Closed { receipt }) = status(&world, "order-0001") else {
        panic!("the order is not done");
    };
    assert!(receipt.contains("2.00 paid"), "{receipt}");
    assert_eq!(
        world.cache(&shop::PRICES).get(&sku("BELL-1")),
        Some(Price(100))
    );
    let page = world.http().get("/products/BELL-1").send().await;
    assert!(page.text().contains(r#""price":100"#), "{}", page.text());
    assert_eq!(id("order-0001").0.len(), 10);
}

#[cloudc::test]
async fn customers_find_what_there_is(world: World) {
    stock("LAMP-R", 4).await;
    let search = world.service("search");
    let found = search.get("/search?words=lamp").send().await;
    let found: Vec<serde_json::Value> = found.assert_status(200).json();
    let names: Vec<_> = found.iter().map(|hit| &hit["name"]).collect();
    assert_eq!(
        names,
        ["Rear lamp", "Front lamp"],
        "what is sold out comes last"
    );
    let names = search.get("/search/names?words=bell").send().await;
    assert_eq!(names.json::<Vec<String>>(), ["Brass bell"]);
}
