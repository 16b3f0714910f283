//! The example `hello`, from its source to an answer: built, pushed, and run from what the registry has.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;

use cloudc_tests::app::{App, repository};
use cloudc_tests::program;
use cloudc_tests::registry::{Registry, Setup};

use crate::runtime::{Container, Root};
use crate::{digest, done};

#[test]
fn hello_answers_from_an_image_without_a_system() {
    let app = App::empty();
    let example = repository().join("examples/hello");
    let out = app.path("out");
    let arguments = format!("build {:?} --image --out {out:?}", example.display());
    // In the example's own folder, so the next run compiles what changed.
    done(&app, "", &arguments);
    let image = out.join("image");
    assert!(layers(&image)[0] < 1_000_000, "{:?}", layers(&image));
    let Some(registry) = Registry::start(Setup::default()) else {
        return;
    };
    let Some(skopeo) = program("SKOPEO", &["skopeo"]) else {
        return;
    };
    // To the registry and back: what runs is what a node would pull.
    let there = format!("docker://{}/hello:test", registry.host());
    for (from, to) in [
        (format!("oci:{}", image.display()), there.clone()),
        (there, format!("oci:{}", app.path("pulled").display())),
    ] {
        let plain = ["--src-tls-verify=false", "--dest-tls-verify=false"];
        let copied = Command::new(&skopeo)
            .arg("copy")
            .args(plain)
            .args([&from, &to])
            .output();
        let copied = copied.expect("skopeo");
        assert!(copied.status.success(), "{copied:?}");
    }
    assert_eq!(digest(&app.path("pulled")), digest(&image));
    let root = Root::unpack(&app.path("pulled"));
    let variables = ["CLOUDC_WORKLOAD=hello", "PORT=0"].map(str::to_owned);
    for program in [root.bare(&variables), root.run(&variables)] {
        program.into_iter().for_each(answers);
    }
}

/// Starts hello, and talks to it.
fn answers(program: Container) {
    let (_running, lines) = program.until("listening");
    let line = lines.last().expect("a line");
    let (_, rest) = line.split_once("\"port\":").expect("a port");
    let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let answer = get(&format!("127.0.0.1:{port}"), "/hello/you");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.ends_with(r#"{"message":"Hello, you!"}"#), "{answer}");
}

/// An answer as it comes over the wire.
fn get(host: &str, path: &str) -> String {
    let mut connection = TcpStream::connect(host).expect("a connection");
    let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("an answer");
    answer
}

/// The sizes of an image's layers.
fn layers(image: &std::path::Path) -> Vec<u64> {
    let blob = format!("blobs/{}", digest(image).replace(':', "/"));
    let manifest = std::fs::read(image.join(blob)).expect("a manifest");
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).expect("JSON");
    let layers = manifest["layers"].as_array().expect("layers").iter();
    layers
        .map(|layer| layer["size"].as_u64().expect("a size"))
        .collect()
}
