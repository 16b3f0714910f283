//! What a registry can refuse, and how that is said.

use std::error::Error;
use std::time::Duration;

use oci_client::errors::OciDistributionError;
use serde::Deserialize;

use super::retry::{self, Contact};
use crate::codes;
use crate::diagnostic::Diagnostic;

/// Why an image is not at the registry. Holds no password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The destination is no image's name.
    #[error("{0}")]
    Name(String),
    /// There is a login that cannot be used.
    #[error("{0}")]
    Credentials(String),
    /// No connection.
    #[error("cannot reach the registry {registry}: {why}")]
    Unreachable {
        /// Host and port.
        registry: String,
        /// The operating system's reason.
        why: String,
    },
    /// No connection by TLS.
    #[error("cannot speak TLS with the registry {registry}: {why}")]
    Tls {
        /// Host and port.
        registry: String,
        /// What is wrong with it.
        why: String,
    },
    /// The connection or the registry broke off, again and again.
    #[error("cannot {what} at the registry {registry}: {why}")]
    Broken {
        /// Host and port.
        registry: String,
        /// What was asked.
        what: String,
        /// How it broke.
        why: String,
    },
    /// The registry does not know the user.
    #[error("the registry {registry} does not let in who comes {login}")]
    Unauthorized {
        /// Host and port.
        registry: String,
        /// Who asked.
        login: String,
    },
    /// A login would be read by whoever is on the way.
    #[error("the registry {registry} wants the login to be sent to an address without TLS")]
    Exposed {
        /// Host and port.
        registry: String,
    },
    /// The registry knows the user, who may not push.
    #[error("the registry {registry} does not let push who comes {login}{said}")]
    Denied {
        /// Host and port.
        registry: String,
        /// Who asked.
        login: String,
        /// Its words, behind a colon.
        said: String,
    },
    /// The registry says no.
    #[error("cannot {what} at the registry {registry}: it answers {code}{said}")]
    Refused {
        /// Host and port.
        registry: String,
        /// What was asked.
        what: String,
        /// The status.
        code: u16,
        /// Its words, behind a colon.
        said: String,
    },
    /// The registry has something else under the name.
    #[error("the registry has {theirs} as {reference}, and {ours} was pushed")]
    Digest {
        /// The image by its tag.
        reference: String,
        /// What was pushed.
        ours: String,
        /// What is there.
        theirs: String,
    },
}

impl Contact {
    /// No answer in time.
    pub(super) fn silent(&self, what: &str, patience: Duration) -> Failure {
        Failure::Broken {
            registry: self.registry.clone(),
            what: what.to_owned(),
            why: format!("no answer in {} seconds", patience.as_secs()),
        }
    }

    /// What an error of the client means.
    pub(super) fn failure(&self, what: &str, error: OciDistributionError) -> Failure {
        let registry = self.registry.clone();
        let login = self.login.to_string();
        let what = what.to_owned();
        if let Some(code) = retry::status(&error) {
            let said = said(&error);
            return match code {
                401 => Failure::Unauthorized { registry, login },
                403 => Failure::Denied {
                    registry,
                    login,
                    said,
                },
                code => Failure::Refused {
                    registry,
                    what,
                    code,
                    said,
                },
            };
        }
        match error {
            OciDistributionError::AuthenticationFailure(_) => {
                Failure::Unauthorized { registry, login }
            }
            OciDistributionError::RequestError(error) => {
                if let Some(why) = retry::tls(&error) {
                    return Failure::Tls { registry, why };
                }
                let why = innermost(&error);
                if error.is_connect() {
                    Failure::Unreachable { registry, why }
                } else {
                    Failure::Broken {
                        registry,
                        what,
                        why,
                    }
                }
            }
            // Without addresses: that of an upload is a key to it.
            other => Failure::Broken {
                registry,
                what,
                why: plain(&other.to_string()),
            },
        }
    }
}

/// The last reason in a chain of them; the others only say that a request failed.
fn innermost(error: &dyn Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    plain(&error.to_string())
}

/// The registry's own words, behind a colon: those of the specification's form, or nothing.
fn said(error: &OciDistributionError) -> String {
    #[derive(Deserialize)]
    struct Envelope {
        errors: Vec<Said>,
    }
    #[derive(Deserialize)]
    struct Said {
        #[serde(default)]
        code: String,
        #[serde(default)]
        message: String,
    }
    let said = match error {
        OciDistributionError::ServerError { message, .. } => {
            let envelope = serde_json::from_str::<Envelope>(message);
            let errors = envelope.map(|envelope| envelope.errors).unwrap_or_default();
            let words = errors.into_iter().map(|said| match said.message.as_str() {
                "" => said.code,
                _ => said.message,
            });
            words.collect::<Vec<_>>().join(", ")
        }
        OciDistributionError::RegistryError { envelope, .. } => {
            let words = envelope.errors.iter().map(|said| said.message.clone());
            words.collect::<Vec<_>>().join(", ")
        }
        _ => String::new(),
    };
    match plain(&said) {
        said if said.is_empty() => said,
        said => format!(": {said}"),
    }
}

/// Text of somebody else, for a terminal: one line, not too long, no control characters.
fn plain(text: &str) -> String {
    const LONGEST: usize = 200;
    let text = text.replace(char::is_control, " ");
    text.trim().chars().take(LONGEST).collect()
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        let message = failure.to_string();
        let error = |code, help: &str| Self::error(code, message.clone()).help(help);
        match failure {
            Failure::Name(_) => error(
                codes::REGISTRY_REFUSED,
                "set `registry` in cloudc.toml to how its images' names start: `registry.example.com/team`",
            ),
            Failure::Credentials(_) => error(
                codes::REGISTRY_DENIED,
                "log in again: docker login, or podman login; $DOCKER_CONFIG names another folder of logins",
            ),
            Failure::Unreachable { .. } => error(
                codes::REGISTRY_UNREACHABLE,
                "it is named by `registry` in cloudc.toml",
            ),
            Failure::Tls { .. } => error(
                codes::REGISTRY_UNREACHABLE,
                "a registry with a certificate of one's own: $SSL_CERT_FILE names the authorities; one without TLS: \
                 `registry_plain_http = true` in cloudc.toml",
            ),
            Failure::Broken { .. } => error(
                codes::REGISTRY_UNREACHABLE,
                "run the command again: what is there already is not sent twice",
            ),
            Failure::Unauthorized { registry, .. } => error(
                codes::REGISTRY_DENIED,
                &format!("log in: docker login {registry}"),
            ),
            Failure::Exposed { .. } => error(
                codes::REGISTRY_DENIED,
                "nothing was sent: tell who runs the registry that the address of its authorization service begins with http://",
            ),
            Failure::Denied { .. } => error(
                codes::REGISTRY_DENIED,
                "let the user push there, or take another one: docker login",
            ),
            Failure::Refused { code: 404, .. } => error(
                codes::REGISTRY_REFUSED,
                "make the repository there first, if it makes none by itself; `registry` in cloudc.toml is how its name \
                 starts",
            ),
            Failure::Refused {
                code: 429 | 500.., ..
            } => error(
                codes::REGISTRY_REFUSED,
                "run the command again later: what is there already is not sent twice",
            ),
            Failure::Refused { code: 413, .. } => error(
                codes::REGISTRY_REFUSED,
                "the registry, or a proxy in front of it, takes no blob of this size: have its limit raised",
            ),
            Failure::Refused { .. } => error(
                codes::REGISTRY_REFUSED,
                "see that `registry` in cloudc.toml is a registry of images at that very address, and that it may be \
                 pushed to",
            ),
            Failure::Digest { .. } => error(
                codes::REGISTRY_REFUSED,
                "somebody else pushed it meanwhile, or something between changes what is sent; nothing was deployed",
            ),
        }
    }
}
