//! A small application that does a bit of everything.

use std::time::Duration;

use cloudc::{Cache, Error, Json, Message, Path, Queue, cache, function, queue};
use serde::{Deserialize, Serialize};

/// An order.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) pieces: u32,
}

/// Orders that wait to be charged.
#[queue(max_deliveries = 3, ack_wait = "30s", dead_letter = true)]
pub(crate) static ORDERS: Queue<Order>;

/// Orders that are paid.
#[queue(max_age = "1d")]
pub(crate) static PAID: Queue<Order>;

/// Messages to oneself.
#[queue]
pub(crate) static CIRCLE: Queue<u32>;

/// What to do, and how: `sleep 50`, `spawn`, `block`, `panic`, `fail`, `ok`.
#[queue(max_deliveries = 2)]
pub(crate) static CHORES: Queue<String>;

/// Nobody takes these.
#[queue(max_age = "1h")]
pub(crate) static LETTERS: Queue<String>;

/// How many pieces an order has that is done.
#[cache(ttl = "1h")]
pub(crate) static DONE: Cache<String, u32>;

/// How often something was done.
#[cache]
pub(crate) static COUNTS: Cache<String, u32>;

#[function(http = "POST /orders")]
pub(crate) async fn place(Json(order): Json<Order>) -> Result<&'static str, Error> {
    ORDERS.send(&order).await?;
    Ok("placed")
}

#[function(http = "GET /orders/{id}", timeout = "5s")]
pub(crate) async fn show(Path(id): Path<String>) -> Result<String, Error> {
    if id == "slow" {
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    assert_ne!(id, "bad", "no such order");
    Ok(format!("{:?}", DONE.get(&id).await?))
}

#[function(http = "GET /search", service = "search")]
pub(crate) async fn search() -> &'static str {
    "found"
}

#[function(queue = ORDERS, timeout = "20s")]
pub(crate) async fn charge(order: Message<Order>) -> Result<(), Error> {
    count("charge").await?;
    PAID.send_once(order.payload(), &order.payload().id).await?;
    cloudc::effect("charged", &order.payload().id);
    Ok(())
}

#[function(queue = PAID, batch = 10)]
pub(crate) async fn finish(orders: Vec<Order>) -> Result<(), Error> {
    for order in orders {
        DONE.set(&order.id, &order.pieces).await?;
    }
    Ok(())
}

#[function(queue = CIRCLE)]
pub(crate) async fn go_round(step: u32) -> Result<(), Error> {
    CIRCLE.send(&(step + 1)).await
}

#[function(queue = CHORES, timeout = "55s")]
pub(crate) async fn work(chore: String) -> Result<(), String> {
    let text = |error: Error| error.to_string();
    match &*chore {
        "sleep" => tokio::time::sleep(Duration::from_secs(50)).await,
        "spawn" => {
            tokio::spawn(async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                count("child").await
            });
            count("parent").await.map_err(text)?;
        }
        "block" => std::thread::sleep(Duration::from_millis(300)),
        "guard" => {
            let _guard = Guard;
            count("locked").await.map_err(text)?;
        }
        "panic" => panic!("no way"),
        "fail" => return Err("cannot".to_owned()),
        _ => count("work").await.map_err(text)?,
    }
    Ok(())
}

#[function(schedule = "*/15 * * * *")]
pub(crate) async fn sweep() -> Result<(), Error> {
    count("sweep").await
}

#[function(schedule = "30 2 * * *", timezone = "Europe/Berlin")]
pub(crate) async fn at_night() -> Result<(), Error> {
    count("night").await
}

/// Gives something back when it goes out of scope, which a pod that dies never does.
struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        cloudc::effect("unlocked", "guard");
        tokio::spawn(count("unlocked"));
    }
}

/// A lost update waits here.
async fn count(what: &'static str) -> Result<(), Error> {
    let count = COUNTS.get(&what.to_owned()).await?.unwrap_or(0);
    COUNTS.set(&what.to_owned(), &(count + 1)).await
}
