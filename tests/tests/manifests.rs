//! The manifests of an application built by hand, held against the outside: a cluster's schemas, kustomize,
//! and the linter that a platform team runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cloudc_compiler::config::{Config, Settings};
use cloudc_compiler::{emit, lower};
use cloudc_tests::{program, schemas};
// What the application below is made of.
use cloudc_compiler::{graph, span};

#[path = "../../compiler/src/lower/testing.rs"]
mod testing;

const EXISTING: &str = r#"
registry = "registry.example.com/team"
namespace = "shop-prod"
image_pull_secrets = ["pull"]

[nats]
secret = "broker"
address = "nats.messaging.svc:4222"
account = "SHOP"
monitoring = "nats.messaging.svc:8222"
tls = true

[valkey]
secret = "cache"
address = "10.0.0.7:6380"
tls = true

[[egress]]
cidr = "203.0.113.0/24"
ports = [443]
functions = ["charge"]

[keda]
namespace = "kube-system"

[knative]
runtime_class = true
"#;

/// The settings that between them take every way through the lowering.
fn cases() -> [(&'static str, Settings); 4] {
    let mut digest = settings("target = 'kubernetes'");
    digest.image_digest = Some(format!("sha256:{}", "0123456789abcdef".repeat(4)));
    [
        ("knative", settings("")),
        ("kubernetes", settings("target = 'kubernetes'")),
        ("existing", settings(EXISTING)),
        ("digest", digest),
    ]
}

fn settings(text: &str) -> Settings {
    let (config, problems) = Config::parse(text, span::FileId(0));
    assert_eq!(problems, []);
    config.settings(None).expect("settings")
}

/// The folder with the manifests of one case.
fn write(test: &str, name: &str, settings: &Settings) -> PathBuf {
    let manifests = lower::lower(&testing::shop(), settings).expect("the shop lowers");
    let tree = emit::yaml::manifests(&manifests).expect("YAML");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test).join(name);
    emit::write(&tree, &folder, true).expect("written");
    folder.join("manifests")
}

#[test]
fn every_object_is_one_that_a_cluster_takes() {
    let Some(mut schemas) = schemas::Schemas::from_env() else {
        return;
    };
    let mut found = Vec::new();
    for (name, settings) in cases() {
        let folder = write("schemas", name, &settings);
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let text = fs::read_to_string(&path).expect("text");
            let file = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            let errors = schemas.check_file(&text).into_iter();
            found.extend(errors.map(|error| format!("{name}/{file}: {error}")));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The test above would be worth nothing if the schemas let everything through.
#[test]
fn an_unknown_field_is_an_error() {
    let Some(mut schemas) = schemas::Schemas::from_env() else {
        return;
    };
    let errors = schemas.check_file(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n\
         spec: {selector: {}, replicas: many, template: {spec: {containers: [{name: x, imag: y}]}}}\n",
    );
    let errors = errors.join("\n");
    assert!(
        errors.contains("imag") && errors.contains("many"),
        "{errors}"
    );
    assert_eq!(errors.lines().count(), 2, "{errors}");
}

/// kustomize reads YAML 1.1, puts the image in its place everywhere, and keeps every object.
#[test]
fn kustomize_builds_every_tree() {
    let Some(kubectl) = program("KUBECTL", &["kubectl"]) else {
        return;
    };
    for (name, settings) in cases() {
        let folder = write("kustomize", name, &settings);
        let overlay = folder.parent().expect("a parent").join("overlay");
        fs::create_dir_all(&overlay).expect("a folder");
        let image = settings.image_name("shop");
        let kustomization = format!(
            "resources: [../manifests]\nimages: [{{name: {image}, newName: registry.example.org/shop, newTag: v7}}]\n"
        );
        fs::write(overlay.join("kustomization.yaml"), kustomization).expect("written");
        let output = Command::new(&kubectl)
            .arg("kustomize")
            .arg(&overlay)
            .output()
            .expect("kubectl");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {errors}");
        assert_eq!(errors, "", "{name}");
        let text = String::from_utf8(output.stdout).expect("text");
        let booleans = ["- true", "- false"]
            .iter()
            .filter(|word| text.contains(**word));
        assert_eq!(booleans.count(), 0, "{name}: an argument became a boolean");
        assert!(!text.contains(&image), "{name}: an image was not replaced");
        assert_eq!(
            text.matches("image: registry.example.org/shop:v7").count(),
            8
        );
        let expected: usize = fs::read_dir(&folder)
            .expect("a folder")
            .map(|entry| fs::read_to_string(entry.expect("an entry").path()).expect("text"))
            .map(|text| schemas::documents(&text).len())
            .sum();
        assert_eq!(
            schemas::documents(&text).len(),
            expected - 1,
            "all but the kustomization"
        );
    }
}

#[test]
fn the_linter_finds_nothing() {
    let Some(checkov) = program("CHECKOV", &["checkov"]) else {
        return;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("lint-manifests");
    for (name, settings) in cases() {
        let folder = write("lint", name, &settings);
        let output = Command::new(&script)
            .arg(&folder)
            .env("CHECKOV", &checkov)
            .output()
            .expect("the script");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "{name}:\n{text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
