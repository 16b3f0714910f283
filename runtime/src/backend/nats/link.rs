//! The connection: how it is made and mended, and how something is asked over it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::client::{RequestError, RequestErrorKind};
use async_nats::rustls::{ClientConfig, crypto};
use async_nats::{Client, ConnectOptions, Event, HeaderMap, Message, Request};
use rand::RngExt as _;
use tokio::sync::{broadcast, watch};
use tokio::time::timeout;

use super::credentials::{Login, authorities, login};
use super::events::{Events, Refusal, Standing};
use crate::backend::{Access, Failure};
use crate::names;

/// How long the broker may take to answer.
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);
/// How often it is asked whether it is there: after three times without an answer the connection counts as lost.
const PING: Duration = Duration::from_secs(10);
/// The wait before the second attempt to connect.
const FIRST_DELAY: Duration = Duration::from_millis(100);
/// The longest wait before an attempt to connect.
const LONGEST_DELAY: Duration = Duration::from_secs(10);

/// A connection that mends itself.
pub(super) struct Link {
    pub(super) client: Client,
    events: Arc<Events>,
    url: String,
    app: String,
    inbox: String,
}

impl Link {
    /// Begins to connect, and goes on until it is.
    ///
    /// # Errors
    ///
    /// When the address or the credentials make no sense.
    pub(super) async fn connect(
        access: &Access,
        app: &str,
        workload: &str,
    ) -> Result<Self, String> {
        let name = format!("{app}/{workload}");
        let inbox = names::inbox(app, workload);
        let events = Arc::new(Events::new(name.clone()));
        let folder = access.credentials.as_deref();
        let options = with_login(ConnectOptions::new(), login(folder)?)?
            .name(name)
            .custom_inbox_prefix(&inbox)
            .no_echo()
            .retry_on_initial_connect()
            .max_reconnects(None)
            .connection_timeout(TIMEOUT)
            .ping_interval(PING)
            .reconnect_delay_callback(delays(events.standing()))
            .event_callback(noting(Arc::clone(&events)))
            .tls_client_config(
                ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
                    .with_safe_default_protocol_versions()
                    .map_err(|error| format!("there is no TLS: {error}"))?
                    .with_root_certificates(authorities(folder)?)
                    .with_no_client_auth(),
            )
            .require_tls(access.url.starts_with("tls://"));
        let connected = options.connect(access.url.as_str()).await;
        let client = connected
            .map_err(|error| format!("{} is no address of a broker: {error}", access.url))?;
        Ok(Self {
            client,
            events,
            url: access.url.clone(),
            app: app.to_owned(),
            inbox,
        })
    }

    /// How it stands, now and later.
    pub(super) fn standing(&self) -> watch::Receiver<Standing> {
        self.events.standing()
    }

    /// What the server refuses from now on.
    pub(super) fn refusals(&self) -> broadcast::Receiver<Refusal> {
        self.events.refusals()
    }

    /// Why it is not connected; `None` while it is.
    pub(super) fn trouble(&self) -> Option<String> {
        let standing = self.standing().borrow().clone();
        if standing.connected {
            return None;
        }
        let why = match standing.trouble {
            _ if standing.closed => "it was closed".to_owned(),
            Some(why) => why,
            None => "it has not answered yet".to_owned(),
        };
        Some(format!(
            "no connection to the broker at {}: {why}",
            self.url
        ))
    }

    /// Waits until it is connected.
    ///
    /// # Errors
    ///
    /// Why it is not, after this time.
    pub(super) async fn connected(&self, within: Duration) -> Result<(), Failure> {
        let mut standing = self.standing();
        let up = standing.wait_for(|standing| standing.connected || standing.closed);
        let _ = timeout(within, up).await;
        self.trouble()
            .map_or(Ok(()), |why| Err(Failure::Unavailable(why)))
    }

    /// Asks something once it is connected, and waits for the answer.
    ///
    /// # Errors
    ///
    /// As [`Link::ask`], or when it is not connected in time: then nothing was asked.
    pub(super) async fn request(
        &self,
        subject: &str,
        headers: Option<HeaderMap>,
        payload: Vec<u8>,
    ) -> Result<Message, Failure> {
        self.connected(TIMEOUT).await?;
        self.ask(subject, headers, payload).await
    }

    /// Asks something, now or as soon as it is connected, and waits for the answer. Several things are asked in the order in which
    /// these futures are first polled.
    ///
    /// # Errors
    ///
    /// When there is no answer in time, nobody who would give one, or no permission to ask.
    pub(super) async fn ask(
        &self,
        subject: &str,
        headers: Option<HeaderMap>,
        payload: Vec<u8>,
    ) -> Result<Message, Failure> {
        let refusals = self.refusals();
        let mut request = Request::new()
            .payload(payload.into())
            .timeout(Some(TIMEOUT));
        if let Some(headers) = headers {
            request = request.headers(headers);
        }
        tokio::select! {
            answer = self.client.send_request(subject.to_owned(), request) => {
                answer.map_err(|error| self.failure(&error))
            }
            failure = self.refused(refusals, subject) => Err(failure),
        }
    }

    /// Says something, and waits for no answer.
    ///
    /// # Errors
    ///
    /// When the connection is closed, or too much waits for it already.
    pub(super) async fn tell(&self, subject: &str, payload: String) -> Result<(), Failure> {
        let said = self.client.publish(subject.to_owned(), payload.into());
        match timeout(TIMEOUT, said).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Failure::Unavailable(error.to_string())),
            Err(_) => Err(Failure::NoAnswer(NO_ANSWER.to_owned())),
        }
    }

    /// Waits until the server refuses this subject, or the inbox where its answer would come.
    pub(super) async fn refused(
        &self,
        mut refusals: broadcast::Receiver<Refusal>,
        subject: &str,
    ) -> Failure {
        loop {
            match refusals.recv().await {
                Ok(refusal) => {
                    if let Some(failure) = self.refusal(&refusal, subject) {
                        return failure;
                    }
                }
                // Some were missed: whoever waits for them runs into the timeout.
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            }
        }
    }

    /// What a refusal means to one who has published to this subject; `None` if nothing.
    pub(super) fn refusal(&self, refusal: &Refusal, subject: &str) -> Option<Failure> {
        let what = match refusal {
            Refusal::Publish(other) if other == subject => format!("publish to {subject}"),
            Refusal::Subscribe(other) if other.starts_with(&self.inbox) => {
                format!("listen to {other}")
            }
            _ => return None,
        };
        Some(Failure::Refused(format!(
            "the broker does not let this workload {what}; its permissions follow from the graph it was built \
             with: deploy again"
        )))
    }

    /// Where there is no stream or consumer.
    pub(super) fn nobody(&self) -> Failure {
        Failure::Unavailable(format!(
            "the broker has no stream or no consumer for it; the Job `{}-{}` makes them: run it again",
            self.app,
            names::PROVISION
        ))
    }

    fn failure(&self, error: &RequestError) -> Failure {
        match error.kind() {
            RequestErrorKind::NoResponders => self.nobody(),
            RequestErrorKind::TimedOut => Failure::NoAnswer(NO_ANSWER.to_owned()),
            RequestErrorKind::MaxPayloadExceeded | RequestErrorKind::InvalidSubject => {
                Failure::Refused(error.to_string())
            }
            RequestErrorKind::Other => Failure::NoAnswer(error.to_string()),
        }
    }

    /// Sends what is under way, and hangs up.
    pub(super) async fn close(&self) -> Result<(), Failure> {
        if self.standing().borrow().connected {
            let flushed = self.client.flush().await;
            flushed.map_err(|error| Failure::NoAnswer(error.to_string()))?;
        }
        let drained = self.client.drain().await;
        drained.map_err(|error| Failure::Unavailable(error.to_string()))?;
        if self.standing().borrow().connected {
            let _ = self.standing().wait_for(|standing| standing.closed).await;
        }
        Ok(())
    }
}

const NO_ANSWER: &str = "the broker did not answer within five seconds";

fn with_login(options: ConnectOptions, login: Login) -> Result<ConnectOptions, String> {
    Ok(match login {
        Login::Nobody => options,
        Login::Seed(seed) => options.nkey(seed),
        // Read once before, so it cannot fail.
        Login::Creds(creds) => options
            .credentials(&creds)
            .map_err(|_| "the file `creds` is not a JWT with its seed".to_owned())?,
        Login::Token(token) => options.token(token),
        Login::User(user, password) => options.user_and_password(user, password),
    })
}

fn noting(events: Arc<Events>) -> impl Fn(Event) -> std::future::Ready<()> + Send + Sync + 'static {
    move |event| {
        events.note(event);
        std::future::ready(())
    }
}

/// How long to wait before an attempt. The very first is made at once: a pod that starts shall be fast. After a loss
/// even the first waits a little, as all clients of the server come back then.
fn delays(standing: watch::Receiver<Standing>) -> impl Fn(usize) -> Duration + Send + Sync {
    let fresh = AtomicBool::new(true);
    move |attempt| {
        let fresh = fresh.swap(false, Ordering::Relaxed) && standing.borrow().connections == 0;
        if fresh {
            Duration::ZERO
        } else {
            delay(attempt, &mut rand::rng())
        }
    }
}

/// Twice as long each time; a random part of it, from half to all.
fn delay(attempt: usize, rng: &mut impl rand::Rng) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(1))
        .unwrap_or(u32::MAX)
        .min(16);
    let whole = (FIRST_DELAY * (1 << doublings)).min(LONGEST_DELAY);
    let millis = u64::try_from(whole.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(rng.random_range(millis / 2..=millis))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn attempts_come_slower_and_not_together() {
        let mut rng = StdRng::seed_from_u64(1);
        for (attempt, most) in [
            (0, 100),
            (1, 100),
            (2, 200),
            (5, 1_600),
            (9, 10_000),
            (usize::MAX, 10_000),
        ] {
            let most = Duration::from_millis(most);
            let drawn: Vec<Duration> = (0..100).map(|_| delay(attempt, &mut rng)).collect();
            assert!(
                drawn.iter().all(|one| (most / 2..=most).contains(one)),
                "{attempt}"
            );
            assert!(drawn.iter().any(|one| *one != drawn[0]), "{attempt}");
        }
    }

    #[test]
    fn the_first_attempt_is_made_at_once() {
        let events = Events::new("shop/charge".to_owned());
        let delay = delays(events.standing());
        assert_eq!(delay(1), Duration::ZERO);
        assert!(!delay(2).is_zero());
        events.note(Event::Connected);
        assert!(!delay(1).is_zero());
    }
}
