//! The pod: an application of a service and a queue, whose calls run as in production.

use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cloudc::axum::body::Body;
use cloudc::axum::http::{Request, StatusCode};
use cloudc::backend::{Answer, Broker, Dead, Lease, Outgoing, Published};
use cloudc::telemetry::{self, hook};
use cloudc::testing::emulator::{Emulator, StreamSettings};
use cloudc::{Json, Queue, function, queue};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tower::ServiceExt as _;

/// Stands in every payload and every header, and nowhere else.
pub(crate) const MARKER: &str = "4929-1234-5678-9012";

/// The caller's trace.
pub(crate) const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
/// The caller's span.
pub(crate) const CALLER: &str = "b7ad6b7169203331";

/// What the pod is to do; without it this program tests.
const PLAY: &str = "CLOUDC_TEST_PLAY";

#[derive(Debug, Deserialize, Serialize)]
struct Order {
    card: String,
}

/// Orders that wait to be charged.
#[queue(max_deliveries = 3, dead_letter = true)]
static ORDERS: Queue<Order>;

/// Says that an order was charged.
static CHARGED: Notify = Notify::const_new();

/// Says that a message was kept with the dead.
static BURIED: Notify = Notify::const_new();

#[function(http = "POST /orders/{card}")]
async fn place_order(Json(order): Json<Order>) -> Result<String, cloudc::Error> {
    ORDERS.send(&order).await?;
    Ok(order.card)
}

#[function(http = "GET /broken")]
async fn broken() -> StatusCode {
    panic!("it broke");
}

#[function(http = "GET /fine")]
async fn fine() -> StatusCode {
    StatusCode::OK
}

/// Fails the first time.
#[function(queue = ORDERS)]
async fn charge(_order: Order) -> Result<(), String> {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    if CALLS.fetch_add(1, Ordering::Relaxed) == 0 {
        return Err("the bank is closed".to_owned());
    }
    CHARGED.notify_one();
    Ok(())
}

/// Runs the pod to its end.
pub(crate) fn run(play: &str, variables: &[(&str, &str)]) -> Output {
    let program = std::env::current_exe().expect("this program");
    Command::new(program)
        .args(["--exact", "pod::the_pod_itself", "--nocapture"])
        .env(PLAY, play)
        .env_remove("RUST_LOG")
        .env("HOSTNAME", "shop-1")
        .envs(variables.iter().copied())
        .output()
        .expect("it starts")
}

/// Does nothing unless [`run`] has started this program.
#[test]
fn the_pod_itself() {
    let Ok(play) = std::env::var(PLAY) else {
        return;
    };
    let guard = match telemetry::start("shop", "till") {
        Ok(guard) => guard,
        Err(why) => return println!("refused: {why}"),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    match play.as_str() {
        "shop" => runtime.block_on(async {
            let minute = Duration::from_secs(60);
            tokio::time::timeout(minute, shop()).await.expect("it ends");
        }),
        "requests" => runtime.block_on(async {
            for _ in 0..3_000 {
                assert_eq!(ask("GET", "/fine").await, 200);
            }
        }),
        other => panic!("no such play: {other}"),
    }
    let start = std::time::Instant::now();
    drop(guard);
    println!("ended in {}", start.elapsed().as_millis());
}

/// Requests, a message that fails at first, and one that does not decode.
async fn shop() {
    let queues = [(
        "orders".to_owned(),
        StreamSettings {
            max_deliveries: None,
            ack_wait: Duration::from_secs(30),
            dedupe: Duration::from_secs(120),
            max_age: None,
        },
    )];
    let emulator = Arc::new(Emulator::new(queues, [], None));
    let broker: Arc<dyn Broker> = Arc::new(Undertaken(Arc::clone(&emulator)));
    assert!(hook::connect(Arc::clone(&broker), emulator));
    let consumer = tokio::spawn(hook::consume("charge", Arc::clone(&broker)));
    assert_eq!(ask("POST", &format!("/orders/{MARKER}")).await, 200);
    CHARGED.notified().await;
    assert_eq!(ask("GET", "/broken").await, 500);
    let strange = Outgoing {
        id: "strange".to_owned(),
        keyed: true,
        payload: format!("{{\"card\":[\"{MARKER}\"],\"{MARKER}\":\"{MARKER}\"}}").into_bytes(),
        headers: [("secret".to_owned(), MARKER.to_owned())].into(),
        delay: Duration::ZERO,
    };
    broker
        .publish("orders", vec![strange])
        .await
        .expect("the queue is there");
    BURIED.notified().await;
    telemetry::lagging("orders", 7);
    broker.stop("orders").await.expect("the queue is there");
    consumer.await.expect("no panic");
}

/// The emulator, which says when it keeps a message with the dead.
struct Undertaken(Arc<Emulator>);

impl Broker for Undertaken {
    fn publish(&self, queue: &str, messages: Vec<Outgoing>) -> Answer<'_, Vec<Published>> {
        self.0.publish(queue, messages)
    }

    fn pull(&self, queue: &str, most: usize) -> Answer<'_, Vec<Lease>> {
        self.0.pull(queue, most)
    }

    fn bury(&self, queue: &str, dead: Dead) -> Answer<'_, ()> {
        let buried = Broker::bury(&*self.0, queue, dead);
        Box::pin(async {
            buried.await?;
            BURIED.notify_one();
            Ok(())
        })
    }

    fn stop<'a>(&'a self, queue: &'a str) -> Answer<'a, ()> {
        self.0.stop(queue)
    }

    fn lag<'a>(&'a self, queue: &'a str) -> Answer<'a, u64> {
        self.0.lag(queue)
    }
}

/// The status of an answer.
async fn ask(method: &str, path: &str) -> u16 {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("traceparent", format!("00-{TRACE}-{CALLER}-01"))
        .header("content-type", "application/json")
        .header("authorization", MARKER)
        .body(Body::from(format!("{{\"card\":\"{MARKER}\"}}")))
        .expect("a request");
    let router = hook::router(&["place-order", "broken", "fine"]);
    let answer = router.oneshot(request).await.expect("an answer");
    answer.status().as_u16()
}
