//! What changes in the cluster: an object as it is there, against what a server-side dry run says it would be, as text for
//! people who review manifests.
//!
//! Both come from the same server, so they have the same defaults filled in. What the server and its controllers write for
//! themselves is left out. A Secret's values are never shown, only that they differ.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value};
use similar::{ChangeTag, TextDiff};

use crate::emit::yaml;

/// Lines that stay the same around those that don't.
const CONTEXT: usize = 3;

/// What a server keeps in an object's metadata for itself.
const BOOKKEEPING: [&str; 7] = [
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// Labels and annotations of controllers and of kubectl. The last one holds a whole object, a Secret's values among it.
const OF_CONTROLLERS: [&str; 6] = [
    "batch.kubernetes.io/controller-uid",
    "controller-uid",
    "deployment.kubernetes.io/revision",
    "serving.knative.dev/creator",
    "serving.knative.dev/lastModifier",
    "kubectl.kubernetes.io/last-applied-configuration",
];

/// One line of a unified diff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What kind of line it is: a terminal gives each a colour.
    pub mark: Mark,
    /// The whole line with what stands in front of it, without its end.
    pub text: String,
}

/// The kinds of lines in a unified diff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// `--- Deployment charge (cluster)` and `+++ Deployment charge (this tree)`.
    Header,
    /// `@@ -12,7 +12,7 @@`.
    Hunk,
    /// A line of both.
    Same,
    /// A line of the cluster's alone.
    Removed,
    /// A line of this tree's alone.
    Added,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// How an object of the cluster differs from what this tree makes of it, as a unified diff; no lines if it doesn't. `cluster` is
/// `None` for an object that is not there yet, `tree` for one that goes.
///
/// # Errors
///
/// An object that YAML can't express; no input leads there.
pub fn diff(cluster: Option<&Value>, tree: Option<&Value>) -> Result<Vec<Line>, yaml::Error> {
    let title = title(tree.or(cluster));
    let (mut cluster, mut tree) = (cluster.cloned(), tree.cloned());
    for object in [&mut cluster, &mut tree].into_iter().flatten() {
        tidy(object);
    }
    hide_secrets(cluster.as_mut(), tree.as_mut());
    let text = |object: Option<&Value>| object.map_or(Ok(String::new()), yaml::document);
    let (old, new) = (text(cluster.as_ref())?, text(tree.as_ref())?);
    let differences = TextDiff::from_lines(&old, &new);
    let mut unified = differences.unified_diff();
    let mut lines = Vec::new();
    for hunk in unified.context_radius(CONTEXT).iter_hunks() {
        if lines.is_empty() {
            let side = |object: &Option<Value>, there| match object {
                Some(_) => there,
                None => "none",
            };
            let (from, to) = (side(&cluster, "cluster"), side(&tree, "this tree"));
            lines.push(line(Mark::Header, format!("--- {title} ({from})")));
            lines.push(line(Mark::Header, format!("+++ {title} ({to})")));
        }
        lines.push(line(Mark::Hunk, hunk.header().to_string()));
        lines.extend(hunk.iter_changes().map(|change| {
            let (mark, sign) = match change.tag() {
                ChangeTag::Equal => (Mark::Same, ' '),
                ChangeTag::Delete => (Mark::Removed, '-'),
                ChangeTag::Insert => (Mark::Added, '+'),
            };
            let text = change.value().trim_end_matches('\n');
            line(mark, format!("{sign}{text}"))
        }));
    }
    Ok(lines)
}

fn line(mark: Mark, text: String) -> Line {
    Line { mark, text }
}

/// `Deployment charge`.
fn title(object: Option<&Value>) -> String {
    let text = |path| {
        let value = object.and_then(|object| object.pointer(path));
        value.and_then(Value::as_str).unwrap_or("?")
    };
    format!("{} {}", text("/kind"), text("/metadata/name"))
}

/// Takes out what the server and its controllers write for themselves, also in the templates inside.
fn tidy(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if let Some(Value::Object(metadata)) = map.get_mut("metadata") {
                metadata.retain(|key, _| !BOOKKEEPING.contains(&key.as_str()));
                map.remove("status");
            }
            for value in map.values_mut() {
                tidy(value);
            }
            map.retain(|key, _| !OF_CONTROLLERS.contains(&key.as_str()));
            if let Some(Value::Object(metadata)) = map.get_mut("metadata") {
                metadata.retain(|_, value| !value.as_object().is_some_and(Map::is_empty));
            }
        }
        Value::Array(list) => list.iter_mut().for_each(tidy),
        _ => {}
    }
}

/// Puts words in the place of a Secret's values, and of those of what does not say what it is.
fn hide_secrets(mut cluster: Option<&mut Value>, mut tree: Option<&mut Value>) {
    let may_be_secret = |object: &Option<&mut Value>| {
        object.as_ref().is_some_and(|object| {
            let kind = object.get("kind").and_then(Value::as_str);
            kind.is_none_or(|kind| kind == "Secret")
        })
    };
    if !may_be_secret(&cluster) && !may_be_secret(&tree) {
        return;
    }
    for field in ["data", "stringData"] {
        let mut old = values(cluster.as_deref_mut(), field);
        let mut new = values(tree.as_deref_mut(), field);
        let keys = |map: &Option<&mut Map<String, Value>>| -> BTreeSet<String> {
            map.iter().flat_map(|map| map.keys().cloned()).collect()
        };
        for key in &keys(&old) | &keys(&new) {
            let old = old.as_mut().and_then(|map| map.get_mut(&key));
            let new = new.as_mut().and_then(|map| map.get_mut(&key));
            let changed = old.is_some() && new.is_some() && old != new;
            if let Some(old) = old {
                *old = "<secret>".into();
            }
            if let Some(new) = new {
                *new = if changed {
                    "<secret, changed>"
                } else {
                    "<secret>"
                }
                .into();
            }
        }
    }
}

fn values<'v>(object: Option<&'v mut Value>, field: &str) -> Option<&'v mut Map<String, Value>> {
    object?.get_mut(field)?.as_object_mut()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(cluster: Option<&Value>, tree: Option<&Value>) -> String {
        let lines = diff(cluster, tree).expect("YAML");
        lines.iter().map(|line| format!("{line}\n")).collect()
    }

    fn deployment() -> Value {
        json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {
                "name": "charge",
                "namespace": "shop",
                "annotations": {"deployment.kubernetes.io/revision": "3"},
                "creationTimestamp": "2026-01-01T00:00:00Z",
                "generation": 3,
                "managedFields": [{"manager": "cloudc"}],
                "resourceVersion": "41",
                "uid": "5f0c"
            },
            "spec": {
                "template": {
                    "metadata": {"creationTimestamp": null, "labels": {"a": "b"}},
                    "spec": {"containers": [{
                        "image": "shop@sha256:1",
                        "name": "charge",
                        "resources": {"limits": {"memory": "256Mi"}, "requests": {"cpu": "100m"}}
                    }]}
                }
            },
            "status": {"replicas": 1}
        })
    }

    #[test]
    fn a_change_has_its_lines_around_it() {
        let mut changed = deployment();
        changed["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"] =
            "512Mi".into();
        insta::assert_snapshot!(shown(Some(&deployment()), Some(&changed)), @r"
        --- Deployment charge (cluster)
        +++ Deployment charge (this tree)
        @@ -14,6 +14,6 @@
                 image: shop@sha256:1
                 resources:
                   limits:
        -            memory: 256Mi
        +            memory: 512Mi
                   requests:
                     cpu: 100m
        ");
        let marks = diff(Some(&deployment()), Some(&changed)).expect("YAML");
        let marks: Vec<Mark> = marks.into_iter().map(|line| line.mark).collect();
        assert_eq!(marks[..3], [Mark::Header, Mark::Header, Mark::Hunk]);
        assert_eq!(
            marks[3..],
            [
                Mark::Same,
                Mark::Same,
                Mark::Same,
                Mark::Removed,
                Mark::Added,
                Mark::Same,
                Mark::Same
            ]
        );
    }

    #[test]
    fn bookkeeping_is_no_change() {
        let live = deployment();
        let mut dry = deployment();
        dry["metadata"]["generation"] = 4.into();
        dry["metadata"]["resourceVersion"] = "42".into();
        dry["metadata"]["managedFields"] = json!([]);
        dry["metadata"]["annotations"] = json!({});
        dry["spec"]["template"]["metadata"] = json!({"labels": {"a": "b"}});
        dry["status"] = json!({});
        assert_eq!(shown(Some(&live), Some(&dry)), "");
        dry["spec"]["template"]["metadata"]["labels"]["a"] = "c".into();
        assert!(shown(Some(&live), Some(&dry)).contains("\n+        a: c\n"));
    }

    #[test]
    fn what_a_template_is_told_by_the_server_is_no_change() {
        let claims = |status: Value| {
            json!({"kind": "StatefulSet", "metadata": {"name": "shop-nats"}, "spec": {"volumeClaimTemplates": [
                {"metadata": {"name": "data", "creationTimestamp": null}, "spec": {}, "status": status}
            ]}})
        };
        let (old, new) = (claims(json!({"phase": "Pending"})), claims(json!({})));
        assert_eq!(shown(Some(&old), Some(&new)), "");
    }

    #[test]
    fn what_comes_and_goes() {
        let object = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "charge", "uid": "1"}});
        assert_eq!(
            shown(None, Some(&object)),
            "--- ServiceAccount charge (none)\n+++ ServiceAccount charge (this tree)\n@@ -0,0 +1,4 @@\n\
             +apiVersion: v1\n+kind: ServiceAccount\n+metadata:\n+  name: charge\n"
        );
        assert_eq!(
            shown(Some(&object), None),
            "--- ServiceAccount charge (cluster)\n+++ ServiceAccount charge (none)\n@@ -1,4 +0,0 @@\n\
             -apiVersion: v1\n-kind: ServiceAccount\n-metadata:\n-  name: charge\n"
        );
        assert_eq!(shown(None, None), "");
    }

    #[test]
    fn a_secret_keeps_its_values() {
        let secret = |seed: &str, more: Value| {
            let mut object = json!({
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {
                    "name": "charge-nats",
                    "annotations": {"kubectl.kubernetes.io/last-applied-configuration": format!("{{\"seed\":\"{seed}\"}}")}
                },
                "data": {"seed": seed, "same": "U0FNRQ=="}
            });
            if let (Value::Object(data), Value::Object(more)) = (&mut object["data"], more) {
                data.extend(more);
            }
            object
        };
        let (old, new) = (
            secret("T0xE", json!({"gone": "R09ORQ=="})),
            secret("TkVX", json!({"new": "TkVXRVI="})),
        );
        let mut text = shown(Some(&old), Some(&new));
        assert!(text.contains("\n+  seed: <secret, changed>\n"), "{text}");
        text += &shown(None, Some(&new));
        text += &shown(Some(&old), None);
        let mut written = new.clone();
        written["stringData"] = json!({"password": "plain"});
        text += &shown(Some(&old), Some(&written));
        let mut unnamed = old.clone();
        unnamed.as_object_mut().expect("an object").remove("kind");
        text += &shown(Some(&unnamed), None);
        for value in ["T0xE", "TkVX", "U0FNRQ", "R09ORQ", "plain"] {
            assert!(!text.contains(value), "{value}\n{text}");
        }
        assert_eq!(shown(Some(&new), Some(&new)), "");
        let moved = secret("T0xE", json!({"gone": "R09ORQ=="}));
        assert_eq!(shown(Some(&old), Some(&moved)), "");
    }

    /// Whoever may write to the cluster could otherwise write to a reviewer's terminal.
    #[test]
    fn no_control_character_gets_through() {
        let object = |note: &str| json!({"kind": "Service", "metadata": {"name": "a", "annotations": {"note": note}}});
        let text = shown(
            Some(&object("plain")),
            Some(&object("\u{1b}[2J\u{9b}2J\u{7}")),
        );
        let harmful = |c: char| c.is_control() && c != '\n';
        assert!(
            !text.contains(harmful) && text.contains("\n+    note:"),
            "{text:?}"
        );
    }
}
