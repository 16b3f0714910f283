//! From the source to what runs: cargo builds, a real registry takes the image, and the cluster is told of that very one.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::Child;

use cloudc_tests::registry::{Registry, Setup};
use cloudc_tests::small::small;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::task::{spawn_blocking, yield_now};

use super::desk::{Desk, end};
use super::*;

/// The smallest application, whose image goes to this registry.
async fn desk(registry: &str) -> Option<Desk> {
    let app = small(".");
    app.write(
        "small/cloudc.toml",
        format!("registry = \"{registry}/team\"\nregistry_plain_http = true\n"),
    );
    Desk::at(Cluster::builder().auto_settle(), app, "small").await
}

/// As a terminal does: everybody in the group hears it.
fn signal(child: &Child, signal: Signal) {
    kill_process_group(Pid::from_child(child), signal).expect("sent");
}

fn images(cluster: &Cluster) -> Vec<Value> {
    let services = cluster.list("serving.knative.dev/v1", "Service", "small");
    let containers = services
        .iter()
        .map(|service| service["spec"]["template"]["spec"]["containers"][0]["image"].clone());
    containers.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_applied_is_what_was_pushed() {
    let Some(registry) = Registry::start(Setup::default()) else {
        return;
    };
    let Some(desk) = desk(&registry.host()).await else {
        return;
    };
    let ran = desk.run(&["deploy"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let (cargo, push, applied) = (
        ran.err.find("Compiling small").expect("cargo says so"),
        ran.err.find("pushed ").expect("it is told"),
        ran.err
            .find("deployed small as release 1")
            .expect("it is told"),
    );
    assert!(cargo < push && push < applied, "{ran:?}");
    let [image] = &images(&desk.cluster)[..] else {
        panic!("one service: {ran:?}");
    };
    let image = image.as_str().expect("an image");
    let (name, digest) = image.split_once('@').expect("a digest");
    assert_eq!(name, format!("{}/team/small", registry.host()));
    let hex = digest.strip_prefix("sha256:").expect("a digest");
    let blob = format!(
        "data/docker/registry/v2/blobs/sha256/{}/{hex}/data",
        &hex[..2]
    );
    assert!(registry.folder().join(blob).exists(), "{image}");

    // The same source is the same image, and the same release.
    let ran = desk.run(&["diff"]).await;
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (Some(0), "nothing would change\n"),
        "{ran:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_cannot_be_pushed_changes_nothing() {
    let Some(registry) = Registry::start(Setup {
        login: true,
        ..Setup::default()
    }) else {
        return;
    };
    let Some(desk) = desk(&registry.host()).await else {
        return;
    };
    let ran = desk.run(&["deploy"]).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("does not let in who comes"), "{ran:?}");
    assert_eq!(writes(&desk.cluster), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_while_cargo_builds_changes_nothing() {
    let Some(desk) = desk("127.0.0.1:1").await else {
        return;
    };
    let begun = desk.app.path("begun");
    desk.cargo_does(&format!(
        "case \"$1\" in build) touch {}; exec sleep 1000;; *) exec cargo \"$@\";; esac",
        begun.display()
    ));
    for sent in [Signal::INT, Signal::TERM] {
        let deploy = desk.start(&["deploy"]);
        while !begun.exists() {
            yield_now().await;
        }
        signal(&deploy, sent);
        let ran = end(deploy).await;
        assert_eq!(ran.code, None, "a signal ended it: {ran:?}");
        assert_eq!(writes(&desk.cluster), Vec::<String>::new());
        std::fs::remove_file(&begun).expect("it was there");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_while_the_image_is_sent_changes_nothing() {
    // A registry that hears and never answers.
    let silent = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = silent.local_addr().expect("an address").to_string();
    let Some(desk) = desk(&address).await else {
        return;
    };
    let deploy = desk.start(&["deploy"]);
    let connected = spawn_blocking(move || silent.accept()).await;
    let connection = connected.expect("no panic").expect("a connection");
    signal(&deploy, Signal::INT);
    let ran = end(deploy).await;
    drop(connection);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("stopped"), "{ran:?}");
    assert_eq!(writes(&desk.cluster), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn after_cargo_a_signal_ends_a_push() {
    let silent = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = silent.local_addr().expect("an address").to_string();
    let Some(desk) = desk(&address).await else {
        return;
    };
    let build = desk.start(&["build", "--image", "--push"]);
    let connected = spawn_blocking(move || silent.accept()).await;
    let connection = connected.expect("no panic").expect("a connection");
    signal(&build, Signal::TERM);
    let ran = end(build).await;
    drop(connection);
    assert_eq!(ran.code, None, "a signal ended it: {ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_build_of_the_project_is_waited_for_until_somebody_has_enough() {
    let Some(desk) = desk("127.0.0.1:1").await else {
        return;
    };
    let ran = desk.run(&["build"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let folder = desk.app.path("small/target/cloudc/.cache/image");
    std::fs::create_dir_all(&folder).expect("a folder");
    let other = std::fs::File::create(folder.join("lock")).expect("a file");
    other.lock().expect("nobody else has it");
    // It has talked with the cluster before, and nobody listens to signals now.
    let mut deploy = desk.start(&["deploy"]);
    let words = BufReader::new(deploy.stderr.take().expect("a pipe"));
    let told = spawn_blocking(move || {
        let mut lines = words.lines().map_while(Result::ok);
        lines.find(|line| line == "waiting: another build of this project is under way")
    });
    assert!(told.await.expect("no panic").is_some());
    signal(&deploy, Signal::INT);
    let ran = end(deploy).await;
    assert_eq!(ran.code, None, "a signal ended it: {ran:?}");
    assert_eq!(writes(&desk.cluster), Vec::<String>::new());
}
