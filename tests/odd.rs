//! An application whose handlers do everything that a handler should not, for tests of what production does about it.

use std::convert::Infallible;
use std::time::Duration;

use cloudc::axum::body::Body;
use cloudc::axum::http::StatusCode;
use cloudc::{Error, Json, Path, Queue, function, queue};
use futures_util::stream;

/// What the graph of `cloudc build` says, as far as the program reads it.
const GRAPH: &str = r#"{
    "version": 1,
    "app": "odd",
    "functions": [
        {"name": "drip", "path": "odd_under_test::drip"},
        {"name": "echo", "path": "odd_under_test::echo"},
        {"name": "panic", "path": "odd_under_test::panic"},
        {"name": "patient", "path": "odd_under_test::patient"},
        {"name": "send", "path": "odd_under_test::send"},
        {"name": "send-large", "path": "odd_under_test::send_large"},
        {"name": "sleep", "path": "odd_under_test::sleep"},
        {"name": "swallow", "path": "odd_under_test::swallow"},
        {"name": "tick", "path": "odd_under_test::tick"},
        {"name": "work", "path": "odd_under_test::work"}
    ],
    "workloads": [
        {"name": "odd", "kind": "service", "functions": ["drip", "echo", "panic", "send", "send-large", "sleep"]},
        {"name": "patient", "kind": "service", "functions": ["patient"]},
        {"name": "swallow", "kind": "consumer", "functions": ["swallow"]},
        {"name": "tick", "kind": "schedule", "functions": ["tick"]},
        {"name": "work", "kind": "consumer", "functions": ["work"]}
    ],
    "queues": [
        {"name": "crumbs", "path": "odd_under_test::CRUMBS"},
        {"name": "tasks", "path": "odd_under_test::TASKS"}
    ],
    "edges": [
        {"function": "patient", "resource": {"kind": "queue", "name": "tasks"}},
        {"function": "send", "resource": {"kind": "queue", "name": "tasks"}},
        {"function": "send-large", "resource": {"kind": "queue", "name": "tasks"}}
    ]
}"#;

/// What the worker shall do: `done`, `fail`, `panic`, `hang`, `die`, or `sleep MILLISECONDS`.
#[queue(max_deliveries = 2, ack_wait = "3s", dead_letter = true)]
static TASKS: Queue<String>;

/// Nobody's business.
#[queue]
static CRUMBS: Queue<u64>;

#[function(
    http = "POST /tasks/{task}",
    service = "odd",
    timeout = "2s",
    concurrency = 2
)]
async fn send(Path(task): Path<String>) -> (StatusCode, String) {
    match TASKS.send(&task).await {
        Ok(()) => (StatusCode::OK, "sent".to_owned()),
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()),
    }
}

#[function(http = "POST /large", service = "odd")]
async fn send_large() -> String {
    match TASKS.send(&"x".repeat(5_000_000)).await {
        Ok(()) => "sent".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// Has more time than the broker.
#[function(http = "POST /patient", service = "patient", timeout = "20s")]
async fn patient() -> String {
    match TASKS.send(&"done".to_owned()).await {
        Ok(()) => "sent".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// An answer without end.
#[function(http = "GET /drip", service = "odd")]
async fn drip() -> Body {
    Body::from_stream(stream::unfold((), async |()| {
        tokio::time::sleep(Duration::from_millis(100)).await;
        Some((Ok::<_, Infallible>("drop"), ()))
    }))
}

#[function(http = "POST /echo", service = "odd")]
async fn echo(Json(text): Json<String>) -> String {
    text
}

#[function(http = "GET /panic", service = "odd")]
async fn panic() -> String {
    panic!("the secret of the handler")
}

#[function(http = "GET /sleep/{millis}", service = "odd")]
async fn sleep(Path(millis): Path<u64>) -> &'static str {
    tokio::time::sleep(Duration::from_millis(millis)).await;
    "slept"
}

#[function(queue = TASKS, timeout = "1s")]
async fn work(task: String) -> Result<(), Error> {
    match &*task {
        "fail" => Err(Error::Unavailable {
            resource: "the worker".to_owned(),
            reason: "it does not feel like it".to_owned(),
        }),
        "panic" => panic!("no"),
        "hang" => std::future::pending().await,
        // Nothing is caught of it, as of a process that runs out of memory.
        "die" => std::process::abort(),
        other => {
            let millis = other
                .strip_prefix("sleep ")
                .and_then(|millis| millis.parse().ok());
            tokio::time::sleep(Duration::from_millis(millis.unwrap_or(0))).await;
            cloudc::effect("done", other);
            Ok(())
        }
    }
}

#[function(queue = CRUMBS, concurrency = 64)]
async fn swallow(_: u64) -> Result<(), Error> {
    Ok(())
}

/// Ends as the environment says.
#[function(schedule = "0 0 1 1 *", timeout = "1s")]
async fn tick() -> Result<(), Error> {
    match std::env::var("ODD_TICK").as_deref() {
        Ok("fail") => Err(Error::Unavailable {
            resource: "the clock".to_owned(),
            reason: "it is late".to_owned(),
        }),
        Ok("panic") => panic!("no"),
        Ok("unwrap") => {
            let seconds: u64 = serde_json::from_str("\"hush\"").expect("a number");
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            Ok(())
        }
        Ok("hang") => std::future::pending().await,
        _ => Ok(()),
    }
}

fn main() -> std::process::ExitCode {
    cloudc::shim::main(GRAPH)
}
