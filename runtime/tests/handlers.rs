//! Handlers as the runtime calls them, from their registrations.

use std::collections::BTreeMap;

use cloudc::__private::{Delivery, Done, Trigger, functions, router};
use cloudc::axum::body::{Body, to_bytes};
use cloudc::axum::http::{HeaderMap, Request, StatusCode};
use cloudc::{Json, Message, Path, Queue, function, queue};
use serde::{Deserialize, Serialize};
use tower::ServiceExt;

/// A payload.
#[derive(Debug, Deserialize, PartialEq, Serialize)]
pub struct Order {
    sku: String,
}

/// Orders.
#[queue]
pub static ORDERS: Queue<Order>;

#[function(http = "GET /")]
async fn index() -> &'static str {
    "hello"
}

#[function(http = "POST /orders/{id}")]
async fn change_order(Path(id): Path<u32>, headers: HeaderMap, Json(order): Json<Order>) -> String {
    format!("{id} {} {}", headers.len(), order.sku)
}

#[function(http = "GET /orders/{id}")]
async fn get_order(Path(_): Path<u32>) -> cloudc::Result<()> {
    ORDERS.send(&order("bicycle")).await
}

#[function(http = "GET /private", service = "other")]
async fn elsewhere() {}

#[function(queue = ORDERS)]
async fn charge(order: Order) -> Result<(), String> {
    Err(format!("no {}", order.sku))
}

#[function(queue = ORDERS)]
async fn pack(order: Message<Order>) -> Result<(), String> {
    Err(format!(
        "{} {} {:?} {}",
        order.id(),
        order.attempt(),
        order.headers(),
        order.payload().sku
    ))
}

#[function(queue = ORDERS, batch = 2)]
async fn ship(orders: Vec<Order>) -> Result<(), String> {
    Err(format!("{orders:?}"))
}

#[function(schedule = "@daily")]
async fn refresh() {}

fn order(sku: &str) -> Order {
    Order {
        sku: sku.to_owned(),
    }
}

fn delivery(payload: &str) -> Delivery {
    Delivery {
        payload: payload.into(),
        id: "7".to_owned(),
        attempt: 2,
        headers: BTreeMap::from([("a".to_owned(), "b".to_owned())]),
    }
}

fn trigger(name: &str) -> &'static Trigger {
    let function = functions()
        .into_iter()
        .find(|function| function.name == name);
    &function.expect(name).trigger
}

async fn failure(done: Done) -> String {
    done.await.expect_err("a failure").to_string()
}

async fn ask(method: &str, path: &str, body: &str) -> (StatusCode, String) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/json")
        .body(Body::from(body.to_owned()))
        .expect("a request");
    let routes = router(&["index", "change-order", "get-order", "no-such-function"]);
    let response = routes.oneshot(request).await.expect("an answer");
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX)
        .await
        .expect("a body");
    (status, String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test]
async fn requests() {
    assert_eq!(
        ask("GET", "/", "").await,
        (StatusCode::OK, "hello".to_owned())
    );
    assert_eq!(
        ask("POST", "/orders/3", r#"{"sku": "bicycle"}"#).await,
        (StatusCode::OK, "3 1 bicycle".to_owned())
    );
}

#[tokio::test]
async fn requests_that_cannot_be_read() {
    let (status, _) = ask("POST", "/orders/three", r#"{"sku": "bicycle"}"#).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (status, _) = ask("POST", "/orders/3", r#"{"sku": 3}"#).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let (status, _) = ask("PUT", "/orders/3", "").await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    // A function that was not asked for has no route.
    let (status, _) = ask("GET", "/private", "").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_error_keeps_its_reason_to_itself() {
    assert_eq!(
        ask("GET", "/orders/3", "").await,
        (
            StatusCode::INTERNAL_SERVER_ERROR,
            r#"{"title":"Internal Server Error","status":500}"#.to_owned()
        )
    );
}

#[tokio::test]
async fn messages() {
    let Trigger::Queue { queue, handle } = trigger("charge") else {
        panic!("no queue function");
    };
    assert_eq!(queue(), "orders");
    assert_eq!(
        failure(handle(delivery(r#"{"sku": "bicycle"}"#))).await,
        "no bicycle"
    );
    let Trigger::Queue { handle, .. } = trigger("pack") else {
        panic!("no queue function");
    };
    assert_eq!(
        failure(handle(delivery(r#"{"sku": "bicycle"}"#))).await,
        r#"7 2 {"a": "b"} bicycle"#
    );
}

#[tokio::test]
async fn a_message_that_cannot_be_decoded() {
    let Trigger::Queue { handle, .. } = trigger("charge") else {
        panic!("no queue function");
    };
    assert_eq!(
        failure(handle(delivery("{}"))).await,
        "cannot decode a message of the queue `orders` from JSON"
    );
}

#[tokio::test]
async fn batches() {
    let Trigger::Batch { most, handle, .. } = trigger("ship") else {
        panic!("no batch function");
    };
    assert_eq!(*most, 2);
    let deliveries = vec![delivery(r#"{"sku": "a"}"#), delivery(r#"{"sku": "b"}"#)];
    assert_eq!(
        failure(handle(deliveries)).await,
        r#"[Order { sku: "a" }, Order { sku: "b" }]"#
    );
}

#[tokio::test]
async fn schedules() {
    let Trigger::Schedule { handle, .. } = trigger("refresh") else {
        panic!("no schedule function");
    };
    assert!(handle().await.is_ok());
}

#[test]
fn paths() {
    let paths: Vec<_> = functions()
        .into_iter()
        .map(|function| function.path)
        .collect();
    assert!(paths.contains(&"handlers::charge"), "{paths:?}");
}
