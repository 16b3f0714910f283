//! The authorization service of a registry: it gives access tokens for a password, and for an identity token.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use axum::{Json, Router};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::registry::{PASSWORD, USER};

/// What it takes for the identity of [`USER`].
pub const IDENTITY: &str = "an-identity-token";
/// Its own name, and the registry's.
pub const ISSUER: &str = "tests";

/// A service that lives as long as this.
pub struct Authority {
    /// Where it is asked for tokens.
    pub realm: String,
    asked: Arc<Mutex<Vec<String>>>,
    busy: Arc<AtomicUsize>,
    runtime: Option<tokio::runtime::Runtime>,
}

#[derive(Clone)]
struct Service {
    folder: PathBuf,
    expires_in: u64,
    asked: Arc<Mutex<Vec<String>>>,
    busy: Arc<AtomicUsize>,
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    scope: String,
    #[serde(default)]
    grant_type: String,
    #[serde(default)]
    refresh_token: String,
}

impl Authority {
    /// Starts one on a free port, with `ca.crt` and `ca.key` of this folder. It says of its tokens that they hold for so
    /// many seconds.
    ///
    /// # Panics
    ///
    /// Where there is no port for it.
    pub fn start(folder: &Path, expires_in: u64) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let (asked, busy) = (Arc::default(), Arc::default());
        let service = Service {
            folder: folder.to_owned(),
            expires_in,
            asked: Arc::clone(&asked),
            busy: Arc::clone(&busy),
        };
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"));
        let listener = listener.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let router = Router::new()
            .route("/token", get(by_password).post(by_identity))
            .with_state(service);
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self {
            realm: format!("http://127.0.0.1:{port}/token"),
            asked,
            busy,
            runtime: Some(runtime),
        }
    }

    /// Has too much to do for so many requests to come.
    pub fn is_busy_for(&self, requests: usize) {
        self.busy.store(requests, Ordering::SeqCst);
    }

    /// How it was asked for each token.
    ///
    /// # Panics
    ///
    /// Where it panicked.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("nobody panics in it").clone()
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn by_password(
    State(service): State<Service>,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Result<Json<Value>, StatusCode> {
    service.is_free()?;
    let login = BASE64.encode(format!("{USER}:{PASSWORD}").as_bytes());
    let header = headers.get("authorization").map(|value| value.as_bytes());
    if header != Some(format!("Basic {login}").as_bytes()) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    Ok(service.token("password", &asked.scope))
}

async fn by_identity(
    State(service): State<Service>,
    Form(asked): Form<Asked>,
) -> Result<Json<Value>, StatusCode> {
    service.is_free()?;
    if asked.grant_type != "refresh_token" || asked.refresh_token != IDENTITY {
        return Err(StatusCode::BAD_REQUEST);
    }
    Ok(service.token("identity", &asked.scope))
}

impl Service {
    fn is_free(&self) -> Result<(), StatusCode> {
        let one_less = |busy: usize| busy.checked_sub(1);
        let busy = self
            .busy
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less);
        match busy {
            Ok(_) => Err(StatusCode::TOO_MANY_REQUESTS),
            Err(_) => Ok(()),
        }
    }

    /// A token for the scope, `repository:team/app:pull,push`, which the registry holds against the certificate.
    fn token(&self, by: &str, scope: &str) -> Json<Value> {
        let mut asked = self.asked.lock().expect("nobody panics in it");
        asked.push(format!("{by} {scope}"));
        let mut parts = scope.splitn(3, ':');
        let mut part = || parts.next().unwrap_or_default();
        let (kind, name, actions) = (part(), part(), part());
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.expect("a clock").as_secs();
        let certificate = fs::read_to_string(self.folder.join("ca.crt")).expect("a certificate");
        let certificate: String = certificate
            .lines()
            .filter(|line| !line.starts_with('-'))
            .collect();
        let header = json!({ "typ": "JWT", "alg": "RS256", "x5c": [certificate] });
        let claims = json!({
            "iss": ISSUER,
            "aud": ISSUER,
            "sub": USER,
            "iat": now,
            "nbf": now - 10,
            "exp": now + 300,
            "jti": asked.len().to_string(),
            "access": [{ "type": kind, "name": name, "actions": actions.split(',').collect::<Vec<_>>() }],
        });
        let encode = |part: &Value| BASE64URL_NOPAD.encode(part.to_string().as_bytes());
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let signature = BASE64URL_NOPAD.encode(&self.sign(signed.as_bytes()));
        let token = format!("{signed}.{signature}");
        Json(json!({ "access_token": token, "expires_in": self.expires_in }))
    }

    fn sign(&self, text: &[u8]) -> Vec<u8> {
        let mut openssl = Command::new("openssl")
            .args(["dgst", "-sha256", "-sign"])
            .arg(self.folder.join("ca.key"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("openssl");
        let mut input = openssl.stdin.take().expect("a pipe");
        input.write_all(text).expect("written");
        drop(input);
        let output = openssl.wait_with_output().expect("openssl");
        assert!(output.status.success(), "{output:?}");
        output.stdout
    }
}
