//! What `/version`, `/api` and `/apis` answer.

use serde_json::{Value, json};

use super::kinds::{KINDS, Kind, api_version};

const VERBS: &[&str] = &[
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
];

/// The answer to a path of discovery; `None` for any other path.
pub(crate) fn answer(path: &str, groups: &[&str], version: &str) -> Option<Value> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    Some(match parts.as_slice() {
        ["version"] => info(version),
        ["livez" | "readyz" | "healthz"] => json!("ok"),
        ["api"] => json!({
            "kind": "APIVersions",
            "versions": ["v1"],
            "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": "10.0.0.1:6443"}],
        }),
        ["apis"] => json!({
            "kind": "APIGroupList",
            "apiVersion": "v1",
            "groups": groups.iter().filter_map(|group| self::group(group)).collect::<Vec<_>>(),
        }),
        ["api", "v1"] => resources("", "v1"),
        ["apis", name] if groups.contains(name) => {
            let mut group = group(name)?;
            group["kind"] = json!("APIGroup");
            group["apiVersion"] = json!("v1");
            group
        }
        ["apis", group, version]
            if groups.contains(group) && kinds(group).any(|kind| kind.version == *version) =>
        {
            resources(group, version)
        }
        _ => return None,
    })
}

fn info(version: &str) -> Value {
    let mut parts = version.trim_start_matches('v').split('.');
    json!({
        "major": parts.next().unwrap_or_default(),
        "minor": parts.next().unwrap_or_default(),
        "gitVersion": version,
        "gitCommit": "0000000000000000000000000000000000000000",
        "gitTreeState": "clean",
        "buildDate": "2025-04-23T13:00:00Z",
        "goVersion": "go1.24.2",
        "compiler": "gc",
        "platform": "linux/amd64",
    })
}

fn kinds(group: &str) -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().filter(move |kind| kind.group == group)
}

fn group(name: &str) -> Option<Value> {
    let version = kinds(name).next()?.version;
    let named = json!({"groupVersion": api_version(name, version), "version": version});
    (!name.is_empty())
        .then(|| json!({"name": name, "versions": [named], "preferredVersion": named}))
}

fn resources(group: &str, version: &str) -> Value {
    let mut resources = Vec::new();
    for kind in kinds(group).filter(|kind| kind.version == version) {
        let review = kind.group == "authorization.k8s.io";
        let verbs = if review { &["create"][..] } else { VERBS };
        let mut resource = part(kind, "", verbs);
        resource["singularName"] = json!(kind.kind.to_lowercase());
        if !kind.short.is_empty() {
            resource["shortNames"] = json!(kind.short);
        }
        resources.push(resource);
        if kind.kind == "Pod" {
            resources.push(part(kind, "/log", &["get"]));
        }
        if kind.scale {
            let mut scale = part(kind, "/scale", &["get", "patch", "update"]);
            scale["group"] = json!("autoscaling");
            scale["version"] = json!("v1");
            scale["kind"] = json!("Scale");
            resources.push(scale);
        }
        if kind.status {
            resources.push(part(kind, "/status", &["get", "patch", "update"]));
        }
    }
    json!({
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": api_version(group, version),
        "resources": resources,
    })
}

fn part(kind: &Kind, subresource: &str, verbs: &[&str]) -> Value {
    json!({
        "name": format!("{}{subresource}", kind.plural),
        "singularName": "",
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": verbs,
    })
}
