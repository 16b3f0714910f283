//! The values that the server fills in. Source: the defaulting functions of the Kubernetes API groups, v1.33.

use serde_json::{Value, json};

use super::kinds::Kind;

/// Sets a field that is not there.
fn set(object: &mut Value, field: &str, value: Value) {
    if object[field].is_null() {
        object[field] = value;
    }
}

/// Completes an object of a built-in kind. A custom resource's defaults are its webhooks' affair.
pub(crate) fn complete(kind: &Kind, object: &mut Value) {
    match (kind.group, kind.kind) {
        ("", "Namespace") => {
            let name = object["metadata"]["name"].clone();
            if object["metadata"]["labels"].is_null() {
                object["metadata"]["labels"] = json!({});
            }
            object["metadata"]["labels"]["kubernetes.io/metadata.name"] = name;
            set(object, "spec", json!({"finalizers": ["kubernetes"]}));
            set(object, "status", json!({"phase": "Active"}));
        }
        ("", "Secret") => secret(object),
        ("", "Service") => service(&mut object["spec"]),
        ("", "PersistentVolumeClaim") => claim(object),
        ("", "Pod") => pod(&mut object["spec"]),
        ("apps", "Deployment") => deployment(&mut object["spec"]),
        ("apps", "ReplicaSet") => {
            set(&mut object["spec"], "replicas", json!(1));
            pod(&mut object["spec"]["template"]["spec"]);
        }
        ("apps", "StatefulSet") => stateful_set(&mut object["spec"]),
        ("batch", "Job") => job(object),
        ("batch", "CronJob") => cron_job(&mut object["spec"]),
        ("autoscaling", "HorizontalPodAutoscaler") => {
            set(&mut object["spec"], "minReplicas", json!(1))
        }
        ("networking.k8s.io", "NetworkPolicy") => network_policy(&mut object["spec"]),
        _ => {}
    }
}

fn secret(object: &mut Value) {
    set(object, "type", json!("Opaque"));
    let Some(Value::Object(texts)) = object
        .as_object_mut()
        .and_then(|object| object.remove("stringData"))
    else {
        return;
    };
    for (key, value) in texts {
        let text = value.as_str().unwrap_or_default();
        object["data"][key] = json!(data_encoding::BASE64.encode(text.as_bytes()));
    }
}

fn service(spec: &mut Value) {
    set(spec, "type", json!("ClusterIP"));
    set(spec, "sessionAffinity", json!("None"));
    if spec["type"] != "ExternalName" {
        set(spec, "internalTrafficPolicy", json!("Cluster"));
        set(spec, "ipFamilies", json!(["IPv4"]));
        set(spec, "ipFamilyPolicy", json!("SingleStack"));
    }
    for port in items(&mut spec["ports"]) {
        set(port, "protocol", json!("TCP"));
        let number = port["port"].clone();
        set(port, "targetPort", number);
    }
}

fn claim(object: &mut Value) {
    set(&mut object["spec"], "volumeMode", json!("Filesystem"));
    set(object, "status", json!({"phase": "Pending"}));
}

fn deployment(spec: &mut Value) {
    set(spec, "replicas", json!(1));
    set(spec, "progressDeadlineSeconds", json!(600));
    set(spec, "revisionHistoryLimit", json!(10));
    set(spec, "strategy", json!({}));
    let strategy = &mut spec["strategy"];
    set(strategy, "type", json!("RollingUpdate"));
    if strategy["type"] == "RollingUpdate" {
        set(strategy, "rollingUpdate", json!({}));
        set(&mut strategy["rollingUpdate"], "maxSurge", json!("25%"));
        set(
            &mut strategy["rollingUpdate"],
            "maxUnavailable",
            json!("25%"),
        );
    }
    pod(&mut spec["template"]["spec"]);
}

fn stateful_set(spec: &mut Value) {
    set(spec, "replicas", json!(1));
    set(spec, "podManagementPolicy", json!("OrderedReady"));
    set(spec, "revisionHistoryLimit", json!(10));
    set(
        spec,
        "persistentVolumeClaimRetentionPolicy",
        json!({"whenDeleted": "Retain", "whenScaled": "Retain"}),
    );
    set(spec, "updateStrategy", json!({}));
    let strategy = &mut spec["updateStrategy"];
    set(strategy, "type", json!("RollingUpdate"));
    if strategy["type"] == "RollingUpdate" {
        set(strategy, "rollingUpdate", json!({"partition": 0}));
    }
    for template in items(&mut spec["volumeClaimTemplates"]) {
        set(template, "apiVersion", json!("v1"));
        set(template, "kind", json!("PersistentVolumeClaim"));
        claim(template);
    }
    pod(&mut spec["template"]["spec"]);
}

fn job(object: &mut Value) {
    let labels = object["spec"]["template"]["metadata"]["labels"].clone();
    if object["metadata"]["labels"].is_null() && labels.is_object() {
        object["metadata"]["labels"] = labels;
    }
    job_spec(&mut object["spec"]);
}

fn job_spec(spec: &mut Value) {
    if spec["parallelism"].is_null() && spec["completions"].is_null() {
        spec["completions"] = json!(1);
    }
    set(spec, "parallelism", json!(1));
    set(spec, "backoffLimit", json!(6));
    set(spec, "completionMode", json!("NonIndexed"));
    set(spec, "suspend", json!(false));
    set(spec, "manualSelector", json!(false));
    set(spec, "podReplacementPolicy", json!("TerminatingOrFailed"));
    pod(&mut spec["template"]["spec"]);
}

fn cron_job(spec: &mut Value) {
    set(spec, "concurrencyPolicy", json!("Allow"));
    set(spec, "suspend", json!(false));
    set(spec, "successfulJobsHistoryLimit", json!(3));
    set(spec, "failedJobsHistoryLimit", json!(1));
    // The template of the Job is not completed as a Job is; its pod is.
    pod(&mut spec["jobTemplate"]["spec"]["template"]["spec"]);
}

fn network_policy(spec: &mut Value) {
    let mut types = vec!["Ingress"];
    if spec["egress"].is_array() {
        types.push("Egress");
    }
    set(spec, "policyTypes", json!(types));
    for direction in ["ingress", "egress"] {
        for rule in items(&mut spec[direction]) {
            for port in items(&mut rule["ports"]) {
                set(port, "protocol", json!("TCP"));
            }
        }
    }
}

/// Completes the spec of a pod, or of a template of one.
pub(crate) fn pod(spec: &mut Value) {
    if !spec.is_object() {
        return;
    }
    set(spec, "restartPolicy", json!("Always"));
    set(spec, "dnsPolicy", json!("ClusterFirst"));
    set(spec, "schedulerName", json!("default-scheduler"));
    set(spec, "securityContext", json!({}));
    set(spec, "terminationGracePeriodSeconds", json!(30));
    // The deprecated alias follows the account's name.
    if spec["serviceAccountName"].is_string() {
        spec["serviceAccount"] = spec["serviceAccountName"].clone();
    }
    for list in ["initContainers", "containers"] {
        items(&mut spec[list]).iter_mut().for_each(container);
    }
    for volume in items(&mut spec["volumes"]) {
        for (source, mode) in [
            ("secret", "defaultMode"),
            ("configMap", "defaultMode"),
            ("projected", "defaultMode"),
        ] {
            if volume[source].is_object() {
                set(&mut volume[source], mode, json!(0o644));
            }
        }
    }
    clear_nulls(spec);
}

fn container(container: &mut Value) {
    let image = container["image"].as_str().unwrap_or_default();
    let tag = image
        .rsplit('/')
        .next()
        .and_then(|name| name.split_once(':'))
        .map(|(_, tag)| tag);
    let latest = !image.contains('@') && tag.is_none_or(|tag| tag == "latest");
    set(
        container,
        "imagePullPolicy",
        json!(if latest { "Always" } else { "IfNotPresent" }),
    );
    set(container, "resources", json!({}));
    set(
        container,
        "terminationMessagePath",
        json!("/dev/termination-log"),
    );
    set(container, "terminationMessagePolicy", json!("File"));
    for port in items(&mut container["ports"]) {
        set(port, "protocol", json!("TCP"));
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let probe = &mut container[probe];
        if probe.is_object() {
            for (field, value) in [
                ("timeoutSeconds", 1),
                ("periodSeconds", 10),
                ("successThreshold", 1),
                ("failureThreshold", 3),
            ] {
                set(probe, field, json!(value));
            }
            if probe["httpGet"].is_object() {
                set(&mut probe["httpGet"], "scheme", json!("HTTP"));
                set(&mut probe["httpGet"], "path", json!("/"));
            }
        }
    }
    // A limit without a request is the request too.
    let limits = container["resources"]["limits"].as_object().cloned();
    for (name, limit) in limits.into_iter().flatten() {
        if container["resources"]["requests"][&name].is_null() {
            container["resources"]["requests"][&name] = limit;
        }
    }
    for variable in items(&mut container["env"]) {
        if variable["valueFrom"]["fieldRef"].is_object() {
            set(
                &mut variable["valueFrom"]["fieldRef"],
                "apiVersion",
                json!("v1"),
            );
        }
    }
}

fn items(list: &mut Value) -> &mut [Value] {
    list.as_array_mut().map_or(&mut [], Vec::as_mut_slice)
}

/// Indexing a field that is not there leaves a null; takes them out again.
pub(crate) fn clear_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, child| !child.is_null());
            fields.values_mut().for_each(clear_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(clear_nulls),
        _ => {}
    }
}
