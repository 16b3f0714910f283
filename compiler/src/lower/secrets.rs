//! The Secrets that the tree refers to. It holds none itself: a tree is reviewed and committed.

use crate::config::{Nats, Valkey};

use super::context::Context;
use super::{names, nats, valkey};

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
            let users = broker.iter().map(|user| names::nats_secret(&user.name));
            lines.extend(users.map(|secret| line(&secret, "seed: the user's nkey seed")));
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

fn line(secret: &str, keys: &str) -> String {
    format!("  {secret:<28} {keys}")
}
