//! The lowering of a whole application, as the files that a user reads.

use super::testing::shop;
use crate::config::{Settings, Target};
use crate::emit::yaml;

fn tree(settings: &Settings) -> String {
    let manifests = super::lower(&shop(), settings).expect("the shop lowers");
    let files = manifests.iter().map(|manifest| {
        let text = yaml::file(manifest).expect("YAML");
        format!("==== {}\n{text}", manifest.file)
    });
    files.collect::<Vec<_>>().join("\n")
}

#[test]
fn shop_on_knative() {
    insta::assert_snapshot!(tree(&Settings::default()));
}

#[test]
fn shop_on_kubernetes() {
    let settings = Settings {
        target: Target::Kubernetes,
        ..Settings::default()
    };
    insta::assert_snapshot!(tree(&settings));
}
