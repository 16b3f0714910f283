//! A JSON handler through the shim, and on bare axum.

use std::net::TcpStream;
use std::process::Command;

use crate::servers::free_port;
use crate::{Running, compare};

const ROUNDS: usize = 15;

pub(crate) fn measure() {
    let (ours, raw) = (free_port(), free_port());
    let _ours = Running::start(
        Command::new(env!("CARGO_BIN_EXE_hello-under-test"))
            .env("CLOUDC_WORKLOAD", "hello")
            .env("PORT", ours.to_string()),
    );
    let _raw = Running::start(
        Command::new(env!("CARGO_BIN_EXE_bare"))
            .env("BARE", "http")
            .env("PORT", raw.to_string()),
    );
    for port in [ours, raw] {
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::yield_now();
        }
        load(port, 1);
    }
    let (mut rates, mut tails) = ((Vec::new(), Vec::new()), (Vec::new(), Vec::new()));
    for _ in 0..ROUNDS {
        let Some(one) = load(ours, 1) else { return };
        let Some(other) = load(raw, 1) else { return };
        rates.0.push(one.0);
        rates.1.push(other.0);
        tails.0.push(one.1);
        tails.1.push(other.1);
    }
    compare("http requests", "1/s", rates.0, rates.1);
    compare("http p99", "µs", tails.0, tails.1);
}

/// Requests a second, and the 99th percentile in microseconds.
fn load(port: u16, seconds: u32) -> Option<(f64, f64)> {
    let output = Command::new("wrk")
        .args(["-t1", "-c32", "--latency", &format!("-d{seconds}s")])
        .arg(format!("http://127.0.0.1:{port}/hello/Ferris"))
        .output();
    let Ok(output) = output else {
        println!("http: there is no wrk");
        return None;
    };
    let text = String::from_utf8_lossy(&output.stdout);
    let after = |label: &str| {
        let line = text
            .lines()
            .find_map(|line| line.trim().strip_prefix(label));
        line.map(str::trim)
    };
    let tail = after("99%")?;
    let digits = tail.trim_end_matches(char::is_alphabetic);
    let unit = match tail.get(digits.len()..) {
        Some("us") => 1.0,
        Some("ms") => 1e3,
        _ => 1e6,
    };
    Some((
        after("Requests/sec:")?.parse().ok()?,
        digits.parse::<f64>().ok()? * unit,
    ))
}
