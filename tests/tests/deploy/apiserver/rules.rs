//! The rules of an object by itself, beyond its schema. Source: the validation packages of the Kubernetes API groups.

use serde_json::Value;

use super::check::{Problem, findings};
use super::kinds::Kind;
use super::schema::{Node, Registry};
use super::status::Failure;
use super::store::text;

/// What is wrong: a field, and what about it.
pub(crate) type Wrong = (String, String);

/// 1 MiB: what the values of a ConfigMap or a Secret may have together.
const MAX_DATA: usize = 1024 * 1024;

/// Checks an object that is about to be kept.
pub(crate) fn check(
    kind: &Kind,
    object: &Value,
    node: Node<'_>,
    schemas: &Registry,
) -> Result<(), Failure> {
    let mut wrong = Vec::new();
    name(kind, object, &mut wrong);
    labels("metadata.labels", &object["metadata"]["labels"], &mut wrong);
    for finding in findings(object, node) {
        match finding.problem {
            Problem::Missing => wrong.push((finding.path, "Required value".to_owned())),
            Problem::Choice(value, choices) => {
                let message = format!(
                    "Unsupported value: {value}: supported values: {}",
                    choices.join(", ")
                );
                wrong.push((finding.path, message));
            }
            Problem::Unknown | Problem::Type(..) => {}
        }
    }
    match (kind.group, kind.kind) {
        ("", "ConfigMap" | "Secret") => data(kind, object, &mut wrong),
        ("apps", "Deployment" | "StatefulSet" | "ReplicaSet") => selector(object, &mut wrong),
        ("batch", "Job") => restart_policy(
            "spec.template.spec",
            &object["spec"]["template"]["spec"],
            &mut wrong,
        ),
        ("batch", "CronJob") => restart_policy(
            "spec.jobTemplate.spec.template.spec",
            &object["spec"]["jobTemplate"]["spec"]["template"]["spec"],
            &mut wrong,
        ),
        ("", "Service") => service(object, &mut wrong),
        _ => {}
    }
    if wrong.is_empty() && kind.custom() {
        wrong.extend(schemas.bounds(object).into_iter().map(|line| {
            let (path, message) = line.split_once(": ").unwrap_or(("", &line));
            (
                path.trim_start_matches('/').replace('/', "."),
                format!("Invalid value: {message}"),
            )
        }));
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Failure::invalid(
            kind,
            &text(&object["metadata"]["name"]),
            &wrong,
        ))
    }
}

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or \
                         '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used \
                         for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must \
                     start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for \
                     validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const LABEL_1035: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an \
                          alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', \
                          regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

fn name(kind: &Kind, object: &Value, wrong: &mut Vec<Wrong>) {
    let name = text(&object["metadata"]["name"]);
    let field = "metadata.name".to_owned();
    if name.is_empty() {
        wrong.push((
            field,
            "Required value: name or generateName is required".to_owned(),
        ));
        return;
    }
    let rbac = kind.group == "rbac.authorization.k8s.io";
    let (rule, fits, longest) = match (kind.group, kind.kind) {
        _ if rbac => (
            "may not contain '/' or '%'",
            !name.contains(['/', '%']),
            usize::MAX,
        ),
        ("", "Namespace") => (LABEL, dns_label(&name), 63),
        ("", "Service") | ("serving.knative.dev", _) => (
            LABEL_1035,
            dns_label(&name) && name.starts_with(|first: char| first.is_ascii_lowercase()),
            63,
        ),
        ("batch", "CronJob") => (SUBDOMAIN, name.split('.').all(dns_label), 52),
        ("apps", "StatefulSet") | ("batch", "Job") => (LABEL, name.split('.').all(dns_label), 63),
        _ => (SUBDOMAIN, name.split('.').all(dns_label), 253),
    };
    if !fits {
        wrong.push((field.clone(), format!("Invalid value: {name:?}: {rule}")));
    }
    if name.len() > longest {
        wrong.push((
            field,
            format!("Invalid value: {name:?}: must be no more than {longest} characters"),
        ));
    }
}

fn dns_label(text: &str) -> bool {
    let known = |character: char| {
        character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-'
    };
    !text.is_empty() && text.chars().all(known) && !text.starts_with('-') && !text.ends_with('-')
}

fn labels(field: &str, labels: &Value, wrong: &mut Vec<Wrong>) {
    for (key, value) in labels.as_object().into_iter().flatten() {
        let value = text(value);
        let part = |text: &str| {
            let known =
                |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
            let ends = text.starts_with(|first: char| first.is_ascii_alphanumeric())
                && text.ends_with(|last: char| last.is_ascii_alphanumeric());
            text.len() <= 63 && ends && text.chars().all(known)
        };
        if !value.is_empty() && !part(&value) {
            let rule = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', \
                        and must start and end with an alphanumeric character";
            wrong.push((
                field.to_owned(),
                format!("Invalid value: {value:?}: {rule}"),
            ));
        }
        let (prefix, name) = key
            .split_once('/')
            .map_or((None, key.as_str()), |(prefix, name)| (Some(prefix), name));
        if !part(name) || prefix.is_some_and(|prefix| !prefix.split('.').all(dns_label)) {
            wrong.push((field.to_owned(), format!("Invalid value: {key:?}: name part must consist of alphanumeric characters, '-', '_' or '.'")));
        }
    }
}

fn data(kind: &Kind, object: &Value, wrong: &mut Vec<Wrong>) {
    let mut size = 0;
    for field in ["data", "binaryData"] {
        for (key, value) in object[field].as_object().into_iter().flatten() {
            let known =
                |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
            if key.is_empty() || !key.chars().all(known) {
                let rule =
                    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
                wrong.push((
                    format!("{field}[{key}]"),
                    format!("Invalid value: {key:?}: {rule}"),
                ));
            }
            let value = text(value);
            size += if kind.kind == "Secret" || field == "binaryData" {
                data_encoding::BASE64
                    .decode(value.as_bytes())
                    .map_or(value.len(), |bytes| bytes.len())
            } else {
                value.len()
            };
        }
    }
    if size > MAX_DATA {
        let field = if kind.kind == "Secret" { "data" } else { "" };
        wrong.push((
            field.to_owned(),
            format!("Too long: may not be more than {MAX_DATA} bytes"),
        ));
    }
}

fn selector(object: &Value, wrong: &mut Vec<Wrong>) {
    let spec = &object["spec"];
    let labels = &spec["template"]["metadata"]["labels"];
    let wanted = spec["selector"]["matchLabels"].as_object();
    if wanted
        .into_iter()
        .flatten()
        .any(|(key, value)| labels[key] != *value)
    {
        let message =
            format!("Invalid value: {labels}: `selector` does not match template `labels`");
        wrong.push(("spec.template.metadata.labels".to_owned(), message));
    }
    let policy = &spec["template"]["spec"]["restartPolicy"];
    if policy != "Always" && !policy.is_null() {
        let message = format!("Unsupported value: {policy}: supported values: \"Always\"");
        wrong.push(("spec.template.spec.restartPolicy".to_owned(), message));
    }
}

fn restart_policy(path: &str, spec: &Value, wrong: &mut Vec<Wrong>) {
    let policy = &spec["restartPolicy"];
    if policy != "Never" && policy != "OnFailure" {
        let choices = "supported values: \"OnFailure\", \"Never\"";
        wrong.push((
            format!("{path}.restartPolicy"),
            format!("Required value: valid values: {choices}"),
        ));
    }
}

fn service(object: &Value, wrong: &mut Vec<Wrong>) {
    let spec = &object["spec"];
    let ports = spec["ports"].as_array().map_or(&[][..], Vec::as_slice);
    if ports.is_empty() && spec["type"] != "ExternalName" && spec["clusterIP"] != "None" {
        wrong.push(("spec.ports".to_owned(), "Required value".to_owned()));
    }
    for (index, port) in ports.iter().enumerate() {
        if ports.len() > 1 && port["name"].is_null() {
            wrong.push((
                format!("spec.ports[{index}].name"),
                "Required value".to_owned(),
            ));
        }
    }
}
