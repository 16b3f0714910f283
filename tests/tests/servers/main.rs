//! The bundled servers, started as their manifests say: every workload can do what its edges need, and
//! nothing else.

mod client;
mod cluster;
mod creds;
mod current;
mod nats;
mod next;
mod runtime;
mod valkey;

// What the application below is made of.
use cloudc_compiler::config::Settings;
use cloudc_compiler::{graph, span};

#[path = "../../../compiler/src/lower/testing.rs"]
mod testing;

/// The objects of one file of the shop's manifests.
fn objects(file: &str) -> Vec<serde_json::Value> {
    objects_of(&testing::shop(), &Settings::default(), file)
}

/// The objects of one file of an application's manifests.
fn objects_of(graph: &graph::Graph, settings: &Settings, file: &str) -> Vec<serde_json::Value> {
    let manifests = cloudc_compiler::lower::lower(graph, settings).expect("it lowers");
    let manifest = manifests
        .iter()
        .find(|manifest| manifest.file == file)
        .expect("the file");
    let text = cloudc_compiler::emit::yaml::file(manifest).expect("YAML");
    cloudc_tests::schemas::documents(&text)
}

/// The one object of a kind.
fn object<'a>(objects: &'a [serde_json::Value], kind: &str) -> &'a serde_json::Value {
    objects
        .iter()
        .find(|object| object["kind"] == kind)
        .expect("an object of the kind")
}

/// The variables of a container and the keys of the Secret they come from.
fn variables(stateful_set: &serde_json::Value) -> Vec<(String, String)> {
    let env = stateful_set["spec"]["template"]["spec"]["containers"][0]["env"].as_array();
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    env.expect("variables")
        .iter()
        .filter_map(|variable| {
            let key = text(&variable["valueFrom"]["secretKeyRef"]["key"])?;
            Some((text(&variable["name"])?, key))
        })
        .collect()
}
