//! Knative Serving's controllers: a Service gets its Configuration, its Revisions with their Deployments, and its Route.

use serde_json::{Value, json};

use super::super::kinds::by_name;
use super::super::pods::Hang;
use super::super::settings::CLUSTER_DOMAIN;
use super::super::store::{State, text};
use super::{Controller, condition, dependents, owner};

const KNATIVE: Controller = Controller("controller");
const VERSION: &str = "serving.knative.dev/v1";

pub(super) fn settle(state: &mut State) {
    if !state.settings.groups.contains(&"serving.knative.dev") {
        return;
    }
    for service in state.list(&by_name(VERSION, "Service"), "") {
        if service["metadata"]["deletionTimestamp"].is_null() {
            self::service(state, &service);
        }
    }
}

/// Whether a revision is ready, and what is wrong where it is not.
fn trouble(hang: Option<&Hang>, image: &Value) -> Option<(&'static str, String)> {
    Some(match hang? {
        Hang::ImagePull(message) => (
            "ImagePullBackOff",
            format!("Back-off pulling image {image}: ErrImagePull: {message}"),
        ),
        Hang::CrashLoop(lines) => ("ExitCode1", format!("Container failed with: {lines}")),
        Hang::Unschedulable(message) => ("Unschedulable", message.clone()),
        Hang::Quota(message) => (
            "FailedCreate",
            format!("pods is forbidden: exceeded quota: {message}"),
        ),
        Hang::NeverReady | Hang::JobFailed(_) => (
            "ProgressDeadlineExceeded",
            "Initial scale was never achieved".to_owned(),
        ),
    })
}

fn labels(service: &Value, revision: Option<&str>) -> Value {
    let mut labels = json!({"serving.knative.dev/service": service["metadata"]["name"]});
    if let Some(revision) = revision {
        labels["serving.knative.dev/configuration"] = service["metadata"]["name"].clone();
        labels["serving.knative.dev/revision"] = json!(revision);
    }
    labels
}

fn service(state: &mut State, service: &Value) {
    let metadata = &service["metadata"];
    let (name, namespace) = (text(&metadata["name"]), text(&metadata["namespace"]));
    let template = &service["spec"]["template"];
    let made = |kind: &str, spec: Value| {
        json!({
            "apiVersion": VERSION,
            "kind": kind,
            "metadata": {
                "name": name,
                "namespace": namespace,
                "labels": labels(service, None),
                "ownerReferences": owner(service),
            },
            "spec": spec,
        })
    };
    let configuration = KNATIVE.keep(state, &made("Configuration", json!({"template": template})));
    let route = KNATIVE.keep(
        state,
        &made("Route", json!({"traffic": service["spec"]["traffic"]})),
    );

    let number = configuration["metadata"]["generation"]
        .as_u64()
        .unwrap_or(1);
    let latest = match template["metadata"]["name"].as_str() {
        Some(name) => name.to_owned(),
        None => format!("{name}-{number:05}"),
    };
    let hang = state.hangs.get(&(namespace.clone(), name.clone())).cloned();
    let taken = is_taken(state, &namespace, &latest, number, &template["spec"]);
    let revision = self::revision(state, service, &configuration, &latest, number);
    let trouble = trouble(hang.as_ref(), &template["spec"]["containers"][0]["image"]);
    // A revision that is ready stays it: what hangs is the next one. And one that was given up is not tried again.
    let before = &revision["status"]["conditions"][0];
    let given_up = (before["reason"] == "ProgressDeadlineExceeded")
        .then(|| ("ProgressDeadlineExceeded", text(&before["message"])));
    let trouble = trouble.filter(|_| before["status"] != "True").or(given_up);
    let status = json!({
        "observedGeneration": 1,
        "conditions": conditions(&revision, "Ready", &["ContainerHealthy", "ResourcesAvailable"], trouble.as_ref()),
        "containerStatuses": [{"name": template["spec"]["containers"][0]["name"]}],
    });
    if !taken {
        KNATIVE.status(state, &revision, &status);
    }

    let before = service["status"]["latestReadyRevisionName"].clone();
    let ready = if trouble.is_none() && !taken {
        json!(latest)
    } else {
        before
    };
    let why = if taken {
        let what = format!("revisions.serving.knative.dev {latest:?} already exists");
        Some(format!("Revision creation failed with message: {what}."))
    } else {
        trouble.map(|(_, message)| format!("Revision {latest:?} failed with message: {message}."))
    };
    let failed = why.map(|why| ("RevisionFailed", why));
    let mut status = json!({
        "observedGeneration": configuration["metadata"]["generation"],
        "latestCreatedRevisionName": latest,
        "latestReadyRevisionName": ready,
        "conditions": conditions(&configuration, "Ready", &[], failed.as_ref()),
    });
    KNATIVE.status(state, &configuration, &status);

    let (traffic, routed) = traffic(state, service, &ready);
    let url = json!(format!(
        "http://{name}.{namespace}.{}",
        domain(state, service)
    ));
    let addressed = json!({"url": format!("http://{name}.{namespace}.{CLUSTER_DOMAIN}")});
    let route_status = json!({
        "observedGeneration": route["metadata"]["generation"],
        "url": url,
        "address": addressed,
        "traffic": traffic,
        "conditions": conditions(&route, "Ready", &["AllTrafficAssigned", "IngressReady"], routed.as_ref()),
    });
    KNATIVE.status(state, &route, &route_status);

    status["observedGeneration"] = metadata["generation"].clone();
    status["url"] = url;
    status["address"] = addressed;
    status["traffic"] = traffic;
    let whole = failed.as_ref().or(routed.as_ref());
    status["conditions"] = json!([
        one(service, "ConfigurationsReady", failed.as_ref()),
        one(service, "Ready", whole),
        one(service, "RoutesReady", routed.as_ref()),
    ]);
    KNATIVE.status(state, service, &status);
}

fn domain(state: &State, service: &Value) -> &'static str {
    match service["metadata"]["labels"]["networking.knative.dev/visibility"].as_str() {
        Some("cluster-local") => CLUSTER_DOMAIN,
        _ => state.settings.domain,
    }
}

/// Whether there is a revision of that name that was made from something else. Source: `CheckNameAvailability` in
/// pkg/reconciler/configuration.
fn is_taken(state: &State, namespace: &str, name: &str, number: u64, spec: &Value) -> bool {
    let revision = state.get(&by_name(VERSION, "Revision"), namespace, name);
    revision.is_some_and(|revision| {
        let generation =
            &revision["metadata"]["labels"]["serving.knative.dev/configurationGeneration"];
        let generation = generation.as_str().and_then(|text| text.parse().ok());
        generation != Some(number) && revision["spec"] != *spec
    })
}

/// A Revision is made once for a template. Its Deployment has the Revision's labels, and no pods while nobody asks.
fn revision(
    state: &mut State,
    service: &Value,
    configuration: &Value,
    name: &str,
    number: u64,
) -> Value {
    let namespace = text(&service["metadata"]["namespace"]);
    let kind = by_name(VERSION, "Revision");
    let template = &service["spec"]["template"];
    let revision = match state.get(&kind, &namespace, name) {
        Some(revision) => revision.clone(),
        None => {
            let mut metadata = template["metadata"].clone();
            metadata["name"] = json!(name);
            metadata["namespace"] = json!(namespace);
            metadata["ownerReferences"] = owner(configuration);
            for (label, value) in labels(service, None).as_object().into_iter().flatten() {
                metadata["labels"][label] = value.clone();
            }
            metadata["labels"]["serving.knative.dev/configuration"] =
                service["metadata"]["name"].clone();
            metadata["labels"]["serving.knative.dev/configurationGeneration"] =
                json!(number.to_string());
            KNATIVE.keep(
                state,
                &json!({
                    "apiVersion": VERSION,
                    "kind": "Revision",
                    "metadata": metadata,
                    "spec": template["spec"],
                }),
            )
        }
    };
    let hangs = state
        .hangs
        .contains_key(&(namespace.clone(), text(&service["metadata"]["name"])));
    let notes = &template["metadata"]["annotations"];
    let least = notes["autoscaling.knative.dev/min-scale"]
        .as_str()
        .and_then(|least| least.parse().ok())
        .unwrap_or(0);
    let replicas: u64 = if hangs { 1 } else { least };
    let mut spec = template["spec"].clone();
    for field in [
        "containerConcurrency",
        "timeoutSeconds",
        "responseStartTimeoutSeconds",
        "idleTimeoutSeconds",
    ] {
        spec.as_object_mut().map(|spec| spec.remove(field));
    }
    let mut pod_labels = template["metadata"]["labels"].clone();
    for (label, value) in labels(service, Some(name))
        .as_object()
        .into_iter()
        .flatten()
    {
        pod_labels[label] = value.clone();
    }
    let deployment = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": format!("{name}-deployment"),
            "namespace": namespace,
            "labels": pod_labels,
            "ownerReferences": owner(&revision),
        },
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"serving.knative.dev/revision": name}},
            "template": {"metadata": {"labels": pod_labels}, "spec": spec},
        },
    });
    if dependents(state, "apps/v1", "Deployment", &revision).is_empty() {
        KNATIVE.keep(state, &deployment);
    }
    revision
}

/// Where the traffic goes, and what is wrong where it goes nowhere.
fn traffic(
    state: &State,
    service: &Value,
    ready: &Value,
) -> (Value, Option<(&'static str, String)>) {
    let (name, namespace) = (
        text(&service["metadata"]["name"]),
        text(&service["metadata"]["namespace"]),
    );
    let mut targets = Vec::new();
    for target in service["spec"]["traffic"].as_array().into_iter().flatten() {
        let mut target = target.clone();
        if target["latestRevision"] == true {
            if ready.is_null() {
                let message = format!("Configuration {name:?} does not have any ready Revision.");
                return (Value::Null, Some(("RevisionMissing", message)));
            }
            target["revisionName"] = ready.clone();
        }
        let revision = text(&target["revisionName"]);
        if state
            .get(&by_name(VERSION, "Revision"), &namespace, &revision)
            .is_none()
        {
            let message = format!("Revision {revision:?} referenced in traffic not found.");
            return (
                service["status"]["traffic"].clone(),
                Some(("RevisionMissing", message)),
            );
        }
        if let Some(tag) = target["tag"].as_str() {
            target["url"] = json!(format!(
                "http://{tag}-{name}.{namespace}.{}",
                domain(state, service)
            ));
        }
        targets.push(target);
    }
    (Value::Array(targets), None)
}

fn one(object: &Value, kind: &str, trouble: Option<&(&'static str, String)>) -> Value {
    match trouble {
        None => condition(object, kind, "True", "", ""),
        Some((reason, message)) => condition(object, kind, "False", reason, message),
    }
}

fn conditions(
    object: &Value,
    first: &str,
    others: &[&str],
    trouble: Option<&(&'static str, String)>,
) -> Value {
    std::iter::once(&first)
        .chain(others)
        .map(|kind| one(object, kind, trouble))
        .collect()
}
