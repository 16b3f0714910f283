//! Handlers and servers that do what they should not.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use futures_util::StreamExt as _;
use http_body_util::BodyExt as _;
use rustix::process::Signal;

use crate::http::Http;
use crate::pod::Pod;
use crate::servers::Server;
use crate::shop::until;
use crate::slow::{losing, proxy};

const PROGRAM: &str = env!("CARGO_BIN_EXE_odd-under-test");

/// A broker without accounts, and pods of the odd application.
struct Odd {
    broker: Server,
    http: Http,
}

impl Odd {
    fn open(jetstream: &str) -> Option<Self> {
        let odd = Self {
            broker: Server::plain_broker(jetstream)?,
            http: Http::new(),
        };
        let (status, lines) = odd.start("provision").exit();
        assert!(status.success(), "{}", lines.join("\n"));
        Some(odd)
    }

    fn start(&self, workload: &str) -> Pod {
        self.start_by(workload, self.broker.port())
    }

    /// Starts a pod that finds the broker on this port.
    fn start_by(&self, workload: &str, broker: u16) -> Pod {
        let mut command = Command::new(PROGRAM);
        command
            .env("CLOUDC_WORKLOAD", workload)
            .env("CLOUDC_NATS_URL", format!("nats://127.0.0.1:{broker}"))
            .env("PORT", "0")
            .env("RUST_LOG", "info,cloudc::effect=debug");
        Pod::start(&mut command)
    }

    /// Sends a task, which has to be taken.
    async fn send(&self, port: u16, task: &str) {
        let answer = self
            .http
            .post(port, &format!("/tasks/{task}"), String::new())
            .await;
        assert_eq!(answer, Ok((200, "sent".to_owned())));
    }

    async fn messages(&self, stream: &str) -> u64 {
        let mut stream = self.broker.stream(stream).await;
        stream.info().await.expect("its state").state.messages
    }

    /// Waits until so many messages are dead letters, and none waits any more.
    async fn until_dead(&self, count: u64) {
        until(async || self.messages("odd-tasks-dead").await == count).await;
        until(async || self.messages("odd-tasks").await == 0).await;
    }

    /// Why each dead letter is one.
    async fn reasons(&self) -> Vec<String> {
        let mut stream = self.broker.stream("odd-tasks-dead").await;
        let state = stream.info().await.expect("its state").state.clone();
        let mut reasons = Vec::new();
        for sequence in state.first_sequence..=state.last_sequence {
            let message = stream.get_raw_message(sequence).await.expect("a message");
            let reason = message.headers.get("Cloudc-Reason").expect("a reason");
            reasons.push(reason.to_string());
        }
        reasons.sort();
        reasons
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_is_tried_again_and_ends_as_a_dead_letter() {
    let Some(odd) = Odd::open("enabled") else {
        return;
    };
    let (service, worker) = (odd.start("odd"), odd.start("work"));
    service.connected();
    let port = service.port();
    for task in ["fail", "panic", "hang", "done"] {
        odd.send(port, task).await;
    }
    // Poison: no text at all.
    let jetstream = odd.broker.jetstream().await;
    let sent = jetstream.publish("odd.tasks", "{\"no\": text".into()).await;
    sent.expect("sent").await.expect("taken");
    odd.until_dead(4).await;
    let reasons = odd.reasons().await;
    for (reason, part) in reasons.iter().zip([
        "cannot decode",
        "panicked: no",
        "timeout",
        "is not available",
    ]) {
        assert!(reason.contains(part), "{part}: {reasons:?}");
    }
    worker.wait_for("the one that is done", |line| {
        (line.contains("cloudc::effect") && line.contains("\"done\"")).then_some(())
    });
}

/// Publishes a task with a header as it is, which a client would not send.
fn publish(port: u16, header: &[u8], payload: &str) {
    let mut stream = BufReader::new(TcpStream::connect(("127.0.0.1", port)).expect("a connection"));
    let head = [b"NATS/1.0\r\n", header, b"\r\n\r\n"].concat();
    let all = head.len() + payload.len();
    let sent = [
        b"CONNECT {\"verbose\":false,\"headers\":true}\r\n",
        format!("HPUB odd.tasks {} {all}\r\n", head.len()).as_bytes(),
        &head,
        format!("{payload}\r\nPING\r\n").as_bytes(),
    ]
    .concat();
    stream.get_mut().write_all(&sent).expect("sent");
    let answered = stream.lines().any(|line| line.expect("a line") == "PONG");
    assert!(answered, "the broker hung up");
}

/// Another program's headers, at which the client hangs up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_that_nobody_can_read_hold_nothing_up() {
    let Some(odd) = Odd::open("enabled") else {
        return;
    };
    for header in [
        &b"X-Name: M\xfcller"[..],
        b"no header at all",
        b"X Name: Mills",
    ] {
        for task in ["done", "fail"] {
            publish(odd.broker.port(), header, &format!("\"{task}\""));
        }
    }
    let jetstream = odd.broker.jetstream().await;
    for _ in 0..20 {
        let sent = jetstream.publish("odd.tasks", "\"done\"".into()).await;
        sent.expect("sent").await.expect("taken");
    }
    let worker = odd.start("work");
    odd.until_dead(3).await;
    let reasons = odd.reasons().await;
    assert!(
        reasons
            .iter()
            .all(|reason| reason.contains("it does not feel like it")),
        "{reasons:?}"
    );
    worker.wait_for("which it was", |line| {
        line.contains("handled without them").then_some(())
    });
}

/// And kept with its own as soon as it can be.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_letter_that_cannot_be_kept_is_told_with_both_reasons() {
    let Some(odd) = Odd::open("enabled") else {
        return;
    };
    let jetstream = odd.broker.jetstream().await;
    let deleted = jetstream.delete_stream("odd-tasks-dead").await;
    deleted.expect("deleted");
    let worker = odd.start("work");
    for (payload, reason) in [
        ("\"fail\"", "it does not feel like it"),
        ("1234567", "Data error at line 1 column 7"),
    ] {
        let sent = jetstream.publish("odd.tasks", payload.into()).await;
        sent.expect("sent").await.expect("taken");
        let line = worker.wait_for(reason, |line| {
            (line.contains("cannot be kept") && line.contains(reason)).then(|| line.to_owned())
        });
        assert!(line.contains("provision"), "{line}");
        assert!(!line.contains("1234567"), "{line}");
    }
    odd.start("provision").exit();
    odd.until_dead(2).await;
    let reasons = odd.reasons().await;
    assert!(reasons[0].starts_with("cannot decode"), "{reasons:?}");
    assert!(
        reasons[1].contains("it does not feel like it"),
        "{reasons:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_kills_its_pods_is_a_dead_letter() {
    let Some(odd) = Odd::open("enabled") else {
        return;
    };
    let service = odd.start("odd");
    service.connected();
    odd.send(service.port(), "die").await;
    for _ in 0..2 {
        let (status, _) = odd.start("work").exit();
        assert!(!status.success());
    }
    let _third = odd.start("work");
    odd.until_dead(1).await;
    assert!(odd.reasons().await[0].contains("the pod died"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_have_their_limits() {
    let Some(odd) = Odd::open("enabled") else {
        return;
    };
    let service = odd.start("odd");
    service.connected();
    let (http, port) = (odd.http.clone(), service.port());
    let (status, body) = http.get(port, "/panic").await.expect("an answer");
    assert_eq!(
        (status, &*body),
        (500, r#"{"title":"Internal Server Error","status":500}"#)
    );
    let (status, _) = http.get(port, "/sleep/60000").await.expect("an answer");
    assert_eq!(status, 504);
    let (status, body) = http.get(port, "/nowhere").await.expect("an answer");
    assert_eq!(
        (status, &*body),
        (404, r#"{"title":"Not Found","status":404}"#)
    );
    let (_, why) = http
        .post(port, "/large", String::new())
        .await
        .expect("an answer");
    assert!(why.contains("does not take 5000"), "{why}");
    // Two at a time, twenty may wait; more are turned away at once.
    let many = (0..30).map(|_| {
        let http = http.clone();
        tokio::spawn(async move { http.get(port, "/sleep/1000").await.expect("an answer").0 })
    });
    let many: Vec<_> = many.collect();
    let mut answers = Vec::new();
    for one in many {
        answers.push(one.await.expect("no panic"));
    }
    assert_eq!(
        answers.iter().filter(|status| **status == 503).count(),
        8,
        "{answers:?}"
    );
    assert!(answers.contains(&200), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_without_end_has_the_limits_of_its_call() {
    let Some(odd) = Odd::open("enabled") else {
        return;
    };
    let service = odd.start("odd");
    service.connected();
    let (http, port) = (&odd.http, service.port());
    // They have both turns, and twenty may wait, within the timeout.
    let drips = [
        http.begin(port, "/drip").await,
        http.begin(port, "/drip").await,
    ];
    let others = (0..22).map(|_| http.get(port, "/sleep/1"));
    let others = futures_util::future::join_all(others).await;
    let refused = others
        .iter()
        .filter(|answer| matches!(answer, Ok((503, _))));
    assert_eq!(refused.count(), 2, "{others:?}");
    for drip in drips {
        let broken = drip.into_body().collect().await;
        broken.expect_err("it is broken off");
    }
    let answer = http.get(port, "/sleep/1").await;
    assert_eq!(answer, Ok((200, "slept".to_owned())));
    service.wait_for("a word of it", |line| {
        (line.contains("broken off") && line.contains("drip")).then_some(())
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_broker_is_an_error_in_time_and_is_back_afterwards() {
    let Some(odd) = Odd::open("enabled") else {
        return;
    };
    let (service, worker) = (odd.start("odd"), odd.start("work"));
    let patient = odd.start("patient");
    for pod in [&service, &worker, &patient] {
        pod.connected();
    }
    let port = service.port();
    odd.send(port, "done").await;
    odd.broker.signal(Signal::STOP);
    // Its time is shorter than the broker's, and longer.
    let answer = odd.http.post(port, "/tasks/sleep%201", String::new()).await;
    assert_eq!(answer.expect("an answer").0, 504);
    let (status, why) = odd
        .http
        .post(patient.port(), "/patient", String::new())
        .await
        .expect("an answer");
    assert_eq!(status, 200);
    assert!(why.contains("did not answer within five seconds"), "{why}");
    odd.broker.signal(Signal::CONT);
    until(async || {
        let answer = odd.http.post(port, "/tasks/sleep%202", String::new()).await;
        matches!(answer, Ok((200, _)))
    })
    .await;
    worker.wait_for("the one that came later", |line| {
        line.contains("\"sleep 2\"").then_some(())
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_versions_of_http_have_the_same_limits() {
    let Some(odd) = Odd::open("enabled") else {
        return;
    };
    let service = odd.start("odd");
    service.connected();
    let port = service.port();
    for http in [Http::new(), Http::http2()] {
        let answer = http.get(port, "/sleep/1").await;
        assert_eq!(answer, Ok((200, "slept".to_owned())));
        let (status, _) = http.get(port, "/tasks/x").await.expect("an answer");
        assert_eq!(status, 405);
        let (status, _) = http
            .get_with_header(port, "/sleep/1", 16 * 1024)
            .await
            .expect("an answer");
        assert_eq!(status, 200);
        // One end may hang up while the other still sends.
        let long = http.get_with_header(port, "/sleep/1", 128 * 1024).await;
        assert!(
            long.as_ref().map_or(true, |(status, _)| *status == 431),
            "{long:?}"
        );
        let long = "x".repeat(3 * 1024 * 1024);
        let (status, _) = http
            .post(port, "/echo", format!("{long:?}"))
            .await
            .expect("an answer");
        assert_eq!(status, 413);
    }
}

/// Half a second there and back, for pulls, messages and acknowledgements: slower, and nothing comes twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_broker_is_slow_and_nothing_else() {
    let Some(odd) = Odd::open("enabled") else {
        return;
    };
    let port = proxy(odd.broker.port(), Duration::from_millis(250)).await;
    let (service, worker) = (odd.start_by("odd", port), odd.start_by("work", port));
    service.connected();
    worker.connected();
    let tasks: Vec<String> = (0..20).map(|number| format!("task-{number}")).collect();
    for task in &tasks {
        odd.send(service.port(), task).await;
    }
    until(async || odd.messages("odd-tasks").await == 0).await;
    let lines = worker.kill();
    for task in &tasks {
        let done = lines
            .iter()
            .filter(|line| line.contains(&format!("\"{task}\"")));
        assert_eq!(done.count(), 1, "{task}: {}", lines.join("\n"));
    }
}

/// Its heartbeats stay away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_for_messages_that_the_broker_forgot_is_made_anew() {
    let Some(odd) = Odd::open("enabled") else {
        return;
    };
    let lost = odd.broker.listen("$XX.API.>").await;
    let port = losing(
        odd.broker.port(),
        "$JS.API.CONSUMER.MSG.NEXT",
        "$XX.API.CONSUMER.MSG.NEXT",
    )
    .await;
    let worker = odd.start_by("work", port);
    let mut lost = lost;
    let request = lost.next().await.expect("the request");
    assert!(
        request.subject.ends_with("odd-tasks.work"),
        "{}",
        request.subject
    );
    let jetstream = odd.broker.jetstream().await;
    let sent = jetstream.publish("odd.tasks", "\"done\"".into()).await;
    sent.expect("sent").await.expect("taken");
    worker.wait_for("a word of the silence", |line| {
        line.contains("the broker is silent").then_some(())
    });
    until(async || odd.messages("odd-tasks").await == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_consumer_is_named_and_comes_back_with_the_provisioner() {
    let Some(odd) = Odd::open("enabled") else {
        return;
    };
    let (service, worker) = (odd.start("odd"), odd.start("work"));
    service.connected();
    worker.connected();
    let stream = odd.broker.stream("odd-tasks").await;
    stream.delete_consumer("work").await.expect("deleted");
    worker.wait_for("a word of the provisioner", |line| {
        line.contains("provision").then_some(())
    });
    let (status, lines) = odd.start("provision").exit();
    assert!(status.success(), "{}", lines.join("\n"));
    odd.send(service.port(), "done").await;
    worker.wait_for("the message", |line| {
        line.contains("cloudc::effect").then_some(())
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_broker_is_an_error_at_the_sender() {
    let Some(odd) = Odd::open("{ max_file: 65536 }") else {
        return;
    };
    let service = odd.start("odd");
    service.connected();
    let port = service.port();
    let task = format!("/tasks/{}", "x".repeat(4_000));
    let mut why = String::new();
    for _ in 0..40 {
        let (status, body) = odd
            .http
            .post(port, &task, String::new())
            .await
            .expect("an answer");
        if status != 200 {
            why = body;
            break;
        }
    }
    assert!(why.contains("no room left"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pod_that_leaves_finishes_what_it_has_begun() {
    let Some(odd) = Odd::open("enabled") else {
        return;
    };
    let (mut service, mut worker) = (odd.start("odd"), odd.start("work"));
    service.connected();
    worker.connected();
    let port = service.port();
    odd.send(port, "sleep%20800").await;
    until(async || {
        let stream = odd.broker.stream("odd-tasks").await;
        let consumer = stream.consumer_info("work").await.expect("a consumer");
        consumer.num_ack_pending == 1
    })
    .await;
    let http = odd.http.clone();
    let slow = tokio::spawn(async move { http.get(port, "/sleep/1500").await });
    // The request is under way once another one that was sent after it is answered.
    tokio::time::sleep(Duration::from_millis(100)).await;
    worker.signal(Signal::TERM);
    service.signal(Signal::TERM);
    let (ready, _) = odd
        .http
        .get(port, "/.cloudc/readyz")
        .await
        .expect("an answer");
    assert_eq!(ready, 503);
    let (status, lines) = worker.exit();
    assert!(status.success(), "{}", lines.join("\n"));
    assert!(
        lines.iter().any(|line| line.contains("\"sleep 800\"")),
        "{}",
        lines.join("\n")
    );
    assert_eq!(odd.messages("odd-tasks").await, 0, "it was acknowledged");
    let answer = slow.await.expect("no panic");
    assert_eq!(answer, Ok((200, "slept".to_owned())));
    let (status, lines) = service.exit();
    assert!(status.success(), "{}", lines.join("\n"));
}
