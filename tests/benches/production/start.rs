//! From exec to the first answer, and to the first message that is done; what a program weighs, and holds when idle.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::servers::{Server, free_port};
use crate::{Running, compare};

const ROUNDS: usize = 21;

pub(crate) async fn measure() {
    let (mut ours, mut raw, mut memory) = (Vec::new(), Vec::new(), (Vec::new(), Vec::new()));
    for _ in 0..ROUNDS {
        let (took, held) = first_answer(
            Command::new(env!("CARGO_BIN_EXE_hello-under-test")).env("CLOUDC_WORKLOAD", "hello"),
        );
        ours.push(took);
        memory.0.push(held);
        let (took, held) =
            first_answer(Command::new(env!("CARGO_BIN_EXE_bare")).env("BARE", "http"));
        raw.push(took);
        memory.1.push(held);
    }
    compare("exec to first answer", "ms", ours, raw);
    compare("idle memory, HTTP", "KiB", memory.0, memory.1);
    first_messages().await;
    for (name, path) in [
        ("hello", env!("CARGO_BIN_EXE_hello-under-test")),
        ("shop", env!("CARGO_BIN_EXE_pod-under-test")),
        ("bare", env!("CARGO_BIN_EXE_bare")),
    ] {
        let bytes = std::fs::metadata(path).map_or(0, |file| file.len());
        println!(
            "size of {name:<20} {:>12.1} MiB, stripped",
            bytes as f64 / f64::from(1 << 20)
        );
    }
}

fn first_answer(command: &mut Command) -> (f64, f64) {
    let port = free_port();
    command.env("PORT", port.to_string());
    let began = Instant::now();
    let running = Running::start(command);
    loop {
        let mut answer = String::new();
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) {
            let request = "GET /hello/Ferris HTTP/1.0\r\nHost: localhost\r\n\r\n";
            stream.write_all(request.as_bytes()).expect("sent");
            stream.read_to_string(&mut answer).expect("an answer");
        }
        if answer.contains(" 200 ") {
            let took = began.elapsed().as_secs_f64() * 1e3;
            return (took, running.memory() as f64);
        }
    }
}

async fn first_messages() {
    let Some(server) = Server::plain_broker("enabled") else {
        return;
    };
    let url = format!("nats://127.0.0.1:{}", server.port());
    let odd = |workload: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_odd-under-test"));
        command
            .env("CLOUDC_WORKLOAD", workload)
            .env("CLOUDC_NATS_URL", &url)
            .env("PORT", "0");
        command
    };
    assert!(odd("provision").status().expect("it runs").success());
    let mut bare = Command::new(env!("CARGO_BIN_EXE_bare"));
    bare.env("BARE", "queue").env("CLOUDC_NATS_URL", &url);
    let jetstream = server.jetstream().await;
    let mut stream = jetstream
        .get_stream("odd-crumbs")
        .await
        .expect("the stream");
    let (mut ours, mut raw) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS * 2 {
        let sent = jetstream.publish("odd.crumbs", "1".into()).await;
        sent.expect("sent").await.expect("taken");
        let began = Instant::now();
        let mut command = odd("swallow");
        let _running = Running::start(if round % 2 == 0 {
            &mut command
        } else {
            &mut bare
        });
        while stream.info().await.expect("its state").state.messages > 0 {
            tokio::time::sleep(Duration::from_micros(500)).await;
        }
        let took = began.elapsed().as_secs_f64() * 1e3;
        if round % 2 == 0 { &mut ours } else { &mut raw }.push(took);
    }
    compare("exec to first message", "ms", ours, raw);
}
