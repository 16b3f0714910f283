//! The program itself, which finds the cluster by a kubeconfig: the order of its steps, what it prints, its exit codes, its signals.

use std::fs;

use cloudc_tests::app::{App, MANIFEST};
use rustix::process::{Pid, Signal, kill_process};

use super::desk::{Desk, end};
use super::*;
use crate::apiserver::{Builder, Hang};

/// A service that sends to a queue, and a function that takes from it.
const SOURCE: &str = r#"
use cloudc::{Queue, function, queue};

#[queue]
pub static ORDERS: Queue<String>;

#[function(http = "POST /orders")]
async fn order(text: String) -> String {
    let sent = ORDERS.send(&text).await;
    format!("{sent:?}")
}

#[function(queue = ORDERS)]
async fn charge(order: String) {
    drop(order);
}
"#;

/// The application at a desk.
pub(super) async fn desk(cluster: Builder) -> Option<Desk> {
    let app = App::new(SOURCE);
    app.write("Cargo.toml", MANIFEST.replace("\"app\"", "\"shop\""));
    app.write("cloudc.toml", "registry = \"registry.example.com/shop\"\n");
    Desk::at(cluster, app, "").await
}

/// The digest of an image: 64 times this digit.
pub(super) fn digest(digit: &str) -> String {
    format!("sha256:{}", digit.repeat(64))
}

/// A cluster where everything comes up by itself.
pub(super) fn ready() -> Builder {
    Cluster::builder().auto_settle()
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_first_deploy_to_the_end() {
    let Some(desk) = desk(ready()).await else {
        return;
    };
    let (one, two) = (digest("1"), digest("2"));

    let ran = desk.run(&["deploy", "--dry-run", "--image", &one]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("shop is not deployed yet"), "{ran:?}");
    assert!(
        ran.out.contains("the namespace shop is not there yet"),
        "{ran:?}"
    );
    assert_eq!(writes(&desk.cluster), Vec::<String>::new());

    let ran = desk.run(&["deploy", "--image", &one]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.err.contains("deployed shop as release 1"), "{ran:?}");
    assert!(ran.err.contains("  http"), "{ran:?}");

    let ran = desk.run(&["diff", "--no-image"]).await;
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (Some(0), "nothing would change\n"),
        "{ran:?}"
    );

    let ran = desk
        .run(&["deploy", "--image", &two, "--message-format", "json"])
        .await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let said: Value = serde_json::from_str(&ran.out).expect("JSON alone on the standard output");
    assert_eq!(said["release"], 2, "{said}");
    assert!(
        said["image"].as_str().expect("an image").ends_with(&two),
        "{said}"
    );

    let ran = desk.run(&["credentials", "--message-format", "json"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let said: Value = serde_json::from_str(&ran.out).expect("JSON alone on the standard output");
    assert_eq!(
        (&said["app"], &said["namespace"]),
        (&"shop".into(), &"shop".into())
    );

    let ran = desk.run(&["rollback"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let charge = desk.cluster.get("apps/v1", "Deployment", "shop", "charge");
    let charge = charge.expect("a Deployment").to_string();
    assert!(charge.contains(&one) && !charge.contains(&two), "{charge}");

    // Nobody is there to say yes.
    let ran = desk.run(&["destroy"]).await;
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("say --yes"), "{ran:?}");
    let ran = desk.run(&["destroy", "--yes"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(
        names(&desk.cluster, "apps/v1", "Deployment"),
        Vec::<String>::new()
    );
    assert!(!desk.cargo().contains("build"), "{}", desk.cargo());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_denied_is_told_before_cargo_compiles() {
    let Some(desk) = desk(ready().deny("create", "jobs.batch")).await else {
        return;
    };
    for words in [
        &["deploy"][..],
        &["diff"],
        &["deploy", "--image", &digest("1")],
    ] {
        let ran = desk.run(words).await;
        assert_eq!(ran.code, Some(1), "{words:?}: {ran:?}");
        assert!(
            ran.err.contains("CC803") && ran.err.contains("jobs"),
            "{words:?}: {ran:?}"
        );
    }
    assert!(!desk.cargo().contains("build"), "{}", desk.cargo());
    assert_eq!(writes(&desk.cluster), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_gives_the_lease_back() {
    for signal in [Signal::INT, Signal::TERM] {
        let Some(desk) = desk(ready()).await else {
            return;
        };
        desk.cluster.hang("shop", "charge", Hang::NeverReady);
        let deploy = desk.start(&["deploy", "--image", &digest("1")]);
        let lease = || {
            let lease = desk
                .cluster
                .get("coordination.k8s.io/v1", "Lease", "shop", "cloudc-shop");
            lease.map(|lease| lease["spec"]["holderIdentity"].clone())
        };
        // It waits for a Deployment that never gets ready.
        while desk
            .cluster
            .get("apps/v1", "Deployment", "shop", "charge")
            .is_none()
        {
            tokio::task::yield_now().await;
        }
        assert!(lease().expect("a Lease").is_string(), "somebody deploys");
        kill_process(Pid::from_child(&deploy), signal).expect("sent");
        let ran = end(deploy).await;
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(
            ran.err.contains("run the command again to go on"),
            "{ran:?}"
        );
        assert_eq!(lease(), Some(Value::Null), "{ran:?}");

        desk.cluster.mend("shop", "charge");
        desk.cluster.settle();
        let ran = desk.run(&["deploy", "--image", &digest("1")]).await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
}

/// Changes the kubeconfig.
fn kubeconfig(desk: &Desk, change: impl FnOnce(&mut Value)) {
    let path = desk.app.path("kubeconfig");
    let text = fs::read_to_string(&path).expect("a kubeconfig");
    let mut config: Value = serde_json::from_str(&text).expect("JSON");
    change(&mut config);
    fs::write(&path, config.to_string()).expect("written");
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_are_taken_as_kubectl_takes_them() {
    let Some(desk) = desk(ready()).await else {
        return;
    };
    let try_it = ["deploy", "--dry-run", "--image", &digest("1")];
    let file = desk.app.path("token");
    fs::write(&file, "s3cr3t\n\n").expect("written");
    for user in [
        serde_json::json!({"token": "s3cr3t\n"}),
        serde_json::json!({"tokenFile": file}),
        serde_json::json!({"token": "of yesterday\u{1}", "tokenFile": file}),
    ] {
        kubeconfig(&desk, |config| config["users"][0]["user"] = user.clone());
        let ran = desk.run(&try_it).await;
        assert_eq!(ran.code, Some(0), "{user}: {ran:?}");
    }

    let missing = desk.app.path("missing");
    for (user, words) in [
        (
            serde_json::json!({"token": "s3cr3t\u{1}"}),
            "has a character that no header may have",
        ),
        (serde_json::json!({"tokenFile": missing}), "No such file"),
        (
            serde_json::json!({"exec": {
                "apiVersion": "client.authentication.k8s.io/v1", "command": "echo",
                "args": ["s3cr3t"], "interactiveMode": "Never",
            }}),
            "printed no ExecCredential",
        ),
    ] {
        kubeconfig(&desk, |config| config["users"][0]["user"] = user.clone());
        let ran = desk.run(&try_it).await;
        assert_eq!(ran.code, Some(1), "{user}: {ran:?}");
        assert!(
            ran.err.contains("CC801") && ran.err.contains(words) && ran.err.contains("help:"),
            "{user}: {ran:?}"
        );
        assert!(!ran.err.contains("s3cr3t"), "{ran:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_kubeconfigs_is_read_as_kubectl_reads_it() {
    let Some(desk) = desk(ready()).await else {
        return;
    };
    let good = desk.app.path("kubeconfig");
    let whole = fs::read_to_string(&good).expect("a kubeconfig");
    // Of the first file nothing but an empty name of a context counts; kubectl itself writes those.
    desk.app.write(
        "empty",
        "{\"apiVersion\": \"v1\", \"kind\": \"Config\", \"current-context\": \"\"}",
    );
    let list = std::env::join_paths([
        desk.app.path("missing"),
        desk.app.path("empty"),
        desk.app.path("copy"),
    ]);
    desk.app.write("copy", &whole);
    let ran = desk
        .run_with(
            &["deploy", "--dry-run", "--image", &digest("1")],
            &[("KUBECONFIG", list.expect("no colon in them"))],
        )
        .await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let ran = desk
        .run_with(
            &["rollback"],
            &[("KUBECONFIG", desk.app.path("missing").into_os_string())],
        )
        .await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.err.contains("CC801") && ran.err.contains("No such file"),
        "{ran:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_needs_a_registry_too_and_a_folder_is_opened_first() {
    let Some(desk) = desk(ready()).await else {
        return;
    };
    desk.app.write("cloudc.toml", "");
    for words in [
        &["deploy", "--image", &digest("1")][..],
        &["diff", "--no-image"],
    ] {
        let ran = desk.run(words).await;
        assert_eq!(ran.code, Some(1), "{words:?}: {ran:?}");
        assert!(ran.err.contains("there is no registry"), "{ran:?}");
    }
    for words in [
        &["deploy", "nowhere"][..],
        &["diff", "nowhere"],
        &["build", "nowhere", "--image"],
    ] {
        let ran = desk.run(words).await;
        assert_eq!(ran.code, Some(1), "{words:?}: {ran:?}");
        assert!(
            ran.err.contains("cannot open the folder nowhere"),
            "{ran:?}"
        );
    }
    let ran = desk.run(&["deploy", "--no-wait", "--delete-data", "nats"]);
    let ran = ran.await;
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert_eq!(desk.cluster.history().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_is_asked_and_its_password_kept() {
    let Some(desk) = desk(ready()).await else {
        return;
    };
    kubeconfig(&desk, |config| {
        let cluster = &mut config["clusters"][0]["cluster"];
        cluster["proxy-url"] = "http://user:s3cr3t@127.0.0.1:1".into();
    });
    let ran = desk.run(&["rollback"]).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.err.contains("CC801") && ran.err.contains("Connection refused"),
        "{ran:?}"
    );
    assert!(!ran.err.contains("s3cr3t"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_by_its_name_has_no_environment() {
    let Some(desk) = desk(ready()).await else {
        return;
    };
    for words in [
        &["destroy", "--app", "shop", "--env", "staging", "--yes"][..],
        &["rollback", "--app", "shop", "--package", "shop"],
        &["promote", "somewhere", "--app", "shop"],
    ] {
        let ran = desk.run(words).await;
        assert_eq!(ran.code, Some(2), "{words:?}: {ran:?}");
        assert!(ran.err.contains("cannot be used with"), "{ran:?}");
    }
    assert_eq!(desk.cluster.history().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_beside_the_registry() {
    let Some(desk) = desk(ready()).await else {
        return;
    };
    let source = SOURCE.replace("queue = ORDERS", "queue = ORDERZ");
    for (settings, registry) in [
        ("", "there is no registry to push the image to"),
        ("registry = \"https://registry.example.com\"\n", "CC402"),
    ] {
        desk.app.write("cloudc.toml", settings);
        desk.app.write("src/lib.rs", &source);
        for words in [&["deploy"][..], &["build", "--image", "--push"]] {
            let ran = desk.run(words).await;
            assert_eq!(ran.code, Some(1), "{words:?}: {ran:?}");
            assert!(
                ran.err.contains("CC221") && ran.err.contains(registry),
                "{words:?}: {ran:?}"
            );
            assert_eq!(
                ran.err.contains("there is no registry"),
                settings.is_empty(),
                "{ran:?}"
            );
        }
    }
    assert_eq!(desk.cluster.history().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_is_gone_is_one_clear_error() {
    let Some(desk) = desk(ready()).await else {
        return;
    };
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = free.local_addr().expect("an address");
    kubeconfig(&desk, |config| {
        config["clusters"][0]["cluster"]["server"] = format!("http://{address}").into();
    });
    drop(free);
    let ran = desk.run(&["deploy", "--image", &digest("1")]).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.err.contains("CC801") && ran.err.contains("cannot reach the cluster"),
        "{ran:?}"
    );
    assert_eq!(ran.err.matches("CC8").count(), 1, "{ran:?}");
}
