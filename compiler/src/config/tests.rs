//! What a user may write in `cloudc.toml`, and what is said about the rest.

use std::path::Path;

use super::{Config, Nats, Settings, Target, Valkey};
use crate::span::Sources;

/// Every diagnostic on lines of its own: place, code, the text it points to, message, help.
fn problems(text: &str) -> String {
    let mut sources = Sources::default();
    let file = sources.add("cloudc.toml", Path::new("cloudc.toml"), text.into());
    let (_, found) = Config::parse(text, file);
    let lines = found.iter().map(|found| {
        let span = found.span().expect("every mistake has a place");
        let place = sources.location(span);
        format!(
            "{}:{} {} `{}`\n  {}\n  help: {}\n",
            place.line,
            place.column,
            found.code,
            sources.snippet(span),
            found.message,
            found.help.as_deref().unwrap_or("-"),
        )
    });
    lines.collect()
}

fn settings(text: &str, environment: Option<&str>) -> Settings {
    let mut sources = Sources::default();
    let file = sources.add("cloudc.toml", Path::new("cloudc.toml"), text.into());
    let (config, found) = Config::parse(text, file);
    assert_eq!(found, [], "{text}");
    config.settings(environment).expect("a known environment")
}

const FULL: &str = r#"
registry = "registry.example.com:5000/team"
namespace = "shop-test"
target = "kubernetes"
image_pull_secrets = ["pull"]

[nats]
storage = "20Gi"

[valkey]
secret = "cache"
address = "10.0.0.7:6380"
tls = true

[[egress]]
cidr = "203.0.113.0/24"
ports = [443]
functions = ["charge"]

[knative]
runtime_class = true
ingress = ["kourier-system"]

[keda]
namespace = "kube-system"

[env.prod]
namespace = "shop"
target = "knative"

[env.prod.nats]
secret = "broker"
address = "nats.messaging.svc:4222"
account = "SHOP"
monitoring = "nats.messaging.svc:8222"
"#;

#[test]
fn no_file_is_needed() {
    assert_eq!(settings("", None), Settings::default());
}

#[test]
fn every_key() {
    insta::assert_debug_snapshot!(settings(FULL, None));
}

#[test]
fn a_registry_without_tls_is_asked_for_by_name() {
    let text = "registry = \"127.0.0.1:5000\"\nregistry_plain_http = true\n\
                [env.same]\nnamespace = \"shop\"\n\
                [env.other]\nregistry = \"registry.example.com/team\"\n";
    let plain = |environment| settings(text, environment).registry_plain_http;
    assert!(plain(None) && plain(Some("same")));
    assert!(!plain(Some("other")), "another registry has TLS");
    assert!(!settings("registry = \"localhost:5000\"\n", None).registry_plain_http);
    let said = problems("registry = \"localhost:5000\"\nregistry_plain_http = \"yes\"\n");
    assert!(said.contains("`true` or `false`"), "{said}");
}

#[test]
fn an_environment_replaces_what_it_writes_and_keeps_the_rest() {
    let prod = settings(FULL, Some("prod"));
    assert_eq!(prod.namespace.as_deref(), Some("shop"));
    assert_eq!(prod.target, Target::Knative);
    assert!(matches!(prod.nats, Nats::Existing(nats) if nats.secret == "broker"));
    assert!(matches!(prod.valkey, Valkey::Existing(valkey) if valkey.secret == "cache"));
    assert_eq!(prod.egress.len(), 1);
}

#[test]
fn an_unknown_environment_is_told_which_there_are() {
    let (config, _) = Config::parse("[env.prod]\n[env.dev]\n", crate::span::FileId(0));
    let problem = config
        .settings(Some("pord"))
        .expect_err("there is no such environment");
    assert_eq!(problem.code, crate::codes::UNKNOWN_ENV);
    assert_eq!(problem.message, "cloudc.toml has no environment `pord`");
    assert_eq!(problem.help.as_deref(), Some("there are: dev, prod"));
}

#[test]
fn broken_toml() {
    insta::assert_snapshot!(problems("registry = \nnamespace = 'a\n"));
}

#[test]
fn several_mistakes_together() {
    insta::assert_snapshot!(problems(
        r#"
registy = "registry.example.com"
registry = "https://registry.example.com/"
namespace = "My_Shop"
target = "kubernets"
image_pull_secrets = ["ok", 7, "Not OK"]
colour = "blue"

[nats]
secret = "broker"
storage = "10 Gi"
adress = "nats:4222"

[valkey]
address = "redis://cache:6379"
memory = "lots"
image = "valkey:latest"

[[egress]]
cidr = "203.0.113.0/33"
ports = [0, 70000, "443", 443]

[[egress]]
port = 443

[knative]
runtime_class = "yes"

[env]
prod = 3

[env."../up"]
[env.default]

[env.dev]
nats = "none"
[env.dev.nets]
"#
    ));
}

/// The mistakes that a line makes, without their places.
fn mistakes(text: &str) -> String {
    let lines = problems(text);
    lines
        .lines()
        .filter(|line| line.starts_with("  "))
        .map(|line| format!("{}\n", line.trim()))
        .collect()
}

#[test]
fn the_clusters_own_namespaces() {
    for name in ["default", "kube-system", "knative-serving", "keda"] {
        let found = mistakes(&format!("namespace = \"{name}\""));
        assert!(found.contains("it is the cluster's own"), "{name} {found}");
    }
    for name in ["shop", "kube", "default-shop", "keda-test"] {
        assert_eq!(mistakes(&format!("namespace = \"{name}\"")), "");
    }
}

#[test]
fn too_little_for_a_server() {
    insta::assert_snapshot!(mistakes("[nats]\nstorage = \"10\"\nmemory = \"63Mi\"\n[valkey]\nmemory = \"1\""), @r"
    `storage` is `10`, which is too little to work with
    help: write at least `64Mi`
    `memory` is `63Mi`, which is too little to work with
    help: write at least `64Mi`
    `memory` is `1`, which is too little to work with
    help: write at least `16Mi`
    ");
    assert_eq!(
        mistakes("[nats]\nstorage = \"64Mi\"\nmemory = \"64Mi\"\n[valkey]\nmemory = \"16Mi\""),
        ""
    );
}

#[test]
fn names_of_registries_accounts_and_secrets() {
    let registries = [
        "registry.example.com",
        "registry.example.com:5000/team_a/b.c",
        "localhost:5000",
        "team",
    ];
    for registry in registries {
        assert_eq!(mistakes(&format!("registry = \"{registry}\"")), "");
    }
    for registry in [":/-", "", "a//b", "a:b", "a:0", "-a/b", "a/b:5", "a/b-"] {
        assert_ne!(
            mistakes(&format!("registry = \"{registry}\"")),
            "",
            "{registry}"
        );
    }
    assert_eq!(mistakes("image_pull_secrets = [\"pull.example.com\"]"), "");
    assert_ne!(mistakes("image_pull_secrets = [\"pull..com\"]"), "");
    let nats = "[nats]\nsecret = \"team.broker\"\naddress = \"nats.messaging.svc:4222\"\n";
    assert_eq!(mistakes(&format!("{nats}account = \"A 1\"")), "");
    assert_ne!(mistakes(&format!("{nats}account = \"\"")), "");
}

#[test]
fn the_provisioner_and_the_monitoring_have_keys_of_their_own() {
    let nats = "[nats]\nsecret = \"broker\"\naddress = \"nats.messaging.svc:4222\"\n";
    let read = |more: &str| match settings(&format!("{nats}{more}"), None).nats {
        Nats::Existing(nats) => (nats.provision_secret, nats.tls, nats.monitoring_tls),
        Nats::Bundled(_) => panic!("it exists"),
    };
    assert_eq!(read("tls = true"), (None, true, false));
    assert_eq!(
        read("monitoring_tls = true\nprovision_secret = \"admin\""),
        (Some("admin".to_owned()), false, true)
    );
    let bundled = mistakes("[nats]\nmonitoring_tls = true\nprovision_secret = \"admin\"");
    assert_eq!(
        bundled
            .matches("is for a server that is there already")
            .count(),
        2
    );
}

/// The README shows the same table.
#[test]
fn the_readme_has_every_row() {
    let readme = include_str!("../../../README.md");
    for row in super::reference().lines() {
        assert!(readme.contains(row), "README.md lacks {row}");
    }
}

#[test]
fn every_key_is_in_the_reference() {
    let reference = super::reference();
    for key in [
        "registry",
        "egress.cidr",
        "nats.monitoring",
        "knative.ingress",
        "[env.NAME]",
    ] {
        assert!(
            reference.contains(&format!("| `{key}` |")),
            "{key}\n{reference}"
        );
    }
    assert_eq!(reference.lines().nth(1), Some("| --- | --- | --- |"));
}

proptest::proptest! {
    /// Any text gets an answer.
    #[test]
    fn never_panics(text in "[a-z\\[\\].=\"{} \n0-9,]{0,80}") {
        problems(&text);
    }
}
