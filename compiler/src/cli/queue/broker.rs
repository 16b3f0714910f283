//! A connection to the broker: requests, of which several may be under way, and what became of each.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use async_nats::client::PublishErrorKind;
use async_nats::{
    Client, ConnectErrorKind, Event, HeaderMap, Message, ServerAddr, ServerError, StatusCode,
    Subscriber,
};
use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::arguments::ServerArguments;
use super::credentials;
use super::failure::{Failure, Refusal};

/// How long a connection may take, and how long the broker may say nothing while an answer is due.
const PATIENCE: Duration = Duration::from_secs(5);

/// A connection.
pub(super) struct Broker {
    client: Client,
    /// What the subjects of its answers start with; a request's number stands behind it.
    inbox: String,
    answers: Subscriber,
    /// What the broker denied, as its error lines come.
    denials: mpsc::UnboundedReceiver<Failure>,
    /// What has no answer yet, in the order in which it was sent.
    waiting: BTreeMap<Ticket, Waiting>,
    sent: u64,
    /// When it said something last. Over a slow line large answers keep those behind them waiting.
    heard: Instant,
}

/// A request that was sent: later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket(u64);

struct Waiting {
    subject: String,
    since: Instant,
}

/// What became of a request.
pub(super) struct Answer {
    subject: String,
    said: Result<Message, Failure>,
}

impl Answer {
    /// Reads it: what was asked for, or why not.
    pub(super) fn read<T: DeserializeOwned>(self) -> Result<T, Failure> {
        read(&self.subject, &self.said?.payload)
    }
}

impl Broker {
    /// Connects as somebody who deals with this application, or says why not.
    pub(super) async fn connect(arguments: &ServerArguments, app: &str) -> Result<Self, Failure> {
        let addresses = addresses(&arguments.server)?;
        let server = shown(&addresses);
        let (send, denials) = mpsc::unbounded_channel();
        let options = credentials::read(arguments.credentials.as_deref().map(Path::new))?
            .name("cloudc queue")
            .custom_inbox_prefix(arguments.inbox(app))
            .connection_timeout(PATIENCE)
            .event_callback(move |event| {
                if let Event::ServerError(ServerError::Other(line)) = event
                    && let Some(denial) = Failure::denied(&line)
                {
                    let _ = send.send(denial);
                }
                std::future::ready(())
            });
        let client = options.connect(addresses).await.map_err(|error| {
            // Only the kind and the system's words: no address with a password in it.
            match error.kind() {
                ConnectErrorKind::AuthorizationViolation => Failure::Unknown { server },
                ConnectErrorKind::Authentication => {
                    Failure::Credentials("the user's seed or credentials are no key".to_owned())
                }
                kind => {
                    let cause = std::error::Error::source(&error);
                    let why = cause.map_or_else(|| kind.to_string(), ToString::to_string);
                    Failure::Unreachable { server, why }
                }
            }
        })?;
        let inbox = client.new_inbox();
        let answers = client.subscribe(format!("{inbox}.*")).await;
        let answers = answers.map_err(|_| {
            let prefix = arguments.inbox(app);
            Failure::Odd(format!(
                "no subject starts with what `--inbox` says: `{prefix}`"
            ))
        })?;
        Ok(Self {
            client,
            inbox,
            answers,
            denials,
            waiting: BTreeMap::new(),
            sent: 0,
            heard: Instant::now(),
        })
    }

    /// A request to JetStream's API (`STREAM.INFO.shop-orders`), and its answer. Nothing else may be under way.
    pub(super) async fn api<T: DeserializeOwned>(
        &mut self,
        subject: String,
        body: Value,
    ) -> Result<T, Failure> {
        let ticket = self.ask(subject, body).await?;
        while let Some((answered, answer)) = self.next().await {
            // What was given up before may be answered now.
            if answered == ticket {
                return answer.read();
            }
        }
        Err(Failure::Odd("a request was lost".to_owned()))
    }

    /// Sends a request to JetStream's API.
    pub(super) async fn ask(&mut self, subject: String, body: Value) -> Result<Ticket, Failure> {
        // An empty object is more than some requests take.
        let body = if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        let subject = format!("$JS.API.{subject}");
        self.send(subject, HeaderMap::new(), body).await
    }

    /// Sends something that is answered. What is sent later arrives later.
    pub(super) async fn send(
        &mut self,
        subject: String,
        headers: HeaderMap,
        payload: Vec<u8>,
    ) -> Result<Ticket, Failure> {
        self.sent += 1;
        let ticket = Ticket(self.sent);
        let reply = format!("{}.{}", self.inbox, self.sent);
        let sent = if headers.is_empty() {
            let sent = self
                .client
                .publish_with_reply(subject.clone(), reply, payload.into());
            sent.await
        } else {
            let sent = self.client.publish_with_reply_and_headers(
                subject.clone(),
                reply,
                headers,
                payload.into(),
            );
            sent.await
        };
        sent.map_err(|error| match error.kind() {
            PublishErrorKind::MaxPayloadExceeded => Failure::Odd(format!(
                "a message for `{subject}` is larger than the broker takes"
            )),
            kind => Failure::Odd(format!("the request on `{subject}` failed: {kind}")),
        })?;
        let since = Instant::now();
        self.waiting.insert(ticket, Waiting { subject, since });
        Ok(ticket)
    }

    /// What is answered, denied or given up next; `None` where nothing is under way.
    pub(super) async fn next(&mut self) -> Option<(Ticket, Answer)> {
        loop {
            let (&first, oldest) = self.waiting.first_key_value()?;
            let until = oldest.since.max(self.heard) + PATIENCE;
            let (ticket, said) = tokio::select! {
                // An answer that is here counts before a deadline that is over.
                biased;
                Some(message) = self.answers.next() => {
                    self.heard = Instant::now();
                    let number = message.subject.rsplit('.').next();
                    match number.and_then(|number| number.parse().ok()) {
                        Some(number) => (Ticket(number), Ok(message)),
                        None => continue,
                    }
                }
                Some(denial) = self.denials.recv() => match self.meant(&denial, first) {
                    Some(ticket) => (ticket, Err(denial)),
                    None => continue,
                },
                () = sleep_until(until) => (first, Err(Failure::NoAnswer(String::new()))),
            };
            // An answer to what was given up is nobody's.
            let Some(Waiting { subject, .. }) = self.waiting.remove(&ticket) else {
                continue;
            };
            let said = match said {
                Ok(message) if message.status == Some(StatusCode::NO_RESPONDERS) => {
                    Err(Failure::NobodyThere(subject.clone()))
                }
                Err(Failure::NoAnswer(_)) => Err(Failure::NoAnswer(subject.clone())),
                said => said,
            };
            return Some((ticket, Answer { subject, said }));
        }
    }

    /// Which request a denial is about. The broker answers a denied one with an error line alone, which names the subject. Of
    /// several on that subject it is the last: rights that are taken away in between leave the first ones to be answered.
    /// Who may not listen for answers gets none at all.
    fn meant(&self, denial: &Failure, first: Ticket) -> Option<Ticket> {
        let Some(denied) = denial.subject_denied() else {
            return Some(first);
        };
        let mut all = self.waiting.iter().rev();
        let (&ticket, _) = all.find(|(_, waiting)| waiting.subject == denied)?;
        Some(ticket)
    }
}

/// Reads an answer: what was asked for, or an object with an `error`.
fn read<T: DeserializeOwned>(subject: &str, answer: &[u8]) -> Result<T, Failure> {
    let odd = |error| Failure::Odd(format!("cannot read the answer on `{subject}`: {error}"));
    let mut answer: Value = serde_json::from_slice(answer).map_err(odd)?;
    match answer.get_mut("error").map(Value::take) {
        Some(Value::Null) | None => serde_json::from_value(answer).map_err(odd),
        Some(error) => {
            let refusal: Refusal = serde_json::from_value(error).map_err(odd)?;
            Err(Failure::Refused(refusal))
        }
    }
}

/// The body of a request that has none.
pub(super) const NOTHING: Value = Value::Null;

/// The body of a request about one message.
pub(super) fn number(number: u64) -> Value {
    json!({ "seq": number })
}

fn addresses(servers: &str) -> Result<Vec<ServerAddr>, Failure> {
    let parsed = servers
        .split(',')
        .map(|server| server.trim().parse::<ServerAddr>());
    let addresses: Vec<_> = parsed
        .collect::<Result<_, _>>()
        .map_err(|_| Failure::NoAddress)?;
    if addresses.iter().any(ServerAddr::has_user_pass) {
        return Err(Failure::HasPassword);
    }
    Ok(addresses)
}

/// Hosts and ports, without what else an address holds.
fn shown(addresses: &[ServerAddr]) -> String {
    let shown = addresses
        .iter()
        .map(|address| format!("{}:{}", address.host(), address.port()));
    shown.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnostic;

    #[test]
    fn an_address_has_no_password() {
        let parsed = addresses("nats://one:4222, tls://two:4333").expect("addresses");
        assert_eq!(shown(&parsed), "one:4222, two:4333");
        for written in ["http://u:s3cret@one", "nats://u:s3cret@one:4222"] {
            let refused = addresses(written).expect_err("it is refused");
            let found = Diagnostic::from(refused);
            assert!(!format!("{found:?}").contains("s3cret"), "{found:?}");
        }
    }

    #[test]
    fn an_answer_with_an_error_is_a_refusal() {
        let answer = br#"{"error":{"code":404,"err_code":10059,"description":"stream not found"}}"#;
        let refused = read::<Value>("a", answer).expect_err("it is refused");
        assert!(refused.is(&[super::super::failure::STREAM_NOT_FOUND]));
        assert!(read::<Value>("a", b"{}").is_ok());
        assert!(read::<Value>("a", b"{").is_err());
    }
}
