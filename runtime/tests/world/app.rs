//! A small application that does a bit of everything.

use std::sync::{Condvar, Mutex};
use std::time::Duration;

use axum::body::Body;
use cloudc::{Cache, Error, Json, Message, Path, Queue, cache, function, queue};
use futures_util::stream;
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

/// What to do, and how.
#[queue(max_deliveries = 2)]
pub(crate) static CHORES: Queue<String>;

/// Messages to oneself, each some time after the one before.
#[queue]
pub(crate) static STEPS: Queue<u32>;

/// Taken one by one, in one pod.
#[queue]
pub(crate) static SINGLES: Queue<String>;

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

/// One at a time, of five seconds.
#[function(http = "GET /dig", service = "digger", concurrency = 1, scale = 0..=1, timeout = "12s")]
pub(crate) async fn dig() {
    tokio::time::sleep(Duration::from_secs(5)).await;
}

/// The body is made while it is read.
#[function(http = "GET /stream/{how}")]
pub(crate) async fn stream_out(Path(how): Path<String>) -> Body {
    Body::from_stream(stream::once(async move {
        if how == "slow" {
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        count("streamed").await?;
        if how == "broken" {
            return Err(std::io::Error::other("no more").into());
        }
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>("streamed")
    }))
}

/// Leaves something behind that does nothing for an hour.
#[function(http = "POST /later")]
pub(crate) async fn later() {
    tokio::spawn(tokio::time::sleep(Duration::from_secs(3_600)));
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

#[function(queue = STEPS)]
pub(crate) async fn walk(step: u32) -> Result<(), Error> {
    tokio::time::sleep(Duration::from_millis(10)).await;
    STEPS.send(&(step + 1)).await
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
            cloudc::sometimes!(true, "a parent is counted");
        }
        "spawn quick" => drop(tokio::spawn(async {})),
        "spawn twice" => {
            tokio::spawn(async {
                tokio::spawn(async {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    count("grandchild").await
                });
            });
            count("parent").await.map_err(text)?;
        }
        "blocking" => {
            let runtime = tokio::runtime::Handle::current();
            let blocking = tokio::task::spawn_blocking(move || {
                GATE.pass();
                cloudc::effect("blocked", "a thread");
                runtime.block_on(count("blocking"))
            });
            blocking.await.expect("no panic").map_err(text)?;
        }
        "yield" => loop {
            tokio::task::yield_now().await;
        },
        "look" => look_for_ever().await,
        "spawn look" => drop(tokio::spawn(look_for_ever())),
        "block" => std::thread::sleep(Duration::from_millis(300)),
        "guard" => {
            let _guard = Guard;
            count("locked").await.map_err(text)?;
        }
        "again" => cloudc::sometimes!(chore.is_empty(), "a chore is done again"),
        "panic" => panic!("no way"),
        "fail" => return Err("cannot".to_owned()),
        _ => count("work").await.map_err(text)?,
    }
    Ok(())
}

#[function(queue = SINGLES, scale = 0..=1, concurrency = 1)]
pub(crate) async fn single(_: String) {}

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

/// Holds up blocking threads until it is open.
pub(crate) static GATE: Gate = Gate {
    open: Mutex::new(false),
    opened: Condvar::new(),
};

pub(crate) struct Gate {
    open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    pub(crate) fn open(&self) {
        *self.open.lock().expect("no panic") = true;
        self.opened.notify_all();
    }

    fn pass(&self) {
        let open = self.open.lock().expect("no panic");
        let passed = self.opened.wait_while(open, |open| !*open);
        drop(passed.expect("no panic"));
    }
}

async fn look_for_ever() {
    while !matches!(COUNTS.contains(&"never".to_owned()).await, Ok(true)) {}
}

/// A lost update waits here.
async fn count(what: &'static str) -> Result<(), Error> {
    let count = COUNTS.get(&what.to_owned()).await?.unwrap_or(0);
    COUNTS.set(&what.to_owned(), &(count + 1)).await
}
