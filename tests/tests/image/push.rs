//! Pushes to a real registry by the real binary: logins, TLS, and what is there already.

use std::fs;
use std::process::Command;

use cloudc_tests::app::{App, Done};
use cloudc_tests::authority::IDENTITY;
use cloudc_tests::program;
use cloudc_tests::registry::{PASSWORD, Registry, Setup, USER, log_in, log_in_by_identity};
use cloudc_tests::small::small;

use crate::{cloudc, digest};

/// An application whose images go to a registry.
fn application(host: &str, more: &str) -> App {
    let app = small(".");
    app.write(
        "small/cloudc.toml",
        format!("registry = \"{host}/team\"\n{more}"),
    );
    app
}

const PLAIN: &str = "registry_plain_http = true\n";

/// Pushes with the logins in the folder `logins`, and no others.
fn push(app: &App, variables: &str) -> Done {
    let variables = format!("DOCKER_CONFIG=$PWD/logins {variables}");
    cloudc(app, &variables, "build small --image --push --out out")
}

/// What skopeo says, with these arguments.
fn skopeo(arguments: &[&str]) -> Option<serde_json::Value> {
    let skopeo = program("SKOPEO", &["skopeo"])?;
    let output = Command::new(skopeo)
        .args(arguments)
        .output()
        .expect("skopeo");
    assert!(output.status.success(), "{output:?}");
    Some(serde_json::from_slice(&output.stdout).unwrap_or_default())
}

#[test]
fn an_image_is_what_was_built_and_is_sent_once() {
    let Some(registry) = Registry::start(Setup::default()) else {
        return;
    };
    let app = application(&registry.host(), PLAIN);
    let pushed = push(&app, "");
    assert_eq!(pushed.code, Some(0), "{}", pushed.err);
    assert!(
        pushed.err.contains("3 blobs sent, 0 there already"),
        "{}",
        pushed.err
    );
    let again = push(&app, "");
    assert!(
        again.err.contains("0 blobs sent, 3 there already"),
        "{}",
        again.err
    );

    let image = app.path("out/image");
    let digest = digest(&image);
    let json = cloudc(
        &app,
        "DOCKER_CONFIG=$PWD/logins",
        "build small --image --push --message-format json --out out",
    );
    // Behind the diagnostics.
    let last = json.out.lines().last().expect("a line");
    let said: serde_json::Value = serde_json::from_str(last).expect("JSON");
    assert_eq!(said["digest"], digest);
    let tag = format!("{}/team/small:{}", registry.host(), &digest[7..19]);
    assert_eq!(said["pushed"], tag);
    let there = format!("docker://{}/team/small@{digest}", registry.host());
    let Some(found) = skopeo(&["inspect", "--tls-verify=false", &there]) else {
        return;
    };
    assert_eq!(found["Digest"], digest);
    assert_eq!(found["Os"], "linux");
    assert_eq!(found["Labels"]["org.opencontainers.image.title"], "small");
    let layout = format!("oci:{}", image.display());
    let built = skopeo(&["inspect", &layout]).expect("skopeo");
    assert_eq!(built["Layers"], found["Layers"]);
    // The registry is of before version 1.1: a tag lists what is attached.
    let tag = format!(
        "docker://{}/team/small:{}",
        registry.host(),
        digest.replace(':', "-")
    );
    let list = skopeo(&["inspect", "--raw", "--tls-verify=false", &tag]).expect("skopeo");
    assert_eq!(
        list["manifests"].as_array().map(Vec::len),
        Some(1),
        "{list}"
    );
    assert_eq!(
        list["manifests"][0]["artifactType"],
        "application/vnd.cyclonedx+json"
    );
    let attached = list["manifests"][0]["digest"].as_str().expect("a digest");
    let attached = format!("docker://{}/team/small@{attached}", registry.host());
    let attached = skopeo(&["inspect", "--raw", "--tls-verify=false", &attached]).expect("skopeo");
    assert_eq!(attached["subject"]["digest"], digest);
    let sbom = fs::read(app.path("out/sbom.cdx.json")).expect("an SBOM");
    let sbom: serde_json::Value = serde_json::from_slice(&sbom).expect("JSON");
    let names = sbom["components"].as_array().expect("components").iter();
    let names: Vec<_> = names.map(|component| &component["name"]).collect();
    assert_eq!(names, ["cloudc", "part", "small"], "without macros");
    // Whole: skopeo holds every blob against its digest.
    let copy = format!("oci:{}", app.path("copy").display());
    skopeo(&["copy", "--quiet", "--src-tls-verify=false", &there, &copy]);
    assert_eq!(crate::digest(&app.path("copy")), digest);
}

#[test]
fn a_half_pushed_image_is_mended() {
    let Some(registry) = Registry::start(Setup::default()) else {
        return;
    };
    let app = application(&registry.host(), PLAIN);
    push(&app, "");
    let digest = digest(&app.path("out/image"));
    let manifest = app.path(&format!("out/image/blobs/{}", digest.replace(':', "/")));
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(manifest).expect("a manifest")).expect("JSON");
    let layer = manifest["layers"][1]["digest"].as_str().expect("a digest");
    registry.forget("team/small", layer);
    let mended = push(&app, "");
    assert_eq!(mended.code, Some(0), "{}", mended.err);
    assert!(
        mended.err.contains("1 blob sent, 2 there already"),
        "{}",
        mended.err
    );
    let there = format!("docker://{}/team/small@{digest}", registry.host());
    let copy = format!("oci:{}", app.path("copy").display());
    skopeo(&["copy", "--quiet", "--src-tls-verify=false", &there, &copy]);
}

#[test]
fn who_has_no_login_or_a_wrong_one_is_told() {
    let Some(registry) = Registry::start(Setup {
        login: true,
        ..Setup::default()
    }) else {
        return;
    };
    let app = application(&registry.host(), PLAIN);
    let refused = |words: &str| {
        let said = push(&app, "");
        assert_eq!(said.code, Some(1), "{}", said.err);
        assert!(said.err.contains("CC702"), "{}", said.err);
        assert!(
            said.err.contains(words),
            "`{words}` is missing:\n{}",
            said.err
        );
        assert!(!said.err.contains(PASSWORD), "{}", said.err);
    };
    refused("does not let in who comes without a login");
    log_in(&app.path("logins"), &registry.host(), USER, "another");
    refused("does not let in who comes as `pusher`");
    app.write("logins/config.json", "{");
    refused("cannot be read as JSON");
    log_in(&app.path("logins"), &registry.host(), USER, PASSWORD);
    let said = push(&app, "");
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.err.contains("3 blobs sent"), "{}", said.err);
}

#[test]
fn a_registry_that_wants_tokens_has_its_service_asked() {
    let Some(registry) = Registry::start(Setup {
        tokens: Some(300),
        ..Setup::default()
    }) else {
        return;
    };
    let app = application(&registry.host(), PLAIN);
    let refused = |words: &str| {
        let said = push(&app, "");
        assert_eq!(said.code, Some(1), "{}", said.err);
        assert!(
            said.err.contains("CC702") && said.err.contains(words),
            "`{words}` is missing:\n{}",
            said.err
        );
    };
    refused("does not let in who comes without a login");
    log_in(&app.path("logins"), &registry.host(), USER, "another");
    refused("does not let in who comes as `pusher`");
    log_in_by_identity(&app.path("logins"), &registry.host(), "a-revoked-token");
    refused("does not let in who comes with an identity token");
    assert!(registry.authority().asked().is_empty());

    log_in(&app.path("logins"), &registry.host(), USER, PASSWORD);
    registry.authority().is_busy_for(1);
    let said = push(&app, "");
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(
        said.err.contains("it answers 429; again in") && said.err.contains("3 blobs sent"),
        "{}",
        said.err
    );
    assert_eq!(
        registry.authority().asked(),
        ["password repository:team/small:pull,push"]
    );
}

#[test]
fn an_identity_token_is_exchanged_once_while_what_it_gave_holds() {
    let exchanges = |seconds: u64| {
        let registry = Registry::start(Setup {
            tokens: Some(seconds),
            ..Setup::default()
        })?;
        let app = application(&registry.host(), PLAIN);
        log_in_by_identity(&app.path("logins"), &registry.host(), IDENTITY);
        let said = push(&app, "");
        assert_eq!(said.code, Some(0), "{}", said.err);
        assert!(said.err.contains("3 blobs sent"), "{}", said.err);
        let asked = registry.authority().asked();
        let all = asked
            .iter()
            .all(|asked| asked == "identity repository:team/small:pull,push");
        assert!(all, "{asked:?}");
        Some(asked.len())
    };
    let Some(once) = exchanges(300) else {
        return;
    };
    assert_eq!(once, 1);
    let each = exchanges(0).expect("a registry as before");
    assert!(each > 3, "a token that ends at once: {each} exchanges");
}

#[test]
fn a_login_is_not_sent_in_the_clear() {
    let Some(registry) = Registry::start(Setup {
        tokens: Some(300),
        tls: true,
        ..Setup::default()
    }) else {
        return;
    };
    let app = application(&registry.host(), "");
    let trusted = registry.folder().join("ca.crt");
    for is_identity in [true, false] {
        let (logins, host) = (app.path("logins"), registry.host());
        match is_identity {
            true => log_in_by_identity(&logins, &host, IDENTITY),
            false => log_in(&logins, &host, USER, PASSWORD),
        }
        let said = push(&app, &format!("SSL_CERT_FILE={}", trusted.display()));
        assert_eq!(said.code, Some(1), "{}", said.err);
        assert!(
            said.err.contains("CC702") && said.err.contains("to an address without TLS"),
            "{}",
            said.err
        );
    }
    assert!(registry.authority().asked().is_empty());
}

#[test]
fn podman_has_a_file_of_its_own() {
    let Some(registry) = Registry::start(Setup {
        login: true,
        ..Setup::default()
    }) else {
        return;
    };
    let app = application(&registry.host(), PLAIN);
    log_in(&app.path("podman"), &registry.host(), USER, PASSWORD);
    let file = "REGISTRY_AUTH_FILE=$PWD/podman/config.json; unset DOCKER_CONFIG";
    let said = cloudc(&app, file, "build small --image --push");
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.err.contains("3 blobs sent"), "{}", said.err);
}

#[test]
fn a_credential_helper_is_asked() {
    let Some(registry) = Registry::start(Setup {
        login: true,
        ..Setup::default()
    }) else {
        return;
    };
    let app = application(&registry.host(), PLAIN);
    app.write("logins/config.json", "{ \"credsStore\": \"test\" }");
    let helper = |text: &str| {
        app.write(
            "bin/docker-credential-test",
            format!("#!/bin/sh\ncat > asked\n{text}\n"),
        );
        let script = "chmod +x bin/docker-credential-test";
        assert_eq!(app.run("true", script).code, Some(0));
        push(&app, "PATH=$PWD/bin:$PATH")
    };
    let answer = format!("echo '{{\"Username\": \"{USER}\", \"Secret\": \"{PASSWORD}\"}}'");
    let said = helper(&answer);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let asked = fs::read_to_string(app.path("asked")).expect("the helper ran");
    assert_eq!(asked, registry.host());
    let said = helper("echo credentials not found in native keychain; exit 1");
    assert!(said.err.contains("without a login"), "{}", said.err);
    let said = helper("echo a-secret; exit 1");
    let words = "the credential helper `docker-credential-test` failed";
    assert!(
        said.err.contains(words) && !said.err.contains("a-secret"),
        "{}",
        said.err
    );
}

#[test]
fn tls_is_spoken_unless_plain_http_is_asked_for() {
    let Some(registry) = Registry::start(Setup {
        login: true,
        tls: true,
        ..Setup::default()
    }) else {
        return;
    };
    let app = application(&registry.host(), "");
    log_in(&app.path("logins"), &registry.host(), USER, PASSWORD);
    let said = push(&app, "");
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(
        said.err.contains("cannot speak TLS with the registry"),
        "{}",
        said.err
    );
    assert!(
        said.err.contains("CC701") && said.err.contains("SSL_CERT_FILE"),
        "{}",
        said.err
    );
    let trusted = registry.folder().join("ca.crt");
    let said = push(&app, &format!("SSL_CERT_FILE={}", trusted.display()));
    assert_eq!(said.code, Some(0), "{}", said.err);

    let Some(plain) = Registry::start(Setup::default()) else {
        return;
    };
    let app = application(&plain.host(), "");
    let said = push(&app, "");
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(
        said.err.contains("registry_plain_http = true"),
        "{}",
        said.err
    );
}

#[test]
fn a_registry_that_is_not_there_is_named() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let host = listener.local_addr().expect("an address").to_string();
    drop(listener);
    let app = application(&host, PLAIN);
    let said = push(&app, "");
    assert_eq!(said.code, Some(1), "{}", said.err);
    let words = format!("cannot reach the registry {host}: Connection refused");
    assert!(
        said.err.contains("CC701") && said.err.contains(&words),
        "{}",
        said.err
    );
    assert!(
        app.path("out/image/index.json").exists(),
        "what was built is there"
    );
}
