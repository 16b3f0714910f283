//! A server that is away, comes back, or does not answer.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use cloudc::backend::valkey::{LONGEST, Valkey};
use cloudc::backend::{Access, Connection, Failure, Store};
use tokio::time::{Instant, timeout};

use crate::server::{Server, program};
use crate::{CACHE, connect};

/// Asks until there is an answer.
async fn works(valkey: &Valkey) {
    let asking = async {
        while valkey.get(CACHE, b"tea").await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    let within = timeout(Duration::from_secs(30), asking).await;
    within.expect("it connects again");
    assert_eq!(valkey.ready(), Ok(()));
}

#[tokio::test]
async fn a_server_that_is_away_at_the_start_may_come_later() {
    if program().is_none() {
        return;
    }
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    let access = Access {
        url: format!("redis://127.0.0.1:{port}"),
        credentials: None,
    };
    let valkey = Valkey::connect(&access, "shop", "charge")
        .await
        .expect("an address");
    assert!(valkey.ready().is_err());
    let answer = valkey.get(CACHE, b"tea").await;
    assert!(matches!(answer, Err(Failure::Unavailable(_))), "{answer:?}");
    let _server = Server::start_on(port, &[]).expect("the port is still free");
    works(&valkey).await;
}

#[tokio::test]
async fn a_server_that_starts_anew_is_found_again() {
    if program().is_none() {
        return;
    }
    let server = Server::start(&[]);
    let port = server.port();
    let valkey = connect(&server, None).await;
    assert_eq!(valkey.set(CACHE, b"tea", b"3".to_vec(), None).await, Ok(()));
    drop(server);
    // One command may be on its way when the connection ends; from then on nothing is sent.
    let lost = async {
        while !matches!(
            valkey.get(CACHE, b"tea").await,
            Err(Failure::Unavailable(_))
        ) {}
    };
    let within = timeout(Duration::from_secs(10), lost).await;
    within.expect("it notices");
    assert!(valkey.ready().is_err());
    let _server = Server::start_on(port, &[]).expect("the port is still free");
    works(&valkey).await;
    // It keeps nothing.
    assert_eq!(valkey.get(CACHE, b"tea").await, Ok(None));
}

#[tokio::test]
async fn a_server_that_hangs_leaves_open_what_it_did() {
    if program().is_none() {
        return;
    }
    let server = Server::start(&[]);
    let valkey = connect(&server, None).await;
    server.signal("STOP");
    let start = Instant::now();
    let answer = valkey.set(CACHE, b"tea", b"3".to_vec(), None).await;
    assert!(matches!(answer, Err(Failure::NoAnswer(_))), "{answer:?}");
    assert!(start.elapsed() < Duration::from_secs(10));
    server.signal("CONT");
    works(&valkey).await;
    // This one was done.
    assert_eq!(valkey.get(CACHE, b"tea").await, Ok(Some(b"3".to_vec())));
}

#[tokio::test]
async fn thousands_at_a_time_get_their_own_answers() {
    if program().is_none() {
        return;
    }
    let server = Server::start(&[]);
    let valkey = Arc::new(connect(&server, None).await);
    let calls = (0..5_000u32).map(|number| {
        let valkey = Arc::clone(&valkey);
        tokio::spawn(async move {
            let (key, value) = (number.to_be_bytes(), number.to_le_bytes().to_vec());
            valkey.set(CACHE, &key, value.clone(), None).await?;
            assert_eq!(valkey.get(CACHE, &key).await?, Some(value));
            Ok::<_, Failure>(())
        })
    });
    for call in futures_util::future::join_all(calls).await {
        assert_eq!(call.expect("no panic"), Ok(()));
    }
}

#[tokio::test]
async fn what_was_closed_is_not_available() {
    if program().is_none() {
        return;
    }
    let server = Server::start(&[]);
    let valkey = connect(&server, None).await;
    // It is sent when it is asked for, and answered when the connection is closed.
    let mut set = valkey.set(CACHE, b"tea", b"3".to_vec(), None);
    assert!(futures_util::poll!(&mut set).is_pending());
    assert_eq!(valkey.close().await, Ok(()));
    assert_eq!(set.await, Ok(()));
    assert_eq!(server.ask("GET shop:prices:tea"), "3");
    assert!(valkey.ready().is_err());
    let answer = valkey.get(CACHE, b"tea").await;
    assert!(matches!(answer, Err(Failure::Unavailable(_))), "{answer:?}");
}

#[tokio::test]
async fn a_value_that_no_server_takes_is_not_sent() {
    if program().is_none() {
        return;
    }
    let server = Server::start(&[]);
    let valkey = connect(&server, None).await;
    let answer = valkey.set(CACHE, b"tea", vec![0; LONGEST + 1], None).await;
    let expected = Failure::TooLarge {
        size: LONGEST + 1,
        limit: LONGEST,
    };
    assert_eq!(answer, Err(expected));
    assert_eq!(server.ask("DBSIZE"), ":0");
    assert_eq!(valkey.ready(), Ok(()));
}
