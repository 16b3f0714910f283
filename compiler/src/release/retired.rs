//! Queues that left: what earlier releases had, and the next one does not.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Key, Release};

/// The queues that releases in the cluster's memory have, or had given up, and that are none of `queues`; sorted.
///
/// Of all that is remembered, and not of the last release alone: a deploy that failed and a canary that was taken back made
/// streams too, and a rollback leaves those of the release that it goes back from.
pub fn retired<'a>(
    remembered: impl IntoIterator<Item = &'a Release>,
    queues: &BTreeSet<&str>,
) -> Vec<String> {
    let known: BTreeSet<&str> = remembered
        .into_iter()
        .flat_map(|release| {
            let given_up = release.retired.iter().map(String::as_str);
            release.queues().chain(given_up)
        })
        .collect();
    let gone = known.difference(queues);
    gone.map(|queue| (*queue).to_owned()).collect()
}

/// A provisioner that deletes no stream which has messages, where it was told to. Whoever brings a release back did not say so
/// again, and the queue may have been in use since. Other objects are left as they are.
pub(super) fn with_messages_kept(mut object: Value) -> Value {
    let key = Key::of(&object);
    if key.kind != "Job" {
        return object;
    }
    let containers = object.pointer_mut("/spec/template/spec/containers");
    let containers = containers.and_then(Value::as_array_mut);
    let env = containers
        .into_iter()
        .flatten()
        .filter_map(|container| container.get_mut("env")?.as_array_mut())
        .flatten();
    let mut kept = None;
    for variable in env.filter(|variable| variable["name"] == "CLOUDC_RETIRED") {
        let told = variable["value"].as_str().unwrap_or_default();
        let queues = told.split(',').map(|queue| {
            let bare = queue.strip_suffix(":delete");
            bare.unwrap_or(queue)
        });
        let queues = queues.collect::<Vec<_>>().join(",");
        if queues != told {
            variable["value"] = json!(queues);
            kept = Some(queues);
        }
    }
    // Its template cannot be changed under the name that it had.
    if let (Some(kept), Some((name, _))) = (kept, key.name.rsplit_once('-')) {
        let hash = blake3::hash(format!("{}\n{kept}", key.name).as_bytes()).to_hex();
        object["metadata"]["name"] = json!(format!("{name}-{}", &hash.as_str()[..10]));
    }
    object
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::Permissions;

    fn release(queues: &[&str], retired: &[&str]) -> Release {
        let queues: Vec<_> = queues.iter().map(|name| json!({"name": name})).collect();
        Release {
            app: "shop".to_owned(),
            namespace: "shop".to_owned(),
            environment: "default".to_owned(),
            image: String::new(),
            graph: json!({"queues": queues}),
            permissions: Permissions::default(),
            secrets: Vec::new(),
            retired: retired.iter().map(|name| (*name).to_owned()).collect(),
            origin: None,
            objects: Vec::new(),
        }
    }

    #[test]
    fn a_queue_of_any_release_is_remembered() {
        let remembered = [
            release(&["orders", "refunds"], &[]),
            release(&["orders", "parcels"], &["letters"]),
            release(&["orders"], &[]),
        ];
        let gone = retired(&remembered, &BTreeSet::from(["orders"]));
        assert_eq!(gone, ["letters", "parcels", "refunds"]);
        let back = retired(&remembered, &BTreeSet::from(["orders", "parcels"]));
        assert_eq!(back, ["letters", "refunds"]);
        assert_eq!(
            retired(&[], &BTreeSet::from(["orders"])),
            Vec::<String>::new()
        );
    }

    #[test]
    fn what_is_retired_makes_no_other_origin() {
        let before = release(&["orders"], &[]);
        let after = before.clone().giving_up(vec!["parcels".to_owned()]);
        assert_ne!(after.fingerprint(), before.fingerprint());
        assert_eq!(after.origin(), before.origin());
        let later = after.clone().giving_up(vec!["refunds".to_owned()]);
        assert_eq!(later.origin(), before.origin());
        assert_ne!(release(&["refunds"], &[]).origin(), before.origin());
    }

    #[test]
    fn what_was_to_be_deleted_once_is_kept_the_second_time() {
        let job = |name: &str, told: &str| {
            json!({
                "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name},
                "spec": {"template": {"spec": {"containers": [
                    {"env": [{"name": "CLOUDC_APP", "value": "a:delete"}, {"name": "CLOUDC_RETIRED", "value": told}]},
                ]}}},
            })
        };
        let kept = with_messages_kept(job("shop-provision-1", "letters:dead:delete,parcels:dead"));
        let name = kept["metadata"]["name"]
            .as_str()
            .expect("a name")
            .to_owned();
        assert!(
            name.starts_with("shop-provision-") && name.len() == 25,
            "{name}"
        );
        assert_eq!(kept, job(&name, "letters:dead,parcels:dead"));
        assert_eq!(with_messages_kept(kept.clone()), kept);
    }
}
