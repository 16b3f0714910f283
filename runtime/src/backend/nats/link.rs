//! The connection, and how something is asked over it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::client::{RequestError, RequestErrorKind};
use async_nats::connection::State;
use async_nats::jetstream::response::Response;
use async_nats::{Client, HeaderMap, Message, Request, jetstream};
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::events::{Events, Refusal, Refusals, Standing};
use crate::backend::Failure;
use crate::names;

/// How long the broker may take to answer.
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);
/// An answer that takes longer may be none because the broker has refused: only then is it worth a look.
const PROMPT: Duration = Duration::from_millis(20);

const NO_ANSWER: &str = "the broker did not answer within five seconds";

/// A connection that mends itself.
pub(super) struct Link {
    pub(super) client: Client,
    /// Reads messages: to make one starts a task.
    pub(super) jetstream: jetstream::Context,
    pub(super) events: Arc<Events>,
    /// Ends with this.
    pub(super) _mover: JoinSet<()>,
    pub(super) url: String,
    pub(super) app: String,
    /// What the subjects start with on which answers come.
    pub(super) inbox: String,
}

impl Link {
    /// How it stands, now and later.
    pub(super) fn standing(&self) -> watch::Receiver<Standing> {
        self.events.standing()
    }

    /// What the server refuses, now and later.
    pub(super) fn refusals(&self) -> watch::Receiver<Refusals> {
        self.events.refusals()
    }

    fn is_up(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// How often it was made.
    pub(super) fn connections(&self) -> u64 {
        self.client.statistics().connects.load(Ordering::Relaxed)
    }

    /// Why it is not connected; `None` while it is.
    pub(super) fn trouble(&self) -> Option<String> {
        if self.is_up() && !self.events.closed() {
            return None;
        }
        let standing = self.events.stands(Standing::clone);
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
        match self.trouble() {
            None => Ok(()),
            // Few wait, and those who do not shall have no room for it.
            Some(_) => Box::pin(self.wait(within)).await,
        }
    }

    async fn wait(&self, within: Duration) -> Result<(), Failure> {
        let mut standing = self.standing();
        let up = standing.wait_for(|standing| self.is_up() || standing.closed);
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

    /// Asks JetStream's API, and reads what it answers.
    ///
    /// # Errors
    ///
    /// As [`Link::request`], or when the answer is none of JetStream's.
    pub(super) async fn api<T: DeserializeOwned>(
        &self,
        subject: &str,
        payload: Vec<u8>,
    ) -> Result<Response<T>, Failure> {
        let answer = self.request(subject, None, payload).await?;
        serde_json::from_slice(&answer.payload).map_err(|error| {
            Failure::NoAnswer(format!("the broker's answer is no JetStream's: {error}"))
        })
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
        let before = self.events.refused();
        let mut request = Request::new().payload(payload.into()).timeout(None);
        if let Some(headers) = headers {
            request = request.headers(headers);
        }
        let answer = self.client.send_request(subject.to_owned(), request);
        tokio::pin!(answer);
        let answer = match timeout(PROMPT, &mut answer).await {
            Ok(answer) => answer,
            Err(_) => {
                let late = async {
                    tokio::select! {
                        biased;
                        answer = &mut answer => Ok(answer),
                        failure = self.refused(before, subject) => Err(failure),
                        () = sleep(TIMEOUT - PROMPT) => Err(Failure::NoAnswer(NO_ANSWER.to_owned())),
                    }
                };
                Box::pin(late).await?
            }
        };
        answer.map_err(|error| self.failure(&error))
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

    /// Waits until the server refuses this subject, or the inbox where its answer would come; not among its first so many refusals.
    async fn refused(&self, before: u64, subject: &str) -> Failure {
        let mut refusals = self.refusals();
        let mut failure = None;
        let found = refusals.wait_for(|refusals| {
            let mut new = refusals.since(before);
            failure = new.find_map(|refusal| self.refusal(refusal, subject));
            failure.is_some()
        });
        let _ = found.await;
        match failure {
            Some(failure) => failure,
            // Nobody refuses anything any more.
            None => std::future::pending().await,
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
        let up = self.is_up();
        if up {
            let flushed = self.client.flush().await;
            flushed.map_err(|error| Failure::NoAnswer(error.to_string()))?;
        }
        let drained = self.client.drain().await;
        drained.map_err(|error| Failure::Unavailable(error.to_string()))?;
        if up {
            let _ = self.standing().wait_for(|standing| standing.closed).await;
        }
        Ok(())
    }
}
