//! What the connection tells of itself, kept for those who ask.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use async_nats::{ClientError, ConnectErrorKind, Event, ServerError};
use tokio::sync::{Notify, watch};

/// How many refusals are kept for those who look later: whoever misses one has no answer in time.
const KEPT: usize = 64;

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

/// What the server refused, the last of it.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    last: VecDeque<Refusal>,
    count: u64,
}

impl Refusals {
    /// How many there were.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Those after the first so many.
    pub(super) fn since(&self, count: u64) -> impl Iterator<Item = &Refusal> {
        let new = usize::try_from(self.count.saturating_sub(count)).unwrap_or(usize::MAX);
        self.last.iter().skip(self.last.len().saturating_sub(new))
    }

    fn add(&mut self, refusal: Refusal) {
        self.count += 1;
        self.last.push_back(refusal);
        if self.last.len() > KEPT {
            self.last.pop_front();
        }
    }
}

/// Hears of everything.
#[derive(Debug)]
pub(super) struct Events {
    name: String,
    /// Where the credentials come from.
    secret: String,
    /// The broker's address.
    url: String,
    /// What it tried last to log in with, or why it could not.
    tried: Mutex<Option<String>>,
    standing: watch::Sender<Standing>,
    refusals: watch::Sender<Refusals>,
    /// As [`Refusals::count`] and [`Standing::closed`], for those who ask at each message and shall not wait for each other.
    refused: AtomicU64,
    closed: AtomicBool,
    departures: Notify,
}

impl Events {
    /// Of the client with this name and this Secret, for the broker at this address.
    pub(super) fn new(name: String, secret: String, url: String) -> Self {
        Self {
            name,
            secret,
            url,
            tried: Mutex::default(),
            standing: watch::Sender::default(),
            refusals: watch::Sender::default(),
            refused: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            departures: Notify::new(),
        }
    }

    /// How it stands, now and later.
    pub(super) fn standing(&self) -> watch::Receiver<Standing> {
        self.standing.subscribe()
    }

    /// What it looks at who wants to know once.
    pub(super) fn stands<T>(&self, look: impl FnOnce(&Standing) -> T) -> T {
        look(&self.standing.borrow())
    }

    /// What the server refuses, now and later.
    pub(super) fn refusals(&self) -> watch::Receiver<Refusals> {
        self.refusals.subscribe()
    }

    /// Whether it is closed, for good.
    pub(super) fn closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// How often the server has refused something.
    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Acquire)
    }

    /// Waits until the server says that it is about to leave.
    pub(super) async fn departs(&self) {
        self.departures.notified().await;
    }

    /// Takes note of the files that it tries to log in with, or of what is wrong with them.
    pub(super) fn tries(&self, what: String) {
        *self.tried.lock().unwrap_or_else(PoisonError::into_inner) = Some(what);
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
                self.closed.store(true, Ordering::Release);
            }),
            Event::ClientError(ClientError::Other(why)) => {
                let why = self.explained(why);
                // Each attempt would say the same.
                if self.standing.borrow().trouble.as_ref() != Some(&why) {
                    tracing::warn!(client, why, "cannot connect to the broker; trying again");
                }
                self.lost(why);
            }
            Event::ServerError(ServerError::Other(why)) => {
                tracing::warn!(client, why, "the broker refuses");
                if let Some(refusal) = refusal(&why) {
                    self.refusals.send_modify(|refusals| {
                        refusals.add(refusal);
                        self.refused.store(refusals.count(), Ordering::Release);
                    });
                }
            }
            Event::LameDuckMode => {
                tracing::info!(client, "the broker is about to leave");
                self.departures.notify_one();
            }
            // What it is told to do itself.
            Event::Draining => {}
            other => tracing::warn!(client, event = %other, "from the broker"),
        }
    }

    /// Why it was not let in, where that is the reason.
    fn explained(&self, why: String) -> String {
        let tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        let again = format!(
            "put the right ones into the Secret `{}`, or the one that cloudc.toml names: they are read anew for each attempt",
            self.secret
        );
        let is = |kind: ConnectErrorKind| why == kind.to_string();
        match &*tried {
            Some(fault) if is(ConnectErrorKind::Authentication) => format!("{fault}; {again}"),
            Some(files) if is(ConnectErrorKind::AuthorizationViolation) => {
                format!("{why}: the broker does not accept the credentials in {files}; {again}")
            }
            None if is(ConnectErrorKind::AuthorizationViolation) => format!(
                "{why}: the broker lets nobody in without credentials, and this pod was given none: \
                 CLOUDC_NATS_CREDENTIALS says where the Secret `{}` is mounted, or the one that cloudc.toml names",
                self.secret
            ),
            // The client calls a handshake that failed by either name.
            _ if self.url.starts_with("tls:")
                && (is(ConnectErrorKind::Io) || is(ConnectErrorKind::Tls)) =>
            {
                format!(
                    "{why}: nobody listens at {}, which CLOUDC_NATS_URL names, or its certificate is not for this address, or neither by a public authority nor by \
                 the one in `ca.crt` of the Secret `{}`, which is read when a pod starts (CLOUDC_NATS_CREDENTIALS says where)",
                    self.url, self.secret
                )
            }
            _ if is(ConnectErrorKind::Dns) => {
                format!(
                    "{why}: no name server knows the host of {}, which CLOUDC_NATS_URL names",
                    self.url
                )
            }
            _ if is(ConnectErrorKind::Io) || is(ConnectErrorKind::TimedOut) => format!(
                "{why}: no broker answers at {}, which CLOUDC_NATS_URL names: it is away, or something is in between that lets nobody through",
                self.url
            ),
            _ => why,
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

    const URL: &str = "nats://shop-nats:4222";

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
    fn one_that_is_not_let_in_says_where_its_credentials_are() {
        let events = Events::new(
            "shop/charge".to_owned(),
            "charge-nats".to_owned(),
            URL.to_owned(),
        );
        let standing = events.standing();
        let note = |kind: ConnectErrorKind| {
            events.note(Event::ClientError(ClientError::Other(kind.to_string())));
            standing.borrow().trouble.clone().expect("trouble")
        };
        let why = note(ConnectErrorKind::AuthorizationViolation);
        for part in [
            "was given none",
            "CLOUDC_NATS_CREDENTIALS",
            "the Secret `charge-nats`",
        ] {
            assert!(why.contains(part), "{why}");
        }
        events.tries("the file `seed` in /etc/nats".to_owned());
        let why = note(ConnectErrorKind::AuthorizationViolation);
        for part in ["the file `seed` in /etc/nats;", "the Secret `charge-nats`"] {
            assert!(why.contains(part), "{why}");
        }
        events.tries("the file `seed` is empty".to_owned());
        let why = note(ConnectErrorKind::Authentication);
        assert!(why.starts_with("the file `seed` is empty; put"), "{why}");
        for kind in [
            ConnectErrorKind::Dns,
            ConnectErrorKind::Io,
            ConnectErrorKind::TimedOut,
        ] {
            let why = note(kind);
            assert!(
                why.contains("at nats://shop-nats:4222, which CLOUDC_NATS_URL")
                    || why.contains("of nats://shop-nats:4222"),
                "{why}"
            );
        }
    }

    #[test]
    fn refusals_are_kept_for_those_who_look_later() {
        let mut refusals = Refusals::default();
        let of = |number: u64| Refusal::Publish(number.to_string());
        (0..100).for_each(|number| refusals.add(of(number)));
        assert_eq!(refusals.count(), 100);
        assert_eq!(
            refusals.since(98).cloned().collect::<Vec<_>>(),
            [of(98), of(99)]
        );
        assert_eq!(refusals.since(100).count(), 0);
        assert_eq!(refusals.since(0).count(), KEPT);
    }

    #[test]
    fn the_last_trouble_is_kept_until_it_connects() {
        let events = Events::new(
            "shop/charge".to_owned(),
            "charge-nats".to_owned(),
            URL.to_owned(),
        );
        let standing = events.standing();
        let now = || standing.borrow().clone();
        events.note(Event::ClientError(ClientError::Other("odd".to_owned())));
        assert_eq!(now().trouble.as_deref(), Some("odd"));
        events.note(Event::Connected);
        assert!(now().connected && now().trouble.is_none());
        events.note(Event::Disconnected);
        assert!(!now().connected && now().trouble.is_some());
        events.note(Event::Connected);
        assert_eq!(now().connections, 2);
    }
}
