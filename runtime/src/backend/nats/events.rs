//! What the connection tells of itself, kept for those who ask.

use async_nats::{ClientError, Event, ServerError};
use tokio::sync::{broadcast, watch};

/// How many refusals are kept for those who have not looked yet.
const REFUSALS: usize = 64;

/// How the connection stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) connected: bool,
    /// How often it was made.
    pub(super) connections: u64,
    /// For good.
    pub(super) closed: bool,
    /// What went wrong last.
    pub(super) trouble: Option<String>,
}

/// What the server does not let this user do. It says so with no word of which request it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Publish(String),
    Subscribe(String),
}

/// Hears of everything.
#[derive(Debug)]
pub(super) struct Events {
    name: String,
    standing: watch::Sender<Standing>,
    refusals: broadcast::Sender<Refusal>,
}

impl Events {
    /// Of the client with this name.
    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            standing: watch::Sender::default(),
            refusals: broadcast::Sender::new(REFUSALS),
        }
    }

    /// How it stands, now and later.
    pub(super) fn standing(&self) -> watch::Receiver<Standing> {
        self.standing.subscribe()
    }

    /// The refusals from now on.
    pub(super) fn refusals(&self) -> broadcast::Receiver<Refusal> {
        self.refusals.subscribe()
    }

    /// Takes note of an event.
    pub(super) fn note(&self, event: Event) {
        let client = &*self.name;
        match event {
            Event::Connected => {
                tracing::info!(client, "connected to the broker");
                self.standing.send_modify(|standing| {
                    standing.connected = true;
                    standing.connections += 1;
                    standing.trouble = None;
                });
            }
            Event::Disconnected => {
                tracing::warn!(client, "the connection to the broker is lost");
                self.lost("the connection is lost".to_owned());
            }
            Event::Closed => self.standing.send_modify(|standing| {
                standing.connected = false;
                standing.closed = true;
            }),
            Event::ClientError(ClientError::Other(why)) => {
                tracing::warn!(client, why, "cannot connect to the broker; trying again");
                self.lost(why);
            }
            Event::ServerError(ServerError::Other(why)) => {
                tracing::warn!(client, why, "the broker refuses");
                if let Some(refusal) = refusal(&why) {
                    // Nobody waits for anything.
                    let _ = self.refusals.send(refusal);
                }
            }
            // A server that shuts down says so, and closes its connections a while later: then comes a new one.
            other => tracing::warn!(client, event = %other, "from the broker"),
        }
    }

    fn lost(&self, why: String) {
        self.standing.send_modify(|standing| {
            standing.connected = false;
            standing.trouble = Some(why);
        });
    }
}

/// Reads `Permissions Violation for Publish to "shop.orders"`.
fn refusal(text: &str) -> Option<Refusal> {
    let (_, what) = text.split_once("Permissions Violation for ")?;
    let (operation, subject) = what.split_once(" to \"")?;
    let (subject, _) = subject.split_once('"')?;
    match operation {
        "Publish" => Some(Refusal::Publish(subject.to_owned())),
        "Subscription" => Some(Refusal::Subscribe(subject.to_owned())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_read() {
        let publish = "Permissions Violation for Publish to \"shop.orders\"";
        assert_eq!(
            refusal(publish),
            Some(Refusal::Publish("shop.orders".to_owned()))
        );
        let subscribe =
            "Permissions Violation for Subscription to \"_INBOX.a.*\" using queue \"b\"";
        assert_eq!(
            refusal(subscribe),
            Some(Refusal::Subscribe("_INBOX.a.*".to_owned()))
        );
        assert_eq!(refusal("Stale Connection"), None);
    }

    #[test]
    fn the_last_trouble_is_kept_until_it_connects() {
        let events = Events::new("shop/charge".to_owned());
        let standing = events.standing();
        let now = || standing.borrow().clone();
        events.note(Event::ClientError(ClientError::Other(
            "DNS error".to_owned(),
        )));
        assert_eq!(now().trouble.as_deref(), Some("DNS error"));
        events.note(Event::Connected);
        assert!(now().connected && now().trouble.is_none());
        events.note(Event::Disconnected);
        assert!(!now().connected && now().trouble.is_some());
        events.note(Event::Connected);
        assert_eq!(now().connections, 2);
    }
}
