//! What cloudc writes is Rust that cargo takes: the shims of the examples, and the applications of `cloudc new`.
//!
//! These call cargo. All of them build into one folder under `target`, so that dependencies are built once.

use std::path::PathBuf;

use cloudc_tests::app::{App, Done, repository};

const CLOUDC: &str = env!("CARGO_BIN_EXE_cloudc-under-test");

/// Runs a command that must succeed. Nobody debugs what it builds.
fn run(app: &App, command: &str) -> Done {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("applications");
    let done = app.run(
        CLOUDC,
        &format!("export CARGO_TARGET_DIR={target:?} CARGO_PROFILE_DEV_DEBUG=0; {command}"),
    );
    assert_eq!(done.code, Some(0), "{command}\n{}{}", done.out, done.err);
    done
}

/// Builds an example, then its shim, and lets that compare itself with the graph.
fn shim(example: &str, arguments: &str) {
    let app = App::empty();
    let folder = repository().join("examples").join(example);
    run(
        &app,
        &format!("cloudc build {folder:?} --out out {arguments}"),
    );
    run(
        &app,
        "cargo run --quiet --offline --manifest-path out/shim/Cargo.toml -- --check",
    );
}

#[test]
fn the_shim_of_hello_is_its_graph() {
    shim("hello", "");
}

#[test]
fn the_shim_of_the_shop_is_its_graph() {
    shim("shop", "");
    shim("shop", "--features reports");
}

/// The comparison would be worth nothing if it took any program for any graph.
#[test]
fn a_shim_with_another_graph_says_so() {
    let app = App::empty();
    let folder = repository().join("examples/hello");
    run(
        &app,
        &format!(
            "cloudc build {folder:?} --out out && sed -i s/greet/great/ out/shim/src/graph.json"
        ),
    );
    let command = "if cargo run --quiet --offline --manifest-path out/shim/Cargo.toml -- --check; then false; fi";
    let done = run(&app, command);
    assert!(
        done.err.contains("in the graph only: great"),
        "{}",
        done.err
    );
}

#[test]
fn new_applications_build_and_pass_their_tests() {
    for template in ["hello", "worker"] {
        let app = App::empty();
        let (runtime, lock) = (
            repository().join("runtime"),
            repository().join("Cargo.lock"),
        );
        run(
            &app,
            &format!(
                "cloudc new my-app --template {template} --runtime {runtime:?} && cp {lock:?} my-app/"
            ),
        );
        run(
            &app,
            "cloudc check my-app -D warnings && cloudc build my-app",
        );
        run(&app, "cd my-app && cargo test --quiet --offline");
        let shim = "my-app/target/cloudc/default/shim/Cargo.toml";
        run(
            &app,
            &format!("cargo run --quiet --offline --manifest-path {shim} -- --check"),
        );
    }
}
