//! Who logs in at the servers, and what each may do there: everyone of this graph, and everyone of a revision that runs beside
//! it. A user of both may do what either may, so neither is refused what it was built to do.

use std::collections::BTreeMap;

use crate::config::{NatsPermissions, Permissions};

use super::context::Context;
use super::{permissions, retired};

pub(super) fn permissions(cx: Context<'_>) -> Permissions {
    let mut all = permissions::all(cx.graph);
    let provisioner = permissions::provision(cx.graph, &retired::queues(cx));
    let name = super::names::provision(cx.app());
    all.nats.extend(provisioner.map(|may| (name, may)));
    if let Some(running) = &cx.settings.running {
        nats(&mut all.nats, &running.nats);
        valkey(&mut all.valkey, &running.valkey);
    }
    all
}

fn nats(all: &mut BTreeMap<String, NatsPermissions>, running: &BTreeMap<String, NatsPermissions>) {
    for (user, more) in running {
        let own = all.entry(user.clone()).or_default();
        for (own, more) in [
            (&mut own.publish, &more.publish),
            (&mut own.subscribe, &more.subscribe),
        ] {
            own.extend(more.iter().cloned());
            own.sort_unstable();
            own.dedup();
        }
    }
}

/// Each selector is asked by itself, so two of them on one cache allow what either allows.
fn valkey(all: &mut BTreeMap<String, Vec<String>>, running: &BTreeMap<String, Vec<String>>) {
    for (user, rules) in running {
        let Some(own) = all.get_mut(user) else {
            all.insert(user.clone(), rules.clone());
            continue;
        };
        let selectors = rules.iter().filter(|rule| rule.starts_with('('));
        let more: Vec<String> = selectors
            .filter(|rule| !own.contains(rule))
            .cloned()
            .collect();
        own.extend(more);
    }
}
