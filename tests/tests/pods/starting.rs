//! Pods that start, and those that cannot.

use std::process::Command;
use std::time::{Duration, Instant};

use nkeys::KeyPair;
use rustix::process::Signal;

use crate::http::Http;
use crate::pod::Pod;
use crate::servers::Server;
use crate::shop::Shop;

const PROGRAM: &str = env!("CARGO_BIN_EXE_pod-under-test");

#[test]
fn what_is_missing_is_said_all_at_once() {
    let mut command = Command::new(PROGRAM);
    command
        .env_clear()
        .env("CLOUDC_WORKLOAD", "shop")
        .env("PORT", "none");
    let (status, lines) = Pod::start(&mut command).exit();
    assert_eq!(status.code(), Some(1));
    let text = lines.join("\n");
    for variable in ["CLOUDC_NATS_URL", "CLOUDC_VALKEY_URL", "PORT"] {
        assert!(text.contains(&format!("{variable} is ")), "{text}");
    }
}

#[test]
fn a_secret_that_is_not_mounted_is_named() {
    let mut command = Command::new(PROGRAM);
    command
        .env_clear()
        .env("CLOUDC_WORKLOAD", "charge")
        .env("CLOUDC_NATS_URL", "nats://127.0.0.1:4222")
        .env("CLOUDC_NATS_CREDENTIALS", "/var/run/secrets/cloudc/no-such")
        .env("CLOUDC_VALKEY_URL", "redis://127.0.0.1:6379");
    let (status, lines) = Pod::start(&mut command).exit();
    assert_eq!(status.code(), Some(1));
    let text = lines.join("\n");
    assert!(text.contains("the Secret `charge-nats`"), "{text}");
}

#[test]
fn secrets_that_make_no_sense_are_named_both() {
    let folder = tempfile::tempdir().expect("a folder");
    for file in ["seed", "password"] {
        std::fs::write(folder.path().join(file), "\n").expect("written");
    }
    let mut command = Command::new(PROGRAM);
    command
        .env_clear()
        .env("CLOUDC_WORKLOAD", "charge")
        .env("CLOUDC_NATS_URL", "nats://127.0.0.1:4222")
        .env("CLOUDC_NATS_CREDENTIALS", folder.path())
        .env("CLOUDC_VALKEY_URL", "redis://127.0.0.1:6379")
        .env("CLOUDC_VALKEY_CREDENTIALS", folder.path());
    let (status, lines) = Pod::start(&mut command).exit();
    assert_eq!(status.code(), Some(1));
    let text = lines.join("\n");
    for part in [
        "`seed`",
        "CLOUDC_NATS_CREDENTIALS",
        "`charge-nats`",
        "`password`",
        "CLOUDC_VALKEY_CREDENTIALS",
        "`charge-valkey`",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn to_provision_twice_changes_nothing() {
    let Some(shop) = Shop::open() else { return };
    let text = shop.run("provision").join("\n");
    for name in ["shop-orders", "shop-orders-dead", "shop-receipts", "charge"] {
        assert!(text.contains(name), "{text}");
    }
    assert!(text.contains("unchanged"), "{text}");
    assert!(!text.contains("created"), "{text}");
}

/// As process 1 of a container it would else be killed, after half a minute of waiting.
#[test]
fn a_provisioner_that_is_told_to_leave_leaves() {
    let mut command = Command::new(PROGRAM);
    command
        .env_clear()
        .env("CLOUDC_WORKLOAD", "provision")
        .env("CLOUDC_NATS_URL", "nats://127.0.0.1:1");
    let mut pod = Pod::start(&mut command);
    pod.wait_for("a word of the broker", |line| {
        line.contains("WARN").then_some(())
    });
    let told = Instant::now();
    pod.signal(Signal::TERM);
    let (status, lines) = pod.exit();
    assert_eq!(status.code(), Some(1));
    assert!(lines.join("\n").contains("told to leave"), "{lines:?}");
    assert!(told.elapsed() < Duration::from_secs(10), "{lines:?}");
}

#[tokio::test]
async fn a_pod_waits_for_servers_that_are_away() {
    let (Some(mut broker), Some(caches)) = (Server::broker(), Server::caches()) else {
        return;
    };
    broker.stop();
    let mut shop = Shop { broker, caches };
    let http = Http::new();
    for workload in ["shop", "charge"] {
        let pod = shop.start(workload);
        let port = pod.port();
        pod.wait_for("a word of the broker", |line| {
            line.contains("WARN").then_some(())
        });
        let (ready, why) = http.get(port, "/.cloudc/readyz").await.expect("an answer");
        assert_eq!(ready, 503, "{why}");
        let (alive, _) = http.get(port, "/.cloudc/healthz").await.expect("an answer");
        assert_eq!(alive, 200);
        shop.broker.start();
        pod.connected();
        crate::shop::until(async || {
            let (ready, _) = http.get(port, "/.cloudc/readyz").await.expect("an answer");
            ready == 200
        })
        .await;
        shop.broker.stop();
    }
}

/// It says so once, and not at each attempt.
#[tokio::test]
async fn a_pod_with_the_wrong_secret_waits_for_the_right_one() {
    let Some(shop) = Shop::open() else { return };
    let mut command = shop.command("restock");
    command.env("RUST_LOG", "info,async_nats::connector=debug");
    let file = shop.broker.folder().join("restock-nats/seed");
    let right = std::fs::read(&file).expect("a seed");
    let strangers = KeyPair::new_user().seed().expect("a seed");
    std::fs::write(&file, strangers).expect("written");
    let http = Http::new();
    let pod = Pod::start(&mut command);
    let port = pod.port();
    pod.wait_for("the third attempt", |line| {
        line.contains(r#""attempt":"3""#).then_some(())
    });
    let (ready, _) = http.get(port, "/.cloudc/readyz").await.expect("an answer");
    assert_eq!(ready, 503);
    std::fs::write(&file, right).expect("written");
    pod.wait_for("the connection", |line| {
        line.contains("connected to the broker").then_some(())
    });
    let lines = pod.kill();
    let told: Vec<String> = lines
        .iter()
        .filter(|line| line.contains("cannot connect to the broker"))
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
            line["why"].as_str().expect("a reason").to_owned()
        })
        .collect();
    let mut once = told.clone();
    once.dedup();
    assert_eq!(told, once);
    assert!(
        told.iter()
            .any(|why| why.contains("`seed`") && why.contains("`restock-nats`")),
        "{told:?}"
    );
}

#[tokio::test]
async fn schedules_run_once_and_say_how_it_went() {
    let Some(mut shop) = Shop::open() else { return };
    shop.run("refresh-prices");
    shop.run("find-shortages");
    shop.caches.stop();
    let mut command = shop.command("refresh-prices");
    let pod = Pod::start(&mut command);
    pod.wait_for("a word of the cache server", |line| {
        line.contains("WARN").then_some(())
    });
    shop.caches.start();
    let mut pod = pod;
    let (status, lines) = pod.exit();
    assert!(status.success(), "{}", lines.join("\n"));
}
