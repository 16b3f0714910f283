//! The Secrets that the tree refers to. It holds none itself: a tree is reviewed and committed.

use crate::config::{Nats, Valkey};

use super::context::Context;
use super::{names, nats, permissions, valkey};

/// The list of Secrets and their keys, for people; `None` where there are none.
pub(super) fn expected(cx: Context<'_>) -> Option<String> {
    let mut lines = Vec::new();
    let broker = nats::users(cx);
    match &cx.settings.nats {
        _ if broker.is_empty() => {}
        Nats::Bundled(_) => {
            lines.push(line(
                &names::nats_users(cx.app()),
                "every user's public nkey, by name",
            ));
            let operator = names::operator(cx.app());
            lines.extend(broker.iter().map(|user| {
                let keys = if user.name == operator {
                    "seed: likewise, for people with `cloudc queue`; no pod mounts it"
                } else {
                    "seed: the user's nkey seed"
                };
                line(&names::nats_secret(&user.name), keys)
            }));
        }
        Nats::Existing(nats) => {
            let keys = "seed, or creds, or user and password, or token: for the broker";
            lines.push(line(&nats.secret, keys));
            let own = nats.provision_secret.iter();
            lines.extend(
                own.map(|secret| line(secret, "the same keys, of a user who may make streams")),
            );
        }
    }
    let cache = valkey::users(cx);
    match &cx.settings.valkey {
        _ if cache.is_empty() => {}
        Valkey::Bundled(_) => {
            let users = names::valkey_users(cx.app());
            lines.push(line(
                &users,
                "the SHA-256 of every user's password in hex, by name",
            ));
            let users = cache.iter().map(|(name, _)| names::valkey_secret(name));
            lines.extend(users.map(|secret| line(&secret, "username and password")));
        }
        Valkey::Existing(valkey) => {
            lines.push(line(
                &valkey.secret,
                "password, and username if any: for the cache server",
            ));
        }
    }
    let pull = cx.settings.image_pull_secrets.iter();
    lines.extend(
        pull.map(|secret| line(secret, "the registry's credentials, as docker keeps them")),
    );
    if lines.is_empty() {
        return None;
    }
    Some(format!(
        "Secrets that this tree expects in the namespace, with their keys:\n{}",
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

fn line(secret: &str, keys: &str) -> String {
    format!("  {secret:<28} {keys}")
}
