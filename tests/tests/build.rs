//! `cloudc build` of the shop: the same bytes for the same source, and nothing of an older one.

use std::collections::BTreeMap;
use std::fs;

use cloudc_tests::app::{App, Done, copy, files, repository};

const CLOUDC: &str = env!("CARGO_BIN_EXE_cloudc-under-test");
const OUT: &str = "examples/shop/target/cloudc/default";
const FACTS: &str = "examples/shop/target/cloudc/.cache/facts";

/// A copy of the repository's sources, in a folder of another name each time.
fn workspace() -> App {
    let app = App::empty();
    copy(&repository(), &app.path(""));
    app
}

fn build(app: &App) -> Done {
    app.run(CLOUDC, "cloudc build examples/shop")
}

fn built(app: &App) -> BTreeMap<String, Vec<u8>> {
    let done = build(app);
    assert_eq!(done.code, Some(0), "{}", done.err);
    files(&app.path(OUT))
}

/// The first file that differs, rather than all bytes of both.
fn assert_same(one: &BTreeMap<String, Vec<u8>>, other: &BTreeMap<String, Vec<u8>>, when: &str) {
    let names: Vec<_> = one.keys().collect();
    assert_eq!(names, other.keys().collect::<Vec<_>>(), "{when}");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    for (name, bytes) in one {
        assert_eq!(text(bytes), text(&other[name]), "{when}: {name}");
    }
}

#[test]
fn the_same_source_gives_the_same_bytes() {
    let app = workspace();
    let first = built(&app);
    assert!(
        first.len() > 10 && first.contains_key("graph.json"),
        "{:?}",
        first.keys()
    );
    assert_same(&first, &built(&app), "with the facts of the first run");

    let facts = fs::read(app.path(FACTS)).expect("facts were kept");
    for at in [0, 9, 50, facts.len() / 2, facts.len() - 1] {
        let mut damaged = facts.clone();
        damaged[at] ^= 0x5a;
        app.write(FACTS, &damaged);
        assert_same(
            &first,
            &built(&app),
            &format!("with byte {at} of the facts damaged"),
        );
    }
    app.write(FACTS, &facts[..facts.len() / 3]);
    assert_same(&first, &built(&app), "with most of the facts cut off");

    assert_same(&first, &built(&workspace()), "in another folder");
}

#[test]
fn an_edit_is_seen_and_what_is_stale_goes() {
    let app = workspace();
    let before = built(&app);
    let stale = "manifests/consumer-restock.yaml";
    assert!(before.contains_key(stale), "{:?}", before.keys());
    let path = "examples/shop/src/restocking.rs";
    let text = fs::read_to_string(app.path(path)).expect("a module of the shop");
    app.write(
        path,
        text.replace("#[function(queue", "#[cfg(any())]\n#[function(queue"),
    );
    let after = built(&app);
    assert!(!after.contains_key(stale), "{:?}", after.keys());

    app.write(path, text);
    assert_same(&before, &built(&app), "after the edit was taken back");
}

#[test]
fn a_failed_build_leaves_the_old_tree() {
    let app = workspace();
    let before = built(&app);
    let path = "examples/shop/src/restocking.rs";
    let text = fs::read_to_string(app.path(path)).expect("a module of the shop");
    for broken in [
        text.replace("#[function(queue", "#[function(quene"),
        text + "}",
    ] {
        app.write(path, broken);
        assert_eq!(build(&app).code, Some(1));
        assert_same(&before, &files(&app.path(OUT)), "after a build that failed");
    }
    let beside = fs::read_dir(app.path(OUT).parent().expect("a folder around")).expect("a folder");
    let mut names: Vec<_> = beside
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [".cache", "default"],
        "nothing is left beside the tree"
    );
}
