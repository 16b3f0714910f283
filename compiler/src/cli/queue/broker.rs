//! A connection to the broker: one request after another.

use std::path::Path;
use std::time::Duration;

use async_nats::client::{Request, RequestErrorKind};
use async_nats::{Client, ConnectErrorKind, Event, HeaderMap, ServerAddr, ServerError};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::arguments::ServerArguments;
use super::credentials;
use super::failure::{Failure, Refusal};

/// How long a connection and an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A connection.
pub(super) struct Broker {
    client: Client,
    /// What the broker denied, as its error lines come.
    denials: mpsc::UnboundedReceiver<Failure>,
}

impl Broker {
    /// Connects, or says why not.
    pub(super) async fn connect(arguments: &ServerArguments) -> Result<Self, Failure> {
        let addresses = addresses(&arguments.server)?;
        let server = shown(&addresses);
        let (send, denials) = mpsc::unbounded_channel();
        let options = credentials::read(arguments.credentials.as_deref().map(Path::new))?
            .name("cloudc queue")
            .custom_inbox_prefix(&arguments.inbox)
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
        Ok(Self { client, denials })
    }

    /// A request to JetStream's API: `STREAM.INFO.shop-orders`.
    pub(super) async fn api<T: DeserializeOwned>(
        &mut self,
        subject: String,
        body: Value,
    ) -> Result<T, Failure> {
        // An empty object is more than some requests take.
        let body = if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        let subject = format!("$JS.API.{subject}");
        self.ask(&subject, Request::new().payload(body.into()))
            .await
    }

    /// Publishes a message; returns once this stream has it.
    pub(super) async fn publish(
        &mut self,
        subject: &str,
        headers: HeaderMap,
        payload: Vec<u8>,
    ) -> Result<(), Failure> {
        let request = Request::new().headers(headers).payload(payload.into());
        let _: Value = self.ask(subject, request).await?;
        Ok(())
    }

    /// Sends a request, and waits for an answer or for the line by which the broker denies it.
    async fn ask<T: DeserializeOwned>(
        &mut self,
        subject: &str,
        request: Request,
    ) -> Result<T, Failure> {
        let request = request.timeout(Some(PATIENCE));
        let answer = tokio::select! {
            answer = self.client.send_request(subject.to_owned(), request) => answer,
            Some(denial) = self.denials.recv() => return Err(denial),
        };
        let message = answer.map_err(|error| match error.kind() {
            RequestErrorKind::NoResponders => Failure::NobodyThere(subject.to_owned()),
            RequestErrorKind::TimedOut => Failure::NoAnswer(subject.to_owned()),
            RequestErrorKind::MaxPayloadExceeded => Failure::Odd(format!(
                "a message for `{subject}` is larger than the broker takes"
            )),
            kind => Failure::Odd(format!("the request on `{subject}` failed: {kind}")),
        })?;
        read(subject, &message.payload)
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
    parsed
        .collect::<Result<_, _>>()
        .map_err(|_| Failure::NoAddress)
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
    fn an_address_is_shown_without_its_password() {
        let parsed = addresses("nats://u:s3cret@one:4222, tls://two:4333").expect("addresses");
        assert_eq!(shown(&parsed), "one:4222, two:4333");
        let refused = addresses("http://u:s3cret@one").expect_err("it is no broker's");
        let found = Diagnostic::from(refused);
        assert!(!format!("{found:?}").contains("s3cret"), "{found:?}");
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
