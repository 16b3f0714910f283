//! Identity tokens: what `docker login` keeps where a registry gives one in place of the password.
//!
//! No registry takes one for a push. Its authorization service gives an access token for it, as the [specification]
//! of token authentication by OAuth 2.0 has it: one repository's, and for minutes.
//!
//! [specification]: https://distribution.github.io/distribution/spec/auth/oauth/

use std::time::{Duration, Instant};

use http_auth::ChallengeParser;
use oci_client::Reference;
use oci_client::RegistryOperation::{Pull, Push};
use oci_client::errors::OciDistributionError;
use oci_client::token_cache::{RegistryToken, RegistryTokenType, TokenCache};
use reqwest::header::WWW_AUTHENTICATE;
use reqwest::redirect::Policy;
use reqwest::{StatusCode, Url};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::{CONNECT, USER_AGENT};

/// How long an access token holds whose answer does not say it.
const VALID: Duration = Duration::from_secs(60);

/// A client that goes nowhere but where it is sent: an identity token is for one address.
pub(super) fn client() -> Result<reqwest::Client, OciDistributionError> {
    let client = reqwest::Client::builder()
        .redirect(Policy::none())
        .connect_timeout(CONNECT)
        .user_agent(USER_AGENT);
    Ok(client.build()?)
}

/// Who gives access tokens for a registry.
pub(super) struct Service {
    realm: Url,
    name: Option<String>,
}

impl Service {
    /// The one that the registry names; none where it takes logins itself.
    pub(super) async fn find(
        client: &reqwest::Client,
        registry: &str,
        plain_http: bool,
    ) -> Result<Option<Self>, OciDistributionError> {
        let scheme = if plain_http { "http" } else { "https" };
        let answer = client.get(format!("{scheme}://{registry}/v2/"));
        let answer = answer.send().await?;
        let challenges = answer.headers().get_all(WWW_AUTHENTICATE).iter();
        let challenges = challenges.filter_map(|value| value.to_str().ok());
        let bearer = challenges
            .flat_map(|value| ChallengeParser::new(value).filter_map(Result::ok))
            .find(|challenge| challenge.scheme.eq_ignore_ascii_case("bearer"));
        let Some(bearer) = bearer else {
            return Ok(None);
        };
        let parameter = |name: &str| {
            let mut all = bearer.params.iter();
            let (_, value) = all.find(|(key, _)| key.eq_ignore_ascii_case(name))?;
            Some(value.to_unescaped())
        };
        let realm = parameter("realm").unwrap_or_default();
        let realm = Url::parse(&realm).map_err(|error| {
            OciDistributionError::UrlParseError(format!("of the authorization service: {error}"))
        })?;
        Ok(Some(Self {
            realm,
            name: parameter("service"),
        }))
    }

    /// Whether nobody on the way reads what it is sent.
    pub(super) fn is_private(&self) -> bool {
        self.realm.scheme() == "https"
    }
}

/// An identity token, and the access token that was got for it.
pub(super) struct Exchange {
    client: reqwest::Client,
    service: Service,
    identity: String,
    held: Mutex<Option<Held>>,
}

struct Held {
    token: String,
    since: Instant,
    /// How long it is used.
    time: Duration,
}

/// What is asked of a service.
#[derive(Serialize)]
struct Form<'a> {
    grant_type: &'static str,
    client_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'a str>,
    scope: String,
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
    pub(super) fn new(client: reqwest::Client, service: Service, identity: String) -> Self {
        Self {
            client,
            service,
            identity,
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
        let form = Form {
            grant_type: "refresh_token",
            client_id: "cloudc",
            service: self.service.name.as_deref(),
            scope: format!("repository:{}:pull,push", image.repository()),
            refresh_token: &self.identity,
        };
        let request = self.client.post(self.service.realm.clone()).form(&form);
        let answer = request.send().await?;
        match answer.status() {
            StatusCode::OK => {}
            // By OAuth, 400 is the answer to a token that holds no longer.
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                return Err(OciDistributionError::AuthenticationFailure(String::new()));
            }
            other => {
                return Err(OciDistributionError::ServerError {
                    code: other.as_u16(),
                    url: String::new(),
                    message: String::new(),
                });
            }
        }
        let text = answer.bytes().await?;
        // Without the words of the parser, which might have read a secret.
        serde_json::from_slice(&text).map_err(|_| unreadable("it is no such JSON"))
    }
}

fn unreadable(why: &str) -> OciDistributionError {
    OciDistributionError::RegistryTokenDecodeError(why.to_owned())
}
