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
