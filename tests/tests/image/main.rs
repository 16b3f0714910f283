//! Images: built, the same in two folders, pushed to a real registry, and run.

mod broken;
mod hello;
mod push;
mod runtime;
mod small;

use std::collections::BTreeMap;
use std::path::Path;

use cloudc_tests::app::{App, Done};

const CLOUDC: &str = env!("CARGO_BIN_EXE_cloudc-under-test");

/// A release build as fast as it gets, where nobody asks how fast the program is.
const QUICK: &str = "CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off \
                     CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_DEBUG=false";

/// Runs cloudc with variables, and looks at how it ended.
fn cloudc(app: &App, variables: &str, arguments: &str) -> Done {
    app.run(
        CLOUDC,
        &format!("export {QUICK} {variables}; cloudc {arguments}"),
    )
}

/// The same, which has to go well.
fn done(app: &App, variables: &str, arguments: &str) -> Done {
    let done = cloudc(app, variables, arguments);
    assert_eq!(done.code, Some(0), "{}", done.err);
    done
}

/// The digest that a folder with an image layout has.
fn digest(image: &Path) -> String {
    let index = std::fs::read(image.join("index.json")).expect("an index");
    let index: serde_json::Value = serde_json::from_slice(&index).expect("JSON");
    let digest = index["manifests"][0]["digest"].as_str();
    digest.expect("a digest").to_owned()
}

/// The first difference of two folders.
fn assert_same(one: &BTreeMap<String, Vec<u8>>, other: &BTreeMap<String, Vec<u8>>) {
    let names: Vec<_> = one.keys().collect();
    assert_eq!(names, other.keys().collect::<Vec<_>>());
    for (name, bytes) in one {
        assert!(*bytes == other[name], "{name} differs");
    }
}
