//! What happens by itself, in hours and weeks that take no time.

use cloudc::World;
use cloudc::testing::{days, hours, minutes};
use shop::queues::RESTOCKS;
use shop::{PRICES, Price};

use crate::customer::{bells_left, sku, stock};

/// How often a function was called.
fn calls(world: &World, function: &str) -> usize {
    world.trace().calls(function)
}

#[cloudc::test]
async fn a_week_has_its_schedules(world: World) {
    world.advance(days(7)).await;
    assert_eq!(calls(&world, "refresh-prices"), 7);
    assert_eq!(calls(&world, "find-shortages"), 7 * 24 * 4);
}

/// Three in the morning in Shanghai is seven in the evening in UTC.
#[cloudc::test(start = "2026-03-01T18:59:00Z")]
async fn prices_are_refreshed_at_night(world: World) {
    PRICES.set(&sku("BELL-1"), &Price(1)).await?;
    world.advance(minutes(1)).await;
    assert_eq!(world.cache(&PRICES).get(&sku("BELL-1")), Some(Price(1_290)));
}

/// For those who want reports.
#[cfg(feature = "reports")]
#[cloudc::test]
async fn the_stock_has_its_worth(world: World) {
    stock("BELL-1", 10).await;
    let report = world.http().get("/reports/inventory").send().await;
    let report = report.assert_status(200);
    assert_eq!(report.text(), r#"{"pieces":10,"worth":12900}"#);
}

/// A price outlives one night without a refresh, and not two.
#[cloudc::test]
async fn a_price_does_not_outlive_two_nights(world: World) {
    world
        .faults()
        .on(shop::prices::refresh_prices)
        .always()
        .crash();
    PRICES.set(&sku("BELL-1"), &Price(100)).await?;
    world.advance(hours(35)).await;
    assert_eq!(world.cache(&PRICES).get(&sku("BELL-1")), Some(Price(100)));
    world.advance(hours(1)).await;
    assert_eq!(world.cache(&PRICES).get(&sku("BELL-1")), None);
}

#[cloudc::test]
async fn what_runs_low_is_there_again_after_a_quarter_of_an_hour(world: World) {
    stock("BELL-1", 19).await;
    world.advance(minutes(15)).await;
    world.until_idle().await;
    assert_eq!(bells_left(&world), Some(40));
    // One request for each product that ran low: nothing else is on the shelf.
    assert_eq!(world.queue(&RESTOCKS).acked(), 5);
}
