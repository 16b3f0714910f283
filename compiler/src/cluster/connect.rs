//! From a kubeconfig to a client.

use std::ffi::OsString;
use std::io;
use std::time::Duration;

use http::{Request, Response};
use kube::client::{Body, ClientBuilder};
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};
use secrecy::ExposeSecret as _;
use tower::{BoxError, Service, ServiceExt as _};

use crate::codes;
use crate::diagnostic::Diagnostic;

use super::failure::failed;
use super::request;

/// How long the API server's address may take to answer.
const CONNECT: Duration = Duration::from_secs(10);
/// How long one answer may take. The API server itself ends a request after a minute.
const ANSWER: Duration = Duration::from_secs(65);

/// A client for a context of the kubeconfig, or for the cluster that this process runs in, if `KUBECONFIG` is not set, there is
/// no `~/.kube/config` and no context is named. By the proxy of the kubeconfig, or of `HTTPS_PROXY` and `NO_PROXY`.
///
/// # Errors
///
/// No kubeconfig, one that cannot be read, a context that it does not have; a cluster that does not answer.
pub async fn connect(context: Option<&str>) -> Result<Client, Diagnostic> {
    // Two libraries of cloudc bring a cryptography each; whoever was first is used.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut config = config(context).await?;
    config.connect_timeout = Some(CONNECT);
    config.read_timeout = Some(ANSWER);
    config.reset_reader_on_write = true;
    // `request` asks again, with an idea of which errors pass.
    config.default_retry = false;
    let namespace = config.default_namespace.clone();
    token(&mut config)?;
    let transport = ClientBuilder::try_from(config).map_err(|error| {
        unusable(format!(
            "cannot use the kubeconfig's context: {}",
            super::failure::chain(&error)
        ))
        .help("see that `kubectl version` answers, or choose another context with --context")
    })?;
    let client = transport.build();
    let sends = tower::service_fn(move |request| {
        let client = client.clone();
        async move { client.send(request).await }
    });
    let client = over(sends, namespace);
    // Nobody listens: that is known at once. A server that is only busy is asked again, by whoever asks it something.
    match client.apiserver_version().await {
        Ok(_) | Err(kube::Error::Api(_)) => Ok(client),
        Err(error) => Err(failed("cannot reach the cluster", &error)),
    }
}

/// A client over any transport that hears when a server asks for time.
pub fn over<S>(transport: S, namespace: impl Into<String>) -> Client
where
    S: Service<Request<Body>, Response = Response<Body>> + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
{
    Client::new(transport.map_response(request::with_time), namespace)
}

async fn config(context: Option<&str>) -> Result<Config, Diagnostic> {
    let options = KubeConfigOptions {
        context: context.map(str::to_owned),
        ..Default::default()
    };
    let kubeconfig = match read() {
        Ok(kubeconfig) => kubeconfig,
        Err(error) => {
            // A kubeconfig that is broken means another cluster, and not this one.
            if context.is_none()
                && !has_kubeconfig()
                && let Ok(config) = Config::incluster()
            {
                return Ok(config);
            }
            // A parser shows the lines around a mistake, and there may be a token in them.
            let error = error.to_string();
            let first = error.lines().next().unwrap_or_default();
            return Err(unusable(format!("there is no usable kubeconfig: {first}"))
                .help("set KUBECONFIG, or put one at ~/.kube/config"));
        }
    };
    if let Some(wanted) = context {
        let known: Vec<&str> = kubeconfig
            .contexts
            .iter()
            .map(|context| context.name.as_str())
            .collect();
        if !known.contains(&wanted) {
            let found = unusable(format!("the kubeconfig has no context `{wanted}`"));
            return Err(match known.as_slice() {
                [] => found.help("it has no context at all"),
                known => found.help(format!("it has {}", known.join(", "))),
            });
        }
    } else if kubeconfig
        .current_context
        .as_deref()
        .unwrap_or_default()
        .is_empty()
    {
        return Err(unusable("the kubeconfig has no current context")
            .help("name one with --context, or run `kubectl config use-context`"));
    }
    Config::from_custom_kubeconfig(kubeconfig, &options)
        .await
        .map_err(|error| {
            let why = super::failure::without_logins(&error.to_string());
            unusable(format!("cannot use the kubeconfig: {why}")).help(
                "see that `kubectl version` answers, or choose another context with --context",
            )
        })
}

/// The files of `KUBECONFIG` as one, as kubectl reads them: those that are not there are passed over, and who says first what the
/// current context is counts, if that is not an empty name. Without `KUBECONFIG`, `~/.kube/config`.
fn read() -> Result<Kubeconfig, KubeconfigError> {
    let Some(list) = set("KUBECONFIG") else {
        return Kubeconfig::read();
    };
    let mut merged: Option<Kubeconfig> = None;
    let mut absent = KubeconfigError::FindPath;
    let files = std::env::split_paths(&list).filter(|file| !file.as_os_str().is_empty());
    for file in files {
        match Kubeconfig::read_from(&file) {
            Ok(mut next) => {
                next.current_context = next.current_context.filter(|name| !name.is_empty());
                merged = Some(match merged {
                    Some(before) => before.merge(next)?,
                    None => next,
                });
            }
            Err(error) if is_absent(&error) => absent = error,
            Err(error) => return Err(error),
        }
    }
    merged.ok_or(absent)
}

fn is_absent(error: &KubeconfigError) -> bool {
    matches!(error, KubeconfigError::ReadConfig(error, _) if error.kind() == io::ErrorKind::NotFound)
}

/// A variable that is not empty.
fn set(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Whether somebody meant a kubeconfig to be used.
fn has_kubeconfig() -> bool {
    let home = set("HOME").map(|home| std::path::Path::new(&home).join(".kube/config"));
    set("KUBECONFIG").is_some() || home.is_some_and(|file| file.exists())
}

/// Reads the file of the token, and trims the token, as kubectl does both: the client would take line breaks for a part of it.
fn token(config: &mut Config) -> Result<(), Diagnostic> {
    let auth = &mut config.auth_info;
    // Beside a token it is the file that counts, and the token is what is left when it cannot be read.
    if let Some(file) = &auth.token_file
        && (auth.token.is_none() || std::fs::metadata(file).is_ok())
    {
        let read = std::fs::read_to_string(file).map_err(|error| {
            unusable(format!(
                "cannot read the token of the kubeconfig's context in {file}: {error}"
            ))
            .help("write it anew, or choose another context with --context")
        })?;
        auth.token = Some(read.into());
        auth.token_file = None;
    }
    let Some(token) = &auth.token else {
        return Ok(());
    };
    let trimmed = token.expose_secret().trim();
    if http::HeaderValue::try_from(trimmed).is_err() {
        return Err(unusable(
            "the token of the kubeconfig's context has a character that no header may have",
        )
        .help("it is one line of letters, digits and signs: copy it again, or log in again"));
    }
    auth.token = Some(trimmed.to_owned().into());
    Ok(())
}

fn unusable(message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(codes::CLUSTER_UNREACHABLE, message)
}
