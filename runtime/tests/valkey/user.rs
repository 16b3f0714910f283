//! What a pod's user may do.

use std::time::Duration;

use cloudc::backend::{Connection, Failure, Store};
use tokio::time::timeout;

use crate::server::{Server, program};
use crate::{CACHE, connect, secret};

/// A user as the compiler writes it for a workload that reads and writes one cache, and reads another. Whoever has no
/// password may look on.
const USER: [&str; 10] = [
    "--user",
    "shop",
    "on",
    ">secret",
    "resetchannels",
    "-@all",
    "+ping",
    "(~shop:prices:* +del +exists +get +mget +pexpire +pttl +set +unlink)",
    "(%R~shop:stock:* +exists +get +mget +pttl)",
    "(%W~shop:carts:* +del +pexpire +set +unlink)",
];

#[tokio::test]
async fn a_user_that_may_do_what_the_graph_says_can_do_all_and_asks_for_no_more() {
    if program().is_none() {
        return;
    }
    let server = Server::start(&USER);
    let folder = secret(&[("username", "shop"), ("password", "secret\n")]);
    let valkey = connect(&server, Some(folder.path())).await;
    assert_eq!(valkey.ready(), Ok(()));
    let hour = Some(Duration::from_secs(3600));
    for ttl in [None, hour] {
        assert_eq!(valkey.set(CACHE, b"tea", b"3".to_vec(), ttl).await, Ok(()));
        assert_eq!(valkey.get(CACHE, b"tea").await, Ok(Some(b"3".to_vec())));
        assert_eq!(valkey.contains(CACHE, b"tea").await, Ok(true));
        assert_eq!(server.ask("GET shop:prices:tea"), "3");
        let left = server.ask("PTTL shop:prices:tea");
        assert_eq!(left == ":-1", ttl.is_none(), "{left}");
        assert_eq!(valkey.remove(CACHE, b"tea").await, Ok(()));
        assert_eq!(server.ask("EXISTS shop:prices:tea"), ":0");
    }
    assert_eq!(valkey.get("stock", b"tea").await, Ok(None));
    assert_eq!(valkey.contains("stock", b"tea").await, Ok(false));
    assert_eq!(valkey.set("carts", b"1", b"3".to_vec(), hour).await, Ok(()));
    assert_eq!(valkey.remove("carts", b"1").await, Ok(()));
    assert_eq!(valkey.close().await, Ok(()));
    // The server notes what it denies.
    assert_eq!(server.ask("ACL LOG"), "*0");
}

#[tokio::test]
async fn what_is_not_in_the_graph_is_refused() {
    if program().is_none() {
        return;
    }
    let server = Server::start(&USER);
    let folder = secret(&[("username", "shop"), ("password", "secret")]);
    let valkey = connect(&server, Some(folder.path())).await;
    let refused = [
        valkey.get("carts", b"hush").await.map(drop),
        valkey.set("stock", b"hush", b"hush".to_vec(), None).await,
        valkey.remove("other", b"hush").await,
    ];
    for answer in refused {
        let Err(Failure::Refused(why)) = answer else {
            panic!("{answer:?}");
        };
        assert!(why.contains("the graph"), "{why}");
        assert!(!why.contains("hush"), "{why}");
    }
    // The connection has no part in it.
    assert_eq!(valkey.ready(), Ok(()));
}

#[tokio::test]
async fn a_password_that_changes_needs_no_new_pod() {
    if program().is_none() {
        return;
    }
    let server = Server::start(&USER);
    let folder = secret(&[("username", "shop"), ("password", "wrong")]);
    let valkey = connect(&server, Some(folder.path())).await;
    let reason = valkey.ready().expect_err("a wrong password");
    assert!(reason.contains("WRONGPASS"), "{reason}");
    let answer = valkey.get(CACHE, b"tea").await;
    assert!(matches!(answer, Err(Failure::Unavailable(_))), "{answer:?}");

    std::fs::write(folder.path().join("password"), "secret").expect("written");
    let works = async { while valkey.get(CACHE, b"tea").await.is_err() {} };
    let within = timeout(Duration::from_secs(30), works).await;
    within.expect("it tries again, with the new password");
}

#[tokio::test]
async fn no_password_where_one_is_needed() {
    if program().is_none() {
        return;
    }
    let server = Server::start(&["--requirepass", "secret"]);
    let valkey = connect(&server, None).await;
    let reason = valkey.ready().expect_err("no password");
    assert!(reason.contains("NOAUTH"), "{reason}");
    let folder = secret(&[("password", "secret")]);
    let valkey = connect(&server, Some(folder.path())).await;
    assert_eq!(valkey.ready(), Ok(()));
}
