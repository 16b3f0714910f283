//! A small application that does a bit of everything.

use std::time::Duration;

use cloudc::{Cache, Error, Json, Message, Path, Queue, cache, function, queue};
use serde::{Deserialize, Serialize};

/// An order.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Order {
    pub id: String,
    pub pieces: u32,
}

/// Orders that wait to be charged.
#[queue(max_deliveries = 3, ack_wait = "30s", dead_letter = true)]
pub static ORDERS: Queue<Order>;

/// Orders that are paid.
#[queue]
pub static PAID: Queue<Order>;

/// Messages to oneself.
#[queue]
pub static CIRCLE: Queue<u32>;

/// How many pieces an order has that is done.
#[cache(ttl = "1h")]
pub static DONE: Cache<String, u32>;

/// How often something was done.
#[cache]
pub static COUNTS: Cache<String, u32>;

#[function(http = "POST /orders")]
pub async fn place(Json(order): Json<Order>) -> Result<&'static str, Error> {
    ORDERS.send(&order).await?;
    Ok("placed")
}

#[function(http = "GET /orders/{id}", timeout = "5s")]
pub async fn show(Path(id): Path<String>) -> Result<String, Error> {
    if id == "slow" {
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    assert_ne!(id, "bad");
    Ok(format!("{:?}", DONE.get(&id).await?))
}

#[function(http = "GET /search", service = "search")]
pub async fn search() -> &'static str {
    "found"
}

#[function(queue = ORDERS, timeout = "20s")]
pub async fn charge(order: Message<Order>) -> Result<(), Error> {
    count("charge").await?;
    PAID.send_once(order.payload(), &order.payload().id).await?;
    cloudc::effect("charged", &order.payload().id);
    Ok(())
}

#[function(queue = PAID, batch = 10)]
pub async fn finish(orders: Vec<Order>) -> Result<(), Error> {
    for order in orders {
        DONE.set(&order.id, &order.pieces).await?;
    }
    Ok(())
}

#[function(queue = CIRCLE)]
pub async fn go_round(step: u32) -> Result<(), Error> {
    CIRCLE.send(&(step + 1)).await
}

#[function(schedule = "*/15 * * * *")]
pub async fn sweep() -> Result<(), Error> {
    count("sweep").await
}

/// A lost update waits here.
async fn count(what: &str) -> Result<(), Error> {
    let count = COUNTS.get(&what.to_owned()).await?.unwrap_or(0);
    COUNTS.set(&what.to_owned(), &(count + 1)).await
}
