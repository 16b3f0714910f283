//! What a cluster can refuse, in words.

use kube::Error;
use kube::client::AuthError;
use kube::core::Status;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::text::plain;

use super::request::is_too_large;

/// A request that failed, and what it was to do: `cannot apply Deployment charge`.
pub(super) fn failed(doing: &str, error: &Error) -> Diagnostic {
    match error {
        Error::Api(status) => refused(doing, status),
        Error::Auth(cause) => Diagnostic::error(
            codes::CLUSTER_UNREACHABLE,
            format!("{doing}: {}", credentials(cause)),
        )
        .help("log in again, or choose another context with --context"),
        other => Diagnostic::error(
            codes::CLUSTER_UNREACHABLE,
            format!("{doing}: {}", chain(other)),
        )
        .help("see that the address of the kubeconfig's context is right, and that `kubectl version` answers"),
    }
}

fn refused(doing: &str, status: &Status) -> Diagnostic {
    let said = sentence(status);
    match status.code {
        401 => Diagnostic::error(
            codes::CLUSTER_UNREACHABLE,
            format!("{doing}: the cluster does not accept the credentials of this context"),
        )
        .help("they have expired or been revoked: log in again"),
        403 if said.contains("is being terminated") => Diagnostic::error(
            codes::CLUSTER_BUSY,
            format!("{doing}: the namespace is being deleted"),
        )
        .help("wait until it is gone, and run this again"),
        403 if said.contains("exceeded quota") => {
            Diagnostic::error(codes::CLUSTER_REFUSED, format!("{doing}: {said}"))
                .help("ask for a larger ResourceQuota, or for less memory, CPU or pods")
        }
        403 if said.contains("cannot") => {
            Diagnostic::error(codes::CLUSTER_DENIED, format!("{doing}: {said}"))
                .help("ask for a Role with this right")
        }
        409 if said.contains("is being deleted") => {
            Diagnostic::error(codes::CLUSTER_BUSY, format!("{doing}: {said}"))
                .help("wait until it is gone, and run this again")
        }
        413 => Diagnostic::error(
            codes::CLUSTER_REFUSED,
            format!("{doing}: it is larger than the API server takes (3 MiB)"),
        )
        .help("make it smaller: an overlay or a long list in cloudc.toml may have made it grow"),
        404 if said.starts_with("namespaces ") => {
            Diagnostic::error(codes::CLUSTER_REFUSED, format!("{doing}: {said}"))
                .help("make the namespace first: its manifest is in the tree, and `cloudc deploy` makes it")
        }
        422 if said.contains("updates to statefulset spec") => {
            Diagnostic::error(codes::CLUSTER_REFUSED, format!("{doing}: {said}")).help(
                "a volume cannot be made larger or smaller by a deploy. If `nats.storage` in cloudc.toml was changed, put it back, or \
                 change the claim by hand. Then, and where another version of cloudc made the StatefulSet, delete it with \
                 `kubectl delete --cascade=orphan`: its pod and its volume stay, and a deploy makes it anew",
            )
        }
        _ if is_too_large(status) => Diagnostic::error(
            codes::CLUSTER_REFUSED,
            format!("{doing}: it is larger than what the cluster keeps of one object (1.5 MiB)"),
        )
        .help("make it smaller: an overlay, or a long list in cloudc.toml, may have made it grow"),
        429 | 500..=599 => Diagnostic::error(
            codes::CLUSTER_UNREACHABLE,
            format!("{doing}: the API server is busy or restarting, and stayed so: {said}"),
        )
        .help("run this again later: it goes on where it was"),
        _ => Diagnostic::error(codes::CLUSTER_REFUSED, format!("{doing}: {said}")),
    }
}

/// What the server said, on one line.
fn sentence(status: &Status) -> String {
    let text = match (status.message.trim(), status.reason.trim()) {
        ("", "") => format!("HTTP status {}", status.code),
        ("", reason) => reason.to_owned(),
        (message, _) => message.to_owned(),
    };
    plain(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// A deletion of something that may be gone already.
pub(super) fn gone<T>(answer: kube::Result<T>, doing: &str) -> Result<(), Diagnostic> {
    match answer {
        Ok(_) => Ok(()),
        Err(Error::Api(status)) if status.code == 404 => Ok(()),
        Err(error) => Err(failed(doing, &error)),
    }
}

/// The fields of an object that somebody else owns: one error for all of them. `None` if that is not what is wrong.
pub(super) fn conflict(object: &str, error: &Error) -> Option<Diagnostic> {
    let Error::Api(status) = error else {
        return None;
    };
    let causes = &status.details.as_ref()?.causes;
    let mut fields: Vec<String> = causes
        .iter()
        .filter(|cause| cause.reason == "FieldManagerConflict")
        .map(|cause| {
            let owner = cause.message.split('"').nth(1).unwrap_or("somebody else");
            format!(
                "`{}` is set by `{owner}`",
                cause.field.trim_start_matches('.')
            )
        })
        .collect();
    fields.sort_unstable();
    fields.dedup();
    if status.code != 409 || fields.is_empty() {
        return None;
    }
    Some(
        Diagnostic::error(
            codes::FIELD_CONFLICT,
            format!(
                "{object} has fields of another owner: {}",
                fields.join(", ")
            ),
        )
        .help("let the other one give them up, or take them over with --force-conflicts"),
    )
}

/// A version or kind that the cluster does not serve.
pub(super) fn lacks(what: &str) -> Diagnostic {
    let missing = |message: &str| Diagnostic::error(codes::CLUSTER_LACKS, message);
    if what.starts_with("serving.knative.dev") {
        missing("the cluster has no Knative Serving").help(
            "install it (https://knative.dev/docs/install/), or write `target = \"kubernetes\"` in cloudc.toml: \
             then neither Knative nor KEDA is needed",
        )
    } else if what.starts_with("keda.sh") {
        missing("the cluster has no KEDA").help(
            "install it (https://keda.sh/docs/latest/deploy/), or write `target = \"kubernetes\"` in cloudc.toml: \
             then neither Knative nor KEDA is needed",
        )
    } else {
        missing(&format!("the cluster does not serve {what}"))
            .help("Kubernetes 1.27 or newer has it")
    }
}

/// Why there are no credentials for the cluster. What a plugin was called with and what it printed may be secret.
fn credentials(error: &AuthError) -> String {
    match error {
        AuthError::AuthExecStart(error) => {
            format!("the kubeconfig's credential plugin does not start: {error}")
        }
        AuthError::AuthExecRun { out, .. } => {
            format!("the kubeconfig's credential plugin failed ({})", out.status)
        }
        AuthError::AuthExecParse(_) | AuthError::ExecPluginFailed => {
            "the kubeconfig's credential plugin printed no ExecCredential with a status".to_owned()
        }
        AuthError::ReadTokenFile(error, path) => {
            format!(
                "the token of the kubeconfig's context in {} cannot be read: {error}",
                path.display()
            )
        }
        AuthError::InvalidBearerToken(_) => {
            "the token has a character that no header may have".to_owned()
        }
        AuthError::MissingCommand => "the kubeconfig's credential plugin has no command".to_owned(),
        _ => "the kubeconfig's credentials cannot be used".to_owned(),
    }
}

/// The authentication error among an error and its causes.
fn of_authentication<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e AuthError> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<AuthError>() {
            return Some(found);
        }
        if let Some(Error::Auth(found)) = error.downcast_ref::<Error>() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

/// An error with all its causes, each once, and nothing that could be secret.
pub(super) fn chain(error: &Error) -> String {
    let error: &(dyn std::error::Error + 'static) = match error {
        // What carries the requests: its name says nothing to a reader.
        Error::Service(cause) => &**cause,
        other => other,
    };
    if let Some(found) = of_authentication(error) {
        return credentials(found);
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = error.source();
    }
    without_logins(&text)
}

/// Text without the logins in its addresses: that of a proxy may have one.
pub(super) fn without_logins(text: &str) -> String {
    let mut parts = text.split("://");
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part
            .find(|c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#'))
            .unwrap_or(part.len());
        let start = part[..end].rfind('@').map_or(0, |at| at + 1);
        clean.push_str("://");
        clean.push_str(&part[start..]);
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_their_logins() {
        let of = without_logins;
        assert_eq!(
            of("no http://user:p@ss@proxy:1/x, nor"),
            "no http://proxy:1/x, nor"
        );
        assert_eq!(of("http://a:b@c and s://d@e"), "http://c and s://e");
        assert_eq!(of("https://host/a@b stays"), "https://host/a@b stays");
        assert_eq!(of("a@b"), "a@b");
    }
}
