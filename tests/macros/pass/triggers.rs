//! Every trigger with every form of parameter and result.

use cloudc::axum::http::{HeaderMap, StatusCode};
use cloudc::axum::response::IntoResponse;
use cloudc::{Cache, Json, Message, Path, Query, Queue, cache, function, queue};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Order {
    sku: String,
}

#[derive(Deserialize)]
struct Page {
    number: u32,
}

#[queue(max_deliveries = 5, ack_wait = "30s", dead_letter = true, dedupe = "2m", max_age = "7d")]
pub static ORDERS: Queue<Order>;

#[queue(name = "parcel-lists")]
static PARCELS: cloudc::Queue<Vec<Order>>;

#[cache(ttl = "10m")]
pub static PRICES: Cache<String, u64>;

#[function(http = "GET /")]
async fn index() {}

#[function(http = "GET /orders/{id}", concurrency = 80, scale = 0..=50, timeout = "1m30s", memory = "128Mi", cpu = "100m")]
async fn get_order(Path(id): Path<u32>, Query(page): Query<Page>, headers: HeaderMap) -> impl IntoResponse {
    format!("{id} {} {}", page.number, headers.len())
}

#[function(http = "POST /orders", service = "intake", visibility = "private", sandbox = "gvisor", scale = 1..)]
async fn place_order(headers: HeaderMap, Json(order): Json<Order>) -> Result<Json<Order>, (StatusCode, String)> {
    drop(headers);
    Ok(Json(order))
}

#[function(http = "DELETE /orders/{id}", name = "drop-order", scale = 3)]
async fn delete(_: Path<u32>) -> cloudc::Result<StatusCode> {
    let price = PRICES.get_or_set_with(&"a".to_owned(), async || Ok::<_, cloudc::Error>(3)).await?;
    drop(price);
    Ok(StatusCode::NO_CONTENT)
}

#[function(queue = ORDERS)]
async fn charge(order: Order) -> Result<(), std::io::Error> {
    drop(order);
    Ok(())
}

#[function(queue = crate::ORDERS)]
async fn pack(order: Message<Order>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    drop(order.into_payload());
    Ok(())
}

#[function(queue = self::ORDERS, batch = 100)]
async fn ship(orders: Vec<Order>) -> Result<(), String> {
    drop(orders);
    Ok(())
}

#[function(queue = ORDERS, batch = 1)]
async fn count(mut orders: Vec<Message<Order>>) {
    orders.clear();
}

// Without a batch a `Vec` is right where it is the payload.
#[function(queue = PARCELS)]
async fn send_off(parcels: Vec<Order>) -> Result<(), &'static str> {
    drop(parcels);
    Ok(())
}

#[function(schedule = "0 3 * * *", timezone = "Asia/Shanghai", timeout = "1h")]
async fn refresh() -> cloudc::Result<()> {
    Ok(())
}

#[function(schedule = "@daily")]
async fn tidy_up() {}

fn main() {
    let names: Vec<_> = cloudc::__private::functions().iter().map(|function| function.name).collect();
    assert_eq!(
        names,
        [
            "charge", "count", "drop-order", "get-order", "index", "pack", "place-order", "refresh",
            "send-off", "ship", "tidy-up",
        ]
    );
    let resources: Vec<_> = cloudc::__private::resources().iter().map(|resource| resource.name).collect();
    assert_eq!(resources, ["orders", "parcel-lists", "prices"]);
}
