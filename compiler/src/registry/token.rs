//! Access tokens: what a registry takes that leaves logins to an authorization service.
//!
//! Such a registry answers with the service's address. The service gives a token, one repository's and for minutes, for
//! a [password], or by OAuth 2.0 for an [identity token], which `docker login` keeps where it got one in place of the
//! password. The client of registries asks for tokens too, but takes a service that is busy for one that refuses, sends
//! passwords to addresses without TLS, and knows no identity tokens.
//!
//! [password]: https://distribution.github.io/distribution/spec/auth/token/
//! [identity token]: https://distribution.github.io/distribution/spec/auth/oauth/

use std::time::{Duration, Instant};

use http_auth::ChallengeParser;
use oci_client::Reference;
use oci_client::RegistryOperation::{Pull, Push};
use oci_client::errors::OciDistributionError;
use oci_client::token_cache::{RegistryToken, RegistryTokenType, TokenCache};
use reqwest::header::WWW_AUTHENTICATE;
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, Response, StatusCode, Url};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::credentials::Secret;
use super::{CONNECT, USER_AGENT};

/// How long an access token holds whose answer does not say it.
const VALID: Duration = Duration::from_secs(60);

/// A client that goes nowhere but where it is sent: a login is for one address.
pub(super) fn client() -> Result<reqwest::Client, OciDistributionError> {
    let client = reqwest::Client::builder()
        .redirect(Policy::none())
        .connect_timeout(CONNECT)
        .user_agent(USER_AGENT);
    Ok(client.build()?)
}

/// How a registry wants to know who comes.
pub(super) enum Challenge {
    /// It does not ask.
    None,
    /// By the login itself.
    Login,
    /// By an access token of this service.
    Token(Service),
}

/// Who gives access tokens for a registry.
pub(super) struct Service {
    realm: Url,
    name: Option<String>,
}

impl Challenge {
    /// What a registry says to who comes without a login.
    pub(super) async fn of(
        client: &reqwest::Client,
        registry: &str,
        plain_http: bool,
    ) -> Result<Self, OciDistributionError> {
        let scheme = if plain_http { "http" } else { "https" };
        let answer = client.get(format!("{scheme}://{registry}/v2/"));
        let answer = answer.send().await?;
        let status = answer.status();
        if status == StatusCode::TOO_MANY_REQUESTS
            || status.is_server_error()
            || status.is_redirection()
        {
            return Err(refused(&answer));
        }
        let values = answer.headers().get_all(WWW_AUTHENTICATE).iter();
        let challenges = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| ChallengeParser::new(value).filter_map(Result::ok));
        let mut found = Self::None;
        for challenge in challenges {
            if challenge.scheme.eq_ignore_ascii_case("bearer") {
                let parameter = |name: &str| {
                    let mut all = challenge.params.iter();
                    let (_, value) = all.find(|(key, _)| key.eq_ignore_ascii_case(name))?;
                    Some(value.to_unescaped())
                };
                let realm = parameter("realm").unwrap_or_default();
                let realm = Url::parse(&realm).map_err(|error| {
                    OciDistributionError::UrlParseError(format!(
                        "of the authorization service: {error}"
                    ))
                })?;
                return Ok(Self::Token(Service {
                    realm,
                    name: parameter("service"),
                }));
            }
            if challenge.scheme.eq_ignore_ascii_case("basic") {
                found = Self::Login;
            }
        }
        Ok(found)
    }
}

impl Service {
    /// Whether nobody on the way reads what it is sent.
    pub(super) fn is_private(&self) -> bool {
        self.realm.scheme() == "https"
    }
}

/// A login, and the access token that was got for it.
pub(super) struct Exchange {
    client: reqwest::Client,
    service: Service,
    secret: Secret,
    held: Mutex<Option<Held>>,
}

struct Held {
    token: String,
    since: Instant,
    /// How long it is used.
    time: Duration,
}

/// What is asked of a service by OAuth 2.0.
#[derive(Serialize)]
struct Form<'a> {
    grant_type: &'static str,
    client_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'a str>,
    scope: &'a str,
    refresh_token: &'a str,
}

/// What it answers. Some services call the token by its other name, or by both.
#[derive(Deserialize)]
struct Granted {
    access_token: Option<String>,
    token: Option<String>,
    /// In seconds.
    expires_in: Option<u64>,
}

impl Exchange {
    pub(super) fn new(client: reqwest::Client, service: Service, secret: Secret) -> Self {
        Self {
            client,
            service,
            secret,
            held: Mutex::default(),
        }
    }

    /// An access token, which is in the client's cache as well: the last one, or another where that one ends soon.
    pub(super) async fn renew(
        &self,
        image: &Reference,
        cache: &TokenCache,
    ) -> Result<String, OciDistributionError> {
        let mut held = self.held.lock().await;
        if let Some(held) = &*held
            && held.since.elapsed() < held.time
        {
            return Ok(held.token.clone());
        }
        let since = Instant::now();
        let granted = self.ask(image).await?;
        let valid = granted.expires_in.map_or(VALID, Duration::from_secs);
        let token = granted.access_token.or(granted.token);
        let token = token.ok_or_else(|| unreadable("it holds none"))?;
        for operation in [Pull, Push] {
            let token = RegistryToken::AccessToken {
                access_token: token.clone(),
            };
            let token = RegistryTokenType::Bearer(token);
            cache.insert(image, operation, token).await;
        }
        *held = Some(Held {
            token: token.clone(),
            since,
            // What begins in the first half of its time has the other half to come to an end.
            time: valid / 2,
        });
        Ok(token)
    }

    async fn ask(&self, image: &Reference) -> Result<Granted, OciDistributionError> {
        let scope = format!("repository:{}:pull,push", image.repository());
        let answer = self.request(&scope).send().await?;
        match answer.status() {
            StatusCode::OK => {}
            // By OAuth, 400 is the answer to a token that holds no longer.
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                return Err(OciDistributionError::AuthenticationFailure(String::new()));
            }
            _ => return Err(refused(&answer)),
        }
        let text = answer.bytes().await?;
        // Without the words of the parser, which might have read a secret.
        serde_json::from_slice(&text).map_err(|_| unreadable("it is no such JSON"))
    }

    fn request(&self, scope: &str) -> RequestBuilder {
        let (realm, service) = (self.service.realm.clone(), self.service.name.as_deref());
        if let Secret::Identity(token) = &self.secret {
            return self.client.post(realm).form(&Form {
                grant_type: "refresh_token",
                client_id: "cloudc",
                service,
                scope,
                refresh_token: token,
            });
        }
        let query = [("scope", Some(scope)), ("service", service)];
        let request = self.client.get(realm).query(&query);
        match &self.secret {
            Secret::Password(user, password) => request.basic_auth(user, Some(password)),
            _ => request,
        }
    }
}

/// An answer that says no, without the words of somebody who may be anybody.
fn refused(answer: &Response) -> OciDistributionError {
    OciDistributionError::ServerError {
        code: answer.status().as_u16(),
        url: String::new(),
        message: String::new(),
    }
}

fn unreadable(why: &str) -> OciDistributionError {
    OciDistributionError::RegistryTokenDecodeError(why.to_owned())
}
