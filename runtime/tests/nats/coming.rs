//! Brokers that come, go, and say nothing.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use cloudc::backend::{Broker as _, Connection as _, Failure};
use cloudc::names::PROVISION;
use nkeys::KeyPair;

use crate::broker::{Broker, QUEUE, ask_and_leave, message, send, take};
use crate::server;

pub(crate) async fn a_broker_that_comes_late_is_waited_for(program: PathBuf) {
    let mut broker = Broker::empty(program, "");
    broker.go();
    let provisioner = broker.client(PROVISION).await;
    let why = provisioner.ready().expect_err("nobody is there");
    assert!(why.contains(&broker.url), "{why}");
    let (made, ()) = tokio::join!(provisioner.provision(), async { broker.come_back() });
    made.expect("it is made");
    assert_eq!(provisioner.ready(), Ok(()));
    let client = broker.consumer().await;
    send(&client, "a").await;
    assert_eq!(take(&client).await.delivery.id, "a");
}

pub(crate) async fn a_broker_that_restarts_is_waited_for(program: PathBuf) {
    let mut broker = Broker::start(program).await;
    let client = broker.consumer().await;
    ask_and_leave(&client, 5).await;
    broker.go();
    let sent = async {
        broker.come_back();
        // The consumer finds it by itself.
        send(&broker.client("shop").await, "a").await;
    };
    let (lease, ()) = tokio::join!(take(&client), sent);
    assert_eq!((&*lease.delivery.id, lease.delivery.attempt), ("a", 1));
    assert_eq!(client.ready(), Ok(()));
}

pub(crate) async fn a_broker_that_stands_still_does_not_answer(program: PathBuf) {
    let broker = Broker::start(program).await;
    let client = broker.consumer().await;
    send(&client, "a").await;
    broker.signal("-STOP");
    let start = Instant::now();
    let sent = client.publish(QUEUE, vec![message("b")]).await;
    assert!(matches!(sent, Err(Failure::NoAnswer(_))), "{sent:?}");
    assert!(start.elapsed() < Duration::from_secs(8));
    broker.signal("-CONT");
    // It may have been stored, and then it is known.
    let again = client.publish(QUEUE, vec![message("b")]).await;
    assert!(again.expect("it answers")[0].duplicate);
}

pub(crate) async fn a_stranger_is_told_so(program: PathBuf) {
    let config = "authorization { users: [{user: shop, password: right}] }";
    let broker = Broker::empty(program, config);
    let folder = tempfile::tempdir().expect("a folder");
    let login = |password: &str| {
        std::fs::write(folder.path().join("user"), "shop\n").expect("written");
        std::fs::write(folder.path().join("password"), password).expect("written");
    };
    login("right\n");
    let known = broker.client_with(PROVISION, Some(folder.path())).await;
    known.provision().await.expect("it is made");
    login("wrong");
    let stranger = broker.client_with("charge", Some(folder.path())).await;
    let sent = stranger.publish(QUEUE, vec![message("a")]).await;
    let Err(Failure::Unavailable(why)) = sent else {
        panic!("{sent:?}");
    };
    assert!(why.contains("authorization violation"), "{why}");
    assert!(!why.contains("wrong"), "{why}");
}

/// Whatever way it logs in, and without a new pod: first when the Secret was wrong, and then when it has changed.
pub(crate) async fn credentials_that_come_right_let_it_in(program: PathBuf) {
    let keys = [KeyPair::new_user(), KeyPair::new_user()];
    let users = keys.each_ref().map(KeyPair::public_key);
    let seeds = keys.each_ref().map(|key| key.seed().expect("a seed"));
    let user = |password: &str| format!("users: [{{user: shop, password: {password}}}]");
    for (file, configs, secrets) in [
        (
            "password",
            ["first", "later"].map(user),
            ["first", "later"].map(str::to_owned),
        ),
        (
            "token",
            ["first", "later"].map(|token| format!("token: {token}")),
            ["first", "later"].map(str::to_owned),
        ),
        (
            "seed",
            users.map(|key| format!("users: [{{nkey: {key}}}]")),
            seeds,
        ),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let put = |file: &str, text: &str| {
            std::fs::write(folder.path().join(file), text).expect("written");
        };
        let config = |config: &str| format!("authorization {{ {config} }}");
        let mut broker = Broker::empty(program.clone(), &config(&configs[0]));
        if file == "password" {
            put("user", "shop");
        }
        put(file, &secrets[1]);
        let client = broker.client_with(PROVISION, Some(folder.path())).await;
        let refused = |why: &str| why.contains("authorization violation");
        let why = loop {
            match client.ready() {
                Err(why) if refused(&why) => break why,
                _ => tokio::task::yield_now().await,
            }
        };
        for part in [
            file,
            &folder.path().display().to_string(),
            "`shop-provision-nats`",
        ] {
            assert!(why.contains(part), "{part}: {why}");
        }
        assert!(!why.contains(&secrets[1]), "{why}");
        put(file, &secrets[0]);
        client.provision().await.expect("it is let in");

        broker.go();
        put(file, &secrets[1]);
        let changed = config(&configs[1]);
        std::fs::write(broker.store.path().join("nats.conf"), changed).expect("written");
        broker.come_back();
        client.provision().await.expect("it is let in again");
    }
}

pub(crate) async fn a_certificate_is_checked_by_the_authority_beside_the_credentials(
    program: PathBuf,
) {
    let Some(openssl) = server::program("OPENSSL", Some("openssl")) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name);
    let (certificate, key) = (file("ca.crt"), file("key.pem"));
    let mut command = Command::new(openssl);
    command.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
    ]);
    command.args(["-nodes", "-days", "2", "-subj", "/CN=broker"]);
    command.args(["-addext", "subjectAltName=IP:127.0.0.1"]);
    command.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
    command
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate);
    assert!(command.output().expect("openssl").status.success());
    let config = format!(
        "authorization {{ token: secret }}, tls {{ cert_file: {certificate:?}, key_file: {key:?} }}"
    );
    let mut broker = Broker::empty(program, &config);
    broker.url = broker.url.replace("nats://", "tls://");
    std::fs::write(file("token"), "secret\n").expect("written");
    let known = broker.client_with(PROVISION, Some(folder.path())).await;
    known.provision().await.expect("it is made");
    std::fs::remove_file(&certificate).expect("removed");
    let unknown = broker.client_with("charge", Some(folder.path())).await;
    let sent = unknown.publish(QUEUE, vec![message("a")]).await;
    let Err(Failure::Unavailable(why)) = sent else {
        panic!("{sent:?}");
    };
    for part in [
        "its certificate",
        "`ca.crt` of the Secret `",
        "CLOUDC_NATS_CREDENTIALS",
    ] {
        assert!(why.contains(part), "{part}: {why}");
    }
}
