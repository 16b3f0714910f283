//! The Secrets that the tree refers to. It holds none itself: a tree is reviewed and committed.

use serde::{Deserialize, Serialize};

use crate::config::{Nats, Settings, Valkey};
use crate::graph::Graph;

use super::context::Context;
use super::{names, nats, permissions, valkey};

/// A Secret that the tree refers to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// Its name, in the application's namespace.
    pub name: String,
    /// What it has to hold.
    pub content: Content,
}

/// What a Secret has to hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// For the bundled broker: the public nkey of each of these users, by name.
    NatsUsers(Vec<String>),
    /// The nkey seed of this user of the bundled broker, as `seed`.
    NatsSeed(String),
    /// For the bundled cache server: the SHA-256 of the password of each of these users, in hex, by name.
    ValkeyUsers(Vec<String>),
    /// The `username` and `password` of this user of the bundled cache server.
    ValkeyPassword(String),
    /// What only the people who run the server or the registry know: these keys.
    Given(String),
}

/// The Secrets of an application, the servers' own before those of their users.
pub fn secrets(graph: &Graph, settings: &Settings) -> Vec<Expected> {
    expected(Context { graph, settings })
}

pub(super) fn expected(cx: Context<'_>) -> Vec<Expected> {
    let mut secrets = Vec::new();
    let mut push = |name: &str, content: Content| {
        secrets.push(Expected {
            name: name.to_owned(),
            content,
        });
    };
    let given = |keys: &str| Content::Given(keys.to_owned());
    let broker: Vec<String> = nats::users(cx).into_iter().map(|user| user.name).collect();
    match &cx.settings.nats {
        _ if broker.is_empty() => {}
        Nats::Bundled(_) => {
            let users = names::nats_users(cx.app());
            push(&users, Content::NatsUsers(broker.clone()));
            for user in broker {
                push(&names::nats_secret(&user), Content::NatsSeed(user));
            }
        }
        Nats::Existing(nats) => {
            let keys = "seed, or creds, or user and password, or token: for the broker";
            push(&nats.secret, given(keys));
            if let Some(secret) = &nats.provision_secret {
                push(
                    secret,
                    given("the same keys, of a user who may make streams"),
                );
            }
        }
    }
    let cache: Vec<String> = valkey::users(cx)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    match &cx.settings.valkey {
        _ if cache.is_empty() => {}
        Valkey::Bundled(_) => {
            let users = names::valkey_users(cx.app());
            push(&users, Content::ValkeyUsers(cache.clone()));
            for user in cache {
                push(&names::valkey_secret(&user), Content::ValkeyPassword(user));
            }
        }
        Valkey::Existing(valkey) => {
            let keys = "password, and username if any: for the cache server";
            push(&valkey.secret, given(keys));
        }
    }
    for secret in &cx.settings.image_pull_secrets {
        push(
            secret,
            given("the registry's credentials, as docker keeps them"),
        );
    }
    secrets
}

/// The list of Secrets and their keys, for people; `None` where there are none.
pub(super) fn list(cx: Context<'_>) -> Option<String> {
    let secrets = expected(cx);
    if secrets.is_empty() {
        return None;
    }
    let operator = names::operator(cx.app());
    let line = |secret: &Expected| {
        let keys = match &secret.content {
            Content::NatsUsers(_) => "every user's public nkey, by name",
            Content::NatsSeed(user) if *user == operator => {
                "seed: likewise, for people with `cloudc queue`; no pod mounts it"
            }
            Content::NatsSeed(_) => "seed: the user's nkey seed",
            Content::ValkeyUsers(_) => "the SHA-256 of every user's password in hex, by name",
            Content::ValkeyPassword(_) => "username and password",
            Content::Given(keys) => keys,
        };
        format!("  {:<28} {keys}", secret.name)
    };
    let lines: Vec<String> = secrets.iter().map(line).collect();
    Some(format!(
        "Secrets that this tree expects in the namespace, with their keys (`cloudc credentials` makes them):\n{}",
        lines.join("\n")
    ))
}

/// What a person's user needs at a broker that is there already, as nobody makes one there; `None` where the broker is
/// bundled, or there is none.
pub(super) fn operator(cx: Context<'_>) -> Option<String> {
    let (Nats::Existing(_), Some(operator)) = (&cx.settings.nats, permissions::operator(cx.graph))
    else {
        return None;
    };
    let list = |subjects: &[String]| {
        let lines = subjects.iter().map(|subject| format!("\n  {subject}"));
        lines.collect::<String>()
    };
    Some(format!(
        "For people with `cloudc queue` the broker needs a user of its own, in the account with the streams, whose\n\
         credentials are in no Secret here. It publishes on{}\nand subscribes to{}",
        list(&operator.publish),
        list(&operator.subscribe)
    ))
}
