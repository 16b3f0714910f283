//! The logins that `docker login` and `podman login` keep.

use std::env;
use std::fmt;
use std::path::PathBuf;

use docker_credential::{CredentialRetrievalError, DockerCredential};

use super::Failure;

/// Who pushes.
pub(super) struct Credentials {
    pub(super) secret: Secret,
    /// How a person knows them again; no secret.
    pub(super) login: Login,
}

/// What proves it.
pub(super) enum Secret {
    /// Nothing.
    None,
    /// A user's password.
    Password(String, String),
    /// What an authorization service gives access tokens for.
    Identity(String),
}

impl Secret {
    /// As a registry takes it that wants the login itself.
    pub(super) fn basic(self) -> Option<(String, String)> {
        match self {
            Self::None => None,
            Self::Password(user, password) => Some((user, password)),
            Self::Identity(token) => Some((TOKEN_USER.to_owned(), token)),
        }
    }
}

/// A login, by what may be said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Login {
    /// Nobody logged in.
    None,
    /// This user.
    User(String),
    /// A token that stands for somebody.
    Token,
}

impl fmt::Display for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("without a login"),
            Self::User(name) => write!(f, "as `{}`", name.escape_debug()),
            Self::Token => f.write_str("with an identity token"),
        }
    }
}

/// The user under whose name a registry takes an identity token as a password, as the documentation of Azure's has it.
const TOKEN_USER: &str = "00000000-0000-0000-0000-000000000000";

/// Docker Hub's key in Docker's configuration, and in podman's.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";
const PODMAN_HUB: &str = "docker.io";

/// A file of logins, asked for one of them.
type Source = fn(&str) -> Result<DockerCredential, CredentialRetrievalError>;

/// The login for a registry: Docker's, else podman's, else none.
pub(super) fn find(registry: &str) -> Result<Credentials, Failure> {
    let (docker, podman) = match registry {
        "docker.io" | "index.docker.io" => (DOCKER_HUB, PODMAN_HUB),
        other => (other, other),
    };
    let mut sources: Vec<(Source, &str)> = Vec::new();
    if docker_config().is_some_and(|file| file.exists()) {
        sources.push((docker_credential::get_credential, docker));
    }
    if env::var_os("DOCKER_CONFIG").is_none() && podman_configs().iter().any(|file| file.exists()) {
        sources.push((docker_credential::get_podman_credential, podman));
    }
    for (source, server) in sources {
        match source(server) {
            Ok(found) => return Ok(of(found)),
            Err(error) if is_none(&error) => {}
            Err(error) => return Err(Failure::Credentials(words(registry, &error))),
        }
    }
    Ok(Credentials {
        secret: Secret::None,
        login: Login::None,
    })
}

fn of(found: DockerCredential) -> Credentials {
    match found {
        DockerCredential::IdentityToken(token) => Credentials {
            secret: Secret::Identity(token),
            login: Login::Token,
        },
        DockerCredential::UsernamePassword(user, password) => Credentials {
            login: Login::User(user.clone()),
            secret: Secret::Password(user, password),
        },
    }
}

fn docker_config() -> Option<PathBuf> {
    let home = || Some(PathBuf::from(env::var_os("HOME")?).join(".docker"));
    let folder = env::var_os("DOCKER_CONFIG")
        .map(PathBuf::from)
        .or_else(home)?;
    Some(folder.join("config.json"))
}

/// Where podman keeps logins: of this session, and for longer.
fn podman_configs() -> Vec<PathBuf> {
    if let Some(file) = env::var_os("REGISTRY_AUTH_FILE") {
        return vec![PathBuf::from(file)];
    }
    let home = || Some(PathBuf::from(env::var_os("HOME")?).join(".config"));
    let config = env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(home);
    let session = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let folders = session.into_iter().chain(config);
    folders
        .map(|folder| folder.join("containers/auth.json"))
        .collect()
}

/// Whether nobody logged in. A helper says it in words, always these.
fn is_none(error: &CredentialRetrievalError) -> bool {
    match error {
        CredentialRetrievalError::NoCredentialConfigured
        | CredentialRetrievalError::ConfigNotFound => true,
        CredentialRetrievalError::HelperFailure { stdout, .. } => {
            stdout.contains("credentials not found")
        }
        _ => false,
    }
}

/// The error without what a helper printed, which may be a secret.
fn words(registry: &str, error: &CredentialRetrievalError) -> String {
    let what = match error {
        CredentialRetrievalError::HelperFailure { helper, .. } => {
            format!("the credential helper `{helper}` failed")
        }
        CredentialRetrievalError::HelperCommunicationError => {
            "its credential helper cannot be run".to_owned()
        }
        CredentialRetrievalError::MalformedHelperResponse => {
            "its credential helper answered something else than a login".to_owned()
        }
        CredentialRetrievalError::ConfigReadError => {
            "the file with Docker's logins cannot be read as JSON".to_owned()
        }
        _ => "what was kept of it cannot be read".to_owned(),
    };
    format!("there is no usable login for {registry}: {what}")
}
