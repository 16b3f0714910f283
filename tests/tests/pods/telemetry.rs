//! What pods tell a receiver of telemetry.

use tokio::runtime::Runtime;

use rustix::process::Signal;

use crate::http::Http;
use crate::pod::Pod;
use crate::receiver::{attribute, receive};
use crate::shop::{Shop, order};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// From the client through the service and the broker to the consumer, with the rights that each of them has there.
#[test]
fn an_order_is_one_trace_through_all_its_pods() {
    let Some(shop) = Shop::open() else { return };
    let runtime = Runtime::new().expect("a runtime");
    shop.run("refresh-prices");
    runtime.block_on(shop.fill_shelf("BELL-1", 10));
    let ((), received) = receive(|receiver| {
        let start = |workload| {
            let mut command = shop.command(workload);
            Pod::start(command.env("OTEL_EXPORTER_OTLP_ENDPOINT", receiver))
        };
        let mut service = start("shop");
        service.connected();
        let parent = format!("00-{TRACE}-b7ad6b7169203331-01");
        let answer = runtime.block_on(async {
            let http = Http::new();
            http.post_in(&parent, service.port(), "/orders", order("order-000001"))
                .await
        });
        assert_eq!(answer.expect("an answer").0, 200);
        let mut consumer = start("charge");
        runtime.block_on(shop.until_empty(&["shop-orders"]));
        // What they have to tell leaves with them.
        for pod in [&mut service, &mut consumer] {
            pod.signal(Signal::TERM);
            let (status, lines) = pod.exit();
            assert!(status.success(), "{}", lines.join("\n"));
        }
    });
    let spans = received.spans();
    let find = |name: &str| {
        let found = spans.iter().find(|span| span.name == name);
        found.unwrap_or_else(|| panic!("{name}: {spans:#?}"))
    };
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let (asked, done) = (find("POST /orders"), find("process orders"));
    assert_eq!(hex(&asked.trace_id), TRACE);
    assert_eq!(hex(&asked.parent_span_id), "b7ad6b7169203331");
    assert_eq!(hex(&done.trace_id), TRACE);
    assert_eq!(done.parent_span_id, asked.span_id);
    assert_eq!(
        attribute(&done.attributes, "messaging.system").as_deref(),
        Some("nats")
    );
    let metrics = received.metrics();
    for name in [
        "http.server.request.duration",
        "cloudc.function.duration",
        "cloudc.queue.deliveries",
        "cloudc.queue.lag",
    ] {
        assert!(metrics.iter().any(|metric| metric.name == name), "{name}");
    }
    assert!(!received.contains("BELL-1"), "no payload is told");
}
