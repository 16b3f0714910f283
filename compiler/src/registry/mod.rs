//! Pushes an image to a registry, by the OCI distribution API.
//!
//! Blobs that are there already are not sent. What a registry or the network may get over is tried again. The manifest
//! goes last, so an image that was pushed in half is no image yet, and the next push sends what is missing. At the end
//! the registry is asked what it has: it must be the digest that the manifests name.

mod attach;
mod credentials;
mod failure;
mod retry;
mod token;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream;
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::errors::OciDistributionError;
use oci_client::secrets::RegistryAuth;
use oci_client::token_cache::RegistryTokenType;
use oci_client::{Client, Reference, RegistryOperation};

use crate::image::{Blob, Image};
use credentials::{Credentials, Secret};
pub use failure::Failure;
use retry::{Attempt, Contact};
use token::{Challenge, Exchange};

/// Where an image goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Its name without tag and digest: `registry.example.com/team/shop`.
    pub name: String,
    /// Whether the registry is reached without TLS.
    pub plain_http: bool,
}

/// What a push did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// The image by its tag: `registry.example.com/team/shop:0123456789ab`.
    pub reference: String,
    /// The blobs that were sent.
    pub sent: usize,
    /// The blobs that were there already.
    pub there: usize,
    /// Why what the program is made of is not attached; the image is there all the same.
    pub unattached: Option<Failure>,
}

/// Hears how far a push has come. Every method may be left as it is.
pub trait Progress: Send + Sync {
    /// A blob of so many bytes is being sent, from its start.
    fn begins(&self, _digest: &str, _bytes: u64) {}
    /// So many bytes more went out.
    fn sent(&self, _bytes: u64) {}
    /// The blob is at the registry.
    fn ends(&self) {}
    /// Something failed and will be tried again after this time.
    fn again(&self, _what: &str, _why: &str, _wait: Duration) {}
}

/// Nobody listens.
#[derive(Debug)]
pub struct Silent;

impl Progress for Silent {}

/// How many bytes of a blob are given to the connection at a time.
const CHUNK: usize = 64 << 10;

/// How long a connection may take to come.
const CONNECT: Duration = Duration::from_secs(10);

/// Who it is that asks.
const USER_AGENT: &str = concat!("cloudc/", env!("CARGO_PKG_VERSION"));

/// The longest that an access token is kept, in seconds. Another one takes its place before it ends.
const KEPT: usize = 24 * 60 * 60;

/// Pushes an image, and a tag that never moves. Needs a tokio runtime with time and I/O. Credentials are those of
/// `docker login` and `podman login`: `$DOCKER_CONFIG`, credential helpers and identity tokens included.
///
/// # Errors
///
/// [`Failure`], which never holds a password.
pub async fn push(
    image: &Image,
    to: &Destination,
    progress: Arc<dyn Progress>,
) -> Result<Pushed, Failure> {
    let reference = format!("{}:{}", to.name, image.tag());
    let parsed = Reference::try_from(reference.as_str())
        .map_err(|error| Failure::Name(format!("`{reference}` is no image's name: {error}")))?;
    let credentials = credentials::find(parsed.registry())?;
    let mut push = Push {
        client: client(to, &credentials, parsed.registry())?,
        contact: Contact::new(parsed.registry(), &credentials),
        auth: RegistryAuth::Anonymous,
        exchange: None,
        reference: parsed,
        progress,
    };
    push.log_in(credentials.secret, to.plain_http).await?;
    let mut pushed = Pushed {
        reference,
        sent: 0,
        there: 0,
        unattached: None,
    };
    for blob in image.blobs() {
        if push.has(blob).await? {
            pushed.there += 1;
        } else {
            push.send(blob).await?;
            pushed.sent += 1;
        }
    }
    push.name(&image.manifest).await?;
    let attached = push.attach(&image.sbom, &image.manifest).await;
    pushed.unattached = attached.err();
    Ok(pushed)
}

fn client(to: &Destination, credentials: &Credentials, registry: &str) -> Result<Client, Failure> {
    // One process, one choice; who was first chose the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = ClientConfig {
        protocol: if to.plain_http {
            ClientProtocol::Http
        } else {
            ClientProtocol::Https
        },
        // One request for a blob: some registries take no chunks.
        use_monolithic_push: true,
        connect_timeout: Some(CONNECT),
        user_agent: USER_AGENT,
        default_token_expiration_secs: KEPT,
        ..ClientConfig::default()
    };
    Client::try_from(config)
        .map_err(|error| Contact::new(registry, credentials).failure("connect", error))
}

struct Push {
    client: Client,
    contact: Contact,
    auth: RegistryAuth,
    /// Where access tokens come from, if the registry takes nothing else.
    exchange: Option<Exchange>,
    reference: Reference,
    progress: Arc<dyn Progress>,
}

impl Push {
    fn attempt<'a>(&'a self, what: &'a str, bytes: u64) -> Attempt<'a> {
        Attempt {
            contact: &self.contact,
            progress: &*self.progress,
            what,
            bytes,
            waits: &retry::WAITS,
        }
    }

    /// Asks the registry for something that sends so many bytes, each time with a token that holds.
    async fn ask<T, F>(
        &self,
        what: &str,
        bytes: u64,
        mut request: impl FnMut() -> F,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, OciDistributionError>>,
    {
        let ask = || {
            let request = request();
            async move {
                if let Some(exchange) = &self.exchange {
                    exchange.renew(&self.reference, &self.client.tokens).await?;
                }
                request.await
            }
        };
        self.attempt(what, bytes).run(ask).await
    }

    /// Finds out how the registry wants to know who comes, and tells it.
    async fn log_in(&mut self, secret: Secret, plain_http: bool) -> Result<(), Failure> {
        let registry = self.reference.resolve_registry();
        let client = token::client().map_err(|error| self.contact.failure("connect", error))?;
        let ask = || Challenge::of(&client, registry, plain_http);
        // Nobody there is most likely a mistake in the name, so it is said at once.
        let challenge = self.attempt("log in", 0).first().run(ask).await?;
        let tokens = &self.client.tokens;
        match (challenge, secret) {
            (Challenge::None, _) => {}
            (Challenge::Login, secret) => {
                if let Some((user, password)) = secret.basic() {
                    for operation in [RegistryOperation::Pull, RegistryOperation::Push] {
                        let login = RegistryTokenType::Basic(user.clone(), password.clone());
                        tokens.insert(&self.reference, operation, login).await;
                    }
                    self.auth = RegistryAuth::Basic(user, password);
                }
            }
            (Challenge::Token(service), secret) => {
                let is_exposed = !plain_http && !service.is_private();
                if is_exposed && !matches!(secret, Secret::None) {
                    return Err(Failure::Exposed {
                        registry: registry.to_owned(),
                    });
                }
                let exchange = Exchange::new(client, service, secret);
                let renew = || exchange.renew(&self.reference, tokens);
                self.auth = RegistryAuth::Bearer(self.attempt("log in", 0).run(renew).await?);
                self.exchange = Some(exchange);
            }
        }
        self.client.store_auth_if_needed(registry, &self.auth).await;
        Ok(())
    }

    /// Whether the registry has a blob. One that does not say has not: sending it tells more.
    async fn has(&self, blob: &Blob) -> Result<bool, Failure> {
        let ask = || async {
            match self.client.blob_exists(&self.reference, &blob.digest).await {
                Err(error) if retry::is_refusal(&error) => Ok(false),
                answer => answer,
            }
        };
        self.ask("ask for a blob", 0, ask).await
    }

    async fn send(&self, blob: &Blob) -> Result<(), Failure> {
        let size = u64::try_from(blob.bytes.len()).unwrap_or(u64::MAX);
        let send = || {
            self.progress.begins(&blob.digest, size);
            let (bytes, progress) = (Arc::clone(&blob.bytes), Arc::clone(&self.progress));
            let parts = (0..bytes.len()).step_by(CHUNK).map(move |start| {
                let end = bytes.len().min(start + CHUNK);
                let part = bytes.get(start..end).unwrap_or_default().to_vec();
                progress.sent(u64::try_from(part.len()).unwrap_or(0));
                Ok(part.into())
            });
            let parts = stream::iter(parts);
            self.client
                .push_blob_stream(&self.reference, parts, &blob.digest, Some(size))
        };
        self.ask("send a blob", size, send).await?;
        self.progress.ends();
        Ok(())
    }

    /// Puts the manifest under its tag, unless it is there, and holds what is there against it.
    async fn name(&self, manifest: &Blob) -> Result<(), Failure> {
        if self.digest().await.ok().as_deref() != Some(&manifest.digest) {
            self.put(&self.reference, manifest).await?;
        }
        let theirs = self.digest().await?;
        if theirs == manifest.digest {
            return Ok(());
        }
        Err(Failure::Digest {
            reference: self.reference.whole(),
            ours: manifest.digest.clone(),
            theirs,
        })
    }

    async fn put(&self, place: &Reference, manifest: &Blob) -> Result<(), Failure> {
        let put = || async {
            let media_type = manifest.media_type.parse().map_err(|_| {
                OciDistributionError::UnsupportedMediaTypeError(manifest.media_type.clone())
            })?;
            let bytes = manifest.bytes.to_vec();
            self.client
                .push_manifest_raw(place, bytes, media_type)
                .await
        };
        self.ask("send the manifest", 0, put).await.map(|_| ())
    }

    async fn digest(&self) -> Result<String, Failure> {
        let ask = || {
            let client = &self.client;
            client.fetch_manifest_digest(&self.reference, &self.auth)
        };
        self.ask("ask for the manifest", 0, ask).await
    }
}
