//! A broker that trusts an operator: its accounts and users are JWTs, and a user logs in with a file `creds`.

use std::path::{Path, PathBuf};
use std::process::Command;

use cloudc::backend::nats::Nats;
use cloudc::backend::{Access, Broker as _, Connection as _, Settlement};
use cloudc::names::PROVISION;
use data_encoding::BASE64URL_NOPAD;
use nkeys::KeyPair;
use serde_json::{Value, json};

use crate::current::server;
use crate::runtime::{APP, message, queue, run};
use cloudc_tests::process::Process;

/// A token that says this of its subject, and that the issuer has signed.
fn token(issuer: &KeyPair, subject: &KeyPair, claims: &Value) -> String {
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let head = part(&json!({"typ": "JWT", "alg": "ed25519-nkey"}));
    let subject = subject.public_key();
    let body = part(&json!({
        "jti": subject,
        "iat": 1_700_000_000,
        "iss": issuer.public_key(),
        "name": subject,
        "sub": subject,
        "nats": claims,
    }));
    let signed = format!("{head}.{body}");
    let signature = issuer.sign(signed.as_bytes()).expect("a signature");
    format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))
}

/// An account in which everything is allowed.
fn account(operator: &KeyPair, account: &KeyPair, jetstream: bool) -> String {
    let mut limits = json!({
        "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true,
        "conn": -1, "leaf": -1,
    });
    if jetstream {
        for kind in ["mem_storage", "disk_storage", "streams", "consumer"] {
            limits[kind] = json!(-1);
        }
    }
    let claims = json!({"type": "account", "version": 2, "limits": limits});
    token(operator, account, &claims)
}

/// What `nsc` writes for a new user of an account.
fn creds(account: &KeyPair) -> String {
    let user = KeyPair::new_user();
    let claims = json!({
        "type": "user", "version": 2, "pub": {}, "sub": {}, "subs": -1, "data": -1, "payload": -1,
    });
    let jwt = token(account, &user, &claims);
    let seed = user.seed().expect("a seed");
    format!(
        "-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n\
         ************************* IMPORTANT *************************\n\
         NKEY Seed printed below can be used to sign and prove identity.\n\n\
         -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
    )
}

/// Starts a broker, with its files in this folder. Says where it is.
fn start(program: &Path, folder: &Path, shop: &KeyPair) -> (Process, String) {
    let (operator, system) = (KeyPair::new_operator(), KeyPair::new_account());
    let claims = json!({"type": "operator", "version": 2});
    let config = format!(
        "operator: {}\nsystem_account: {}\nresolver: MEMORY\nresolver_preload: {{\n{}: {}\n{}: {}\n}}\n\
         jetstream: {{ store_dir: {folder:?} }}\n",
        token(&operator, &operator, &claims),
        system.public_key(),
        system.public_key(),
        account(&operator, &system, false),
        shop.public_key(),
        account(&operator, shop, true),
    );
    let file = folder.join("nats.conf");
    std::fs::write(&file, config).expect("written");
    let mut command = Command::new(program);
    command
        .arg("--config")
        .arg(file)
        .args(["--addr", "127.0.0.1", "--port", "-1"]);
    let (process, lines) = Process::start(&mut command, "Server is ready");
    let mut addresses = lines
        .iter()
        .filter_map(|line| line.split_once("Listening for client connections on "));
    let (_, address) = addresses.next().expect("an address");
    (process, format!("nats://{}", address.trim()))
}

#[test]
fn a_creds_file_lets_a_workload_in() {
    let Some(program) = server() else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let shop = KeyPair::new_account();
    let (_process, url) = start(&program, folder.path(), &shop);
    let connect = async |workload: &str, secret: PathBuf| {
        let access = Access {
            url: url.clone(),
            credentials: Some(secret),
        };
        let queues = [queue("orders", "charge")];
        let client = Nats::connect(&access, APP, workload, &queues).await;
        client.expect("an address and creds")
    };
    run(async {
        let secret = tempfile::tempdir().expect("a folder");
        let file = secret.path().join("creds");
        // Of an account that the operator does not know.
        std::fs::write(&file, creds(&KeyPair::new_account())).expect("written");
        let provisioner = connect(PROVISION, secret.path().to_owned()).await;
        let why = loop {
            match provisioner.ready() {
                Err(why) if why.contains("authorization violation") => break why,
                _ => tokio::task::yield_now().await,
            }
        };
        assert!(why.contains("`creds`"), "{why}");
        std::fs::write(&file, creds(&shop)).expect("written");
        provisioner.provision().await.expect("it is let in");
        let charge = connect("charge", secret.path().to_owned()).await;
        let sent = charge.publish("orders", vec![message("1")]).await;
        sent.expect("stored");
        let leases = charge.pull("orders", 1).await.expect("a message");
        assert_eq!(leases[0].delivery.id, "1");
        let done = leases[0].hold.settle(Settlement::Done).await;
        done.expect("settled");
    });
}
