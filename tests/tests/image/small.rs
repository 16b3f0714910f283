//! Images of the smallest application.

use std::fs;

use cloudc_tests::app::{App, files};
use cloudc_tests::small::{LIB, small};

use crate::runtime::Root;
use crate::{assert_same, cloudc, digest, done};

#[test]
fn two_folders_give_one_image() {
    let (one, other) = (small("."), small("deeper/by/some/folders"));
    // As users build it, optimised across crates.
    let build = |app: &App, below: &str| {
        let done = app.run(
            crate::CLOUDC,
            &format!("cloudc build {below}/small --image"),
        );
        assert_eq!(done.code, Some(0), "{}", done.err);
    };
    build(&one, ".");
    build(&other, "deeper/by/some/folders");
    let of = |app: &App, below: &str| files(&app.path(below).join("small/target/cloudc/default"));
    let (one, other) = (of(&one, "."), of(&other, "deeper/by/some/folders"));
    assert_same(&one, &other);
    let index = String::from_utf8_lossy(&one["image/index.json"]).into_owned();
    assert!(index.contains("sha256:"), "{index}");
}

#[test]
fn an_image_has_its_digest_in_the_manifests_and_its_package_in_its_labels() {
    let app = small(".");
    let said = done(&app, "", "build small --image --out out");
    let digest = digest(&app.path("out/image"));
    assert!(
        said.err.contains(&format!("image small@{digest}")),
        "{}",
        said.err
    );
    let read = |path: &str| fs::read_to_string(app.path(path)).expect("a file");
    let list = read("out/manifests/kustomization.yaml");
    assert!(list.contains(&format!("digest: {digest}")), "{list}");
    let service = read("out/manifests/service-small.yaml");
    assert!(
        service.contains(&format!("cloudc.local/small@{digest}")),
        "{service}"
    );
    let manifest = read(&format!("out/image/blobs/{}", digest.replace(':', "/")));
    let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
    let label = |name: &str| &manifest["annotations"][format!("org.opencontainers.image.{name}")];
    assert_eq!(label("version"), "1.2.3");
    assert_eq!(label("description"), "As small as it gets.");
    assert_eq!(label("licenses"), "MIT");

    // Once more, over what is there; then without an image, which is gone.
    done(&app, "", "build small --image --out out");
    assert_eq!(crate::digest(&app.path("out/image")), digest);
    done(&app, "", "build small --out out");
    assert!(!app.path("out/image").exists());
    assert!(read("out/manifests/kustomization.yaml").contains("newTag: unbuilt"));
}

/// The versions that a lockfile has of published packages.
fn locked(app: &App, path: &str) -> Vec<String> {
    let text = fs::read_to_string(app.path(path)).expect("a lockfile");
    let packages = text.split("[[package]]");
    let published = packages.filter(|package| package.contains("source = "));
    published.map(str::to_owned).collect()
}

/// As `cargo build` does it: what is not kept is chosen anew on another machine.
#[test]
fn the_versions_that_were_chosen_are_kept() {
    let app = small(".");
    let (cloudc, manifest) = ("cloudc/Cargo.toml", "small/Cargo.toml");
    let read = |path: &str| fs::read_to_string(app.path(path)).expect("a file");
    // Two packages of the registry: one that the pods' program alone needs, and one of the application.
    let optional =
        "attributes = { path = \"attributes\" }\nitoa = { version = \"1\", optional = true }\n";
    let runtime = read(cloudc)
        .replace("shim = []", "shim = [\"dep:itoa\"]")
        .replace("attributes = { path = \"attributes\" }\n", optional);
    app.write(cloudc, runtime);
    done(&app, "", "build small");
    assert!(!app.path("small/Cargo.lock").exists(), "nothing is built");

    let said = done(&app, "", "build small --image").err;
    let hint = "Cargo.lock lacks 1 package of the program";
    assert!(said.contains(hint) && said.contains("shim = ["), "{said}");
    let bare = read(manifest);
    let lists = "\n[features]\nshim = [\"cloudc/shim\"]\n";
    app.write(manifest, format!("{bare}{lists}"));
    let said = done(&app, "", "build small --image").err;
    assert!(!said.contains("Cargo.lock lacks"), "{said}");
    assert_eq!(locked(&app, "small/Cargo.lock").len(), 1);

    app.write(manifest, format!("{bare}ryu = \"1\"\n{lists}"));
    done(&app, "", "build small --image");
    let kept = locked(&app, "small/Cargo.lock");
    assert_eq!(kept.len(), 2, "{kept:?}");
    let stage = "small/target/cloudc/.cache/image/stage/Cargo.lock";
    assert_eq!(locked(&app, stage), kept);
}

#[test]
fn an_edit_is_another_image() {
    let app = small(".");
    let built = || {
        done(&app, "", "build small --image");
        digest(&app.path("small/target/cloudc/default/image"))
    };
    let before = built();
    app.write(
        "part/src/lib.rs",
        "pub fn place(_: &'static str) -> &'static str { \"elsewhere\" }\n",
    );
    app.write("small/src/lib.rs", LIB.replace("GET /", "GET /other"));
    let after = built();
    assert_ne!(before, after);
    app.write("small/src/lib.rs", LIB);
    assert_ne!(built(), after, "the graph is part of the program");
}

#[test]
fn a_failed_program_leaves_the_old_tree() {
    let app = small(".");
    done(&app, "", "build small --image");
    let before = files(&app.path("small/target/cloudc/default"));
    app.write(
        "part/src/lib.rs",
        "pub fn place(_: u8) -> &'static str { \"\" }\n",
    );
    let failed = cloudc(&app, "", "build small --image");
    assert_eq!(failed.code, Some(1));
    for words in [
        "mismatched types",
        "CC503",
        "cargo could not build the program",
    ] {
        assert!(failed.err.contains(words), "{}", failed.err);
    }
    assert_same(&before, &files(&app.path("small/target/cloudc/default")));
}

#[test]
fn what_cannot_be_is_said_before_cargo_runs() {
    let app = small(".");
    // A toolchain of this machine alone has no library for it.
    let said = cloudc(&app, "", "build small --image --platform linux/s390x");
    assert_eq!(said.code, Some(1), "{}", said.err);
    let help = "rustup target add s390x-unknown-linux-gnu";
    assert!(
        said.err.contains("CC504") && said.err.contains(help),
        "{}",
        said.err
    );
    let said = cloudc(&app, "", "build small --image --platform windows/amd64");
    assert_eq!(said.code, Some(2), "{}", said.err);
    assert!(said.err.contains("linux/arm64"), "{}", said.err);
    let said = cloudc(&app, "", "build small --image --push");
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(
        said.err.contains("there is no registry to push"),
        "{}",
        said.err
    );
    assert!(!said.err.contains("Compiling"), "{}", said.err);
}

#[test]
fn a_program_has_what_it_expects_of_a_system() {
    let app = small(".");
    done(&app, "", "build small --image --out out");
    let root = Root::unpack(&app.path("out/image"));
    root.write("etc/hosts", "203.0.113.7 somewhere.test\n");
    let Some(program) = root.run(&[]) else { return };
    let said = program.wait();
    for line in [
        "graph true",
        "user 65532",
        "root Err(ReadOnlyFilesystem)",
        "roots true",
        "zone true",
        "address Ok(Some(203.0.113.7:80))",
        "place cloudc/src/lib.rs",
    ] {
        assert!(said.contains(line), "`{line}` is missing:\n{said}");
    }
}
