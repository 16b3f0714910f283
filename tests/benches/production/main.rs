//! What production costs, beside the raw thing on the same server in the same run.
//!
//! `cargo bench -p cloudc-tests --bench production [-- PART…]`, of: http publish consume cache start. It needs
//! `nats-server` and `redis-server`, and `wrk` for HTTP.

mod cache;
mod consume;
mod http;
mod publish;
#[path = "../../tests/pods/servers.rs"]
#[expect(dead_code, reason = "a test does more with them")]
mod servers;
mod start;

use std::process::{Child, Command, Stdio};
use std::time::Duration;

#[tokio::main]
async fn main() {
    // `cargo test --all-targets` runs benchmarks too, without this word.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|part| !part.starts_with('-'))
        .collect();
    let wants = |part: &str| wanted.is_empty() || wanted.iter().any(|one| one == part);
    if wants("http") {
        http::measure();
    }
    if wants("publish") {
        publish::measure().await;
    }
    if wants("consume") {
        consume::measure().await;
    }
    if wants("cache") {
        cache::measure().await;
    }
    if wants("start") {
        start::measure().await;
    }
}

/// A process that ends with its measurement.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Self {
        let command = command.stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().expect("it starts"))
    }

    /// Memory that it holds, in KiB.
    fn memory(&self) -> u64 {
        let path = format!("/proc/{}/status", self.0.id());
        let status = std::fs::read_to_string(path).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        number.and_then(|number| number.parse().ok()).unwrap_or(0)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Prints two figures and their ratio.
fn compare(what: &str, unit: &str, ours: Vec<f64>, raw: Vec<f64>) {
    let ratios = ours
        .iter()
        .zip(&raw)
        .map(|(ours, raw)| ours / raw)
        .collect();
    println!(
        "{what:<28} {:>12.1} {unit:<10} raw {:>12.1} {unit:<10} ratio {:.2}",
        median(ours.clone()),
        median(raw.clone()),
        median(ratios)
    );
}

/// How many a second.
fn rate(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}
