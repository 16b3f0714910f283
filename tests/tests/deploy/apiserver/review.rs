//! Who may do what.

use serde_json::{Value, json};

use super::kinds::Kind;
use super::request::{Call, Target};
use super::settings::Settings;
use super::status::Failure;
use super::store::State;
use super::write::Answer;

fn allowed(settings: &Settings, verb: &str, resource: &str) -> bool {
    // Whoever lacks one right does not have all.
    if verb == "*" {
        return settings.denied.is_empty();
    }
    let fits = |wanted: &str, asked: &str| wanted == "*" || wanted == asked;
    !settings
        .denied
        .iter()
        .any(|(verbs, resources)| fits(verbs, verb) && fits(resources, resource))
}

/// Notes the rights that a request needs. An apply of what is not there needs two.
pub(crate) fn note(state: &mut State, target: &Target, method: &str) {
    let kind = &target.kind;
    let mut resource = kind.qualified();
    if !target.subresource.is_empty() {
        resource += &format!("/{}", target.subresource);
    }
    let verb = target.verb(method);
    if verb == "patch" && state.get(kind, &target.namespace, &target.name).is_none() {
        state.used.insert(("create".to_owned(), resource.clone()));
    }
    state.used.insert((verb.to_owned(), resource));
}

/// Whether the user may do what is asked: else 403, in the words of RBAC.
pub(crate) fn authorize(settings: &Settings, target: &Target, method: &str) -> Result<(), Failure> {
    let kind = &target.kind;
    // Everybody may ask what they may do.
    if kind.group == "authorization.k8s.io" {
        return Ok(());
    }
    let part = if target.subresource.is_empty() {
        String::new()
    } else {
        format!("/{}", target.subresource)
    };
    let verb = target.verb(method);
    if allowed(settings, verb, &format!("{}{part}", kind.qualified())) {
        return Ok(());
    }
    Err(Failure::forbidden(
        kind,
        &target.name,
        &reason(settings, kind, verb, &part, &target.namespace),
    ))
}

fn reason(settings: &Settings, kind: &Kind, verb: &str, part: &str, namespace: &str) -> String {
    let place = if namespace.is_empty() {
        "at the cluster scope".to_owned()
    } else {
        format!("in the namespace {namespace:?}")
    };
    let (user, plural, group) = (&settings.user, kind.plural, kind.group);
    format!(
        "User {user:?} cannot {verb} resource \"{plural}{part}\" in API group {group:?} {place}"
    )
}

/// `POST` of a SelfSubjectAccessReview.
pub(crate) fn review(state: &mut State, call: &Call) -> Answer {
    let mut review = call.json()?;
    let asked = &review["spec"]["resourceAttributes"];
    let path = &review["spec"]["nonResourceAttributes"];
    if asked.is_null() == path.is_null() {
        let message = "Invalid value: exactly one of nonResourceAttributes or resourceAttributes must be specified";
        let kind = super::kinds::by_name("authorization.k8s.io/v1", "SelfSubjectAccessReview");
        let wrong = ("spec.resourceAttributes".to_owned(), message.to_owned());
        return Err(Failure::invalid(&kind, "", &[wrong]));
    }
    let text = |key: &str| asked[key].as_str().unwrap_or_default();
    let mut resource = text("resource").to_owned();
    if !text("group").is_empty() {
        resource += &format!(".{}", text("group"));
    }
    if !text("subresource").is_empty() {
        resource += &format!("/{}", text("subresource"));
    }
    let verb = text("verb").to_owned();
    let allowed = asked.is_null() || allowed(&state.settings, &verb, &resource);
    state.asked.insert((verb, resource));
    review["status"] = json!({"allowed": allowed});
    if !allowed {
        review["status"]["reason"] = Value::from("");
    }
    Ok((201, review))
}
