//! What is told, and what is not.

use std::net::TcpListener;
use std::process::Output;
use std::time::Instant;

use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{Metric, NumberDataPoint};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;

use crate::pod::{CALLER, MARKER, TRACE, run};
use crate::receiver::{Received, attribute, receive};

fn shop(variables: &[(&str, &str)]) -> (Output, Received) {
    receive(|address| {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", address);
        let output = run("shop", &[&[endpoint], variables].concat());
        assert!(output.status.success(), "{output:?}");
        output
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

/// The lines of the log.
fn lines(output: &Output) -> Vec<serde_json::Value> {
    let lines = text(output);
    let lines = lines.lines().filter(|line| line.starts_with('{'));
    lines
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

fn named<'a>(spans: &'a [Span], name: &str) -> Vec<&'a Span> {
    let mut spans: Vec<&Span> = spans.iter().filter(|span| span.name == name).collect();
    spans.sort_by_key(|span| span.start_time_unix_nano);
    spans
}

fn is(span: &Span, attributes: &[(&str, &str)]) {
    for (key, value) in attributes {
        let found = attribute(&span.attributes, key);
        assert_eq!(found.as_deref(), Some(*value), "{key} of {span:#?}");
    }
}

fn failed(span: &Span) -> bool {
    let status = span.status.as_ref();
    status.is_some_and(|status| status.code == StatusCode::Error as i32)
}

#[test]
fn a_trace_goes_through_the_queue_and_a_redelivery_links_to_it() {
    let (_, received) = shop(&[]);
    let spans = received.spans();

    let asked = named(&spans, "POST /orders/{card}");
    let [asked] = asked[..] else {
        panic!("{spans:#?}");
    };
    assert_eq!(asked.kind, SpanKind::Server as i32);
    assert_eq!(hex(&asked.trace_id), TRACE);
    assert_eq!(hex(&asked.parent_span_id), CALLER);
    is(
        asked,
        &[
            ("http.request.method", "POST"),
            ("http.route", "/orders/{card}"),
            ("http.response.status_code", "200"),
            ("cloudc.function", "place-order"),
        ],
    );
    assert!(!failed(asked));

    let deliveries = named(&spans, "process orders");
    let [first, second, strange] = deliveries[..] else {
        panic!("{spans:#?}");
    };
    for (delivery, attempt) in [(first, "1"), (second, "2")] {
        assert_eq!(delivery.kind, SpanKind::Consumer as i32);
        is(
            delivery,
            &[
                ("messaging.system", "nats"),
                ("messaging.destination.name", "orders"),
                ("messaging.operation.name", "process"),
                ("cloudc.function", "charge"),
                ("cloudc.attempt", attempt),
            ],
        );
    }
    assert_eq!(first.trace_id, asked.trace_id);
    assert_eq!(first.parent_span_id, asked.span_id);
    assert!(failed(first));

    assert_ne!(second.trace_id, asked.trace_id);
    assert!(second.parent_span_id.is_empty());
    let [link] = &second.links[..] else {
        panic!("{second:#?}");
    };
    assert_eq!(
        (&link.trace_id, &link.span_id),
        (&asked.trace_id, &asked.span_id)
    );
    assert!(!failed(second));

    // It came without a trace.
    assert!(strange.parent_span_id.is_empty() && strange.links.is_empty());
    is(strange, &[("messaging.message.id", "strange")]);

    let broken = named(&spans, "GET /broken");
    assert_eq!(broken.len(), 1);
    is(broken[0], &[("http.response.status_code", "500")]);
    assert!(failed(broken[0]));
}

#[test]
fn what_is_counted_and_measured() {
    let (_, received) = shop(&[]);
    let metrics = received.metrics();
    let points = |name: &str| -> Vec<NumberDataPoint> {
        match data(&metrics, name) {
            Data::Sum(sum) => sum.data_points.clone(),
            Data::Gauge(gauge) => gauge.data_points.clone(),
            other => panic!("{name} is {other:?}"),
        }
    };
    let sum = |name: &str| -> i64 {
        let points = points(name);
        let values = points.iter().map(|point| match point.value {
            Some(Value::AsInt(value)) => value,
            other => panic!("{name} has {other:?}"),
        });
        values.sum()
    };
    assert_eq!(sum("cloudc.queue.deliveries"), 3);
    assert_eq!(sum("cloudc.queue.retries"), 1);
    assert_eq!(sum("cloudc.queue.dead_letters"), 1);
    assert_eq!(sum("cloudc.queue.lag"), 7);
    assert_eq!(sum("cloudc.function.active"), 0);
    assert_eq!(points("cloudc.function.active").len(), 3);
    for point in points("cloudc.queue.deliveries") {
        let queue = attribute(&point.attributes, "messaging.destination.name");
        assert_eq!(queue.as_deref(), Some("orders"));
    }

    let histogram = |name: &str, keys: [&str; 2]| {
        let Data::Histogram(histogram) = data(&metrics, name) else {
            panic!("{name} is no histogram");
        };
        let mut counts: Vec<(Vec<String>, u64)> = histogram
            .data_points
            .iter()
            .map(|point| {
                let value = |key| attribute(&point.attributes, key).expect("it is there");
                (keys.map(value).to_vec(), point.count)
            })
            .collect();
        counts.sort();
        counts
    };
    let row = |function: &str, end: &str, count| (vec![function.to_owned(), end.to_owned()], count);
    assert_eq!(
        histogram(
            "http.server.request.duration",
            ["cloudc.function", "http.response.status_code"]
        ),
        [row("broken", "500", 1), row("place-order", "200", 1)]
    );
    assert_eq!(
        histogram(
            "cloudc.function.duration",
            ["cloudc.function", "cloudc.outcome"]
        ),
        [
            row("broken", "panicked", 1),
            row("charge", "done", 1),
            row("charge", "failed", 2),
            row("place-order", "done", 1),
        ]
    );
}

fn data<'a>(metrics: &'a [Metric], name: &str) -> &'a Data {
    let mut found = metrics.iter().filter(|metric| metric.name == name);
    // The last one counts the most.
    let last = found.next_back();
    let data = last.and_then(|metric| metric.data.as_ref());
    data.unwrap_or_else(|| panic!("no {name} in {metrics:#?}"))
}

#[test]
fn who_sends() {
    for (variables, service) in [
        (&[][..], "shop-till"),
        (&[("OTEL_SERVICE_NAME", "cashier")], "cashier"),
    ] {
        let (_, received) = shop(variables);
        let senders = received.senders();
        assert!(senders.len() >= 2, "spans and metrics");
        for sender in &senders {
            for (key, value) in [
                ("service.name", service),
                ("service.namespace", "shop"),
                ("service.instance.id", "shop-1"),
            ] {
                assert_eq!(attribute(sender, key).as_deref(), Some(value), "{key}");
            }
        }
    }
}

#[test]
fn the_log_has_a_line_for_each_failure() {
    let (output, received) = shop(&[("RUST_LOG", "info")]);
    let failures: Vec<_> = lines(&output)
        .into_iter()
        .filter(|line| line["level"] == "ERROR" && line["message"] == "a call failed")
        .collect();
    let [first, broken, strange] = &failures[..] else {
        panic!("{failures:#?}");
    };
    assert_eq!(first["function"], "charge");
    assert_eq!(first["error"], "the bank is closed");
    assert_eq!(first["attempt"], 1);
    // It says which message and which trace, to look further.
    let spans = received.spans();
    let delivery = named(&spans, "process orders")[0];
    let id = attribute(&delivery.attributes, "messaging.message.id");
    assert_eq!(first["message_id"].as_str().map(str::to_owned), id);
    assert_eq!(first["span"]["trace_id"], TRACE);
    assert_eq!(broken["function"], "broken");
    // What it says may be what it found: the line of the panic has the place.
    assert_eq!(broken["error"], "panicked");
    assert_eq!(strange["message_id"], "strange");
    let error = strange["error"].as_str().expect("text");
    assert!(
        error.starts_with("cannot decode a message of the queue `orders`"),
        "{error}"
    );
}

#[test]
fn nothing_of_what_is_in_a_message_or_a_header_is_told() {
    // Even where everything is told.
    let (output, received) = shop(&[("RUST_LOG", "trace")]);
    assert!(received.contains("place-order"), "something came");
    assert!(!received.contains(MARKER));
    assert!(text(&output).contains("a call is done"));
    assert!(!text(&output).contains(MARKER), "{}", text(&output));
}

#[test]
fn without_a_receiver_there_is_a_log_and_nothing_else() {
    let (output, received) = receive(|_| run("shop", &[]));
    assert!(output.status.success(), "{output:?}");
    assert!(received.is_empty());
    let failure = lines(&output)
        .into_iter()
        .find(|line| line["level"] == "ERROR");
    let failure = failure.expect("a line");
    assert_eq!(failure["error"], "the bank is closed");
    assert_eq!(failure["span"]["trace_id"], serde_json::Value::Null);
}

#[test]
fn a_receiver_that_does_not_answer_holds_nobody_up() {
    // It takes connections, and says nothing.
    let silent = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let address = format!("http://{}", silent.local_addr().expect("an address"));
    let endpoint = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*address),
        ("RUST_LOG", "off"),
    ];
    let start = Instant::now();
    let output = run("requests", &endpoint);
    assert!(output.status.success(), "{output:?}");
    let output = text(&output);
    let ended = output
        .lines()
        .find_map(|line| line.strip_prefix("ended in "));
    let millis: u64 = ended.expect("it ended").parse().expect("a number");
    assert!((2_000..4_000).contains(&millis), "{millis}");
    // Those were more requests than there is room for spans.
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

#[test]
fn what_cannot_be_followed_is_said() {
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317");
    let protocol = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
    let output = text(&run("shop", &[endpoint, protocol]));
    assert!(
        output.contains("refused: OTEL_EXPORTER_OTLP_PROTOCOL is \"grpc\""),
        "{output}"
    );
}
