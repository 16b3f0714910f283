//! Making the connection, and mending it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::rustls::{ClientConfig, crypto};
use async_nats::{AuthError, Client, ConnectOptions, Event, jetstream};
use rand::RngExt as _;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::credentials::{authorities, login};
use super::events::{Events, Standing};
use super::link::{Link, TIMEOUT};
use crate::backend::Access;
use crate::names;

/// How often it is asked whether it is there: after three times without an answer the connection counts as lost.
const PING: Duration = Duration::from_secs(10);
/// The wait before the second attempt to connect.
const FIRST_DELAY: Duration = Duration::from_millis(100);
/// The longest wait before an attempt to connect.
const LONGEST_DELAY: Duration = Duration::from_secs(10);

/// Begins to connect, and goes on until it is.
///
/// # Errors
///
/// When the address or the credentials make no sense.
pub(super) async fn connect(access: &Access, app: &str, workload: &str) -> Result<Link, String> {
    let name = format!("{app}/{workload}");
    let inbox = names::inbox(app, workload);
    let secret = names::nats_secret(app, workload);
    let events = Arc::new(Events::new(name.clone(), secret, access.url.clone()));
    let folder = access.credentials.as_deref();
    let options = match folder {
        None => ConnectOptions::new(),
        Some(folder) => logging_in(folder, Arc::clone(&events))?,
    };
    let options = options
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
    let client =
        connected.map_err(|error| format!("{} is no address of a broker: {error}", access.url))?;
    let mut mover = JoinSet::new();
    mover.spawn(move_over(client.clone(), Arc::clone(&events)));
    Ok(Link {
        jetstream: jetstream::new(client.clone()),
        client,
        events,
        _mover: mover,
        url: access.url.clone(),
        app: app.to_owned(),
        inbox,
    })
}

/// Takes another server when its own is about to leave: that one keeps its connections for minutes, and has no streams any
/// more. One that is alone may as well be waited for.
async fn move_over(client: Client, events: Arc<Events>) {
    loop {
        events.departs().await;
        let pool = client.server_pool().await;
        if pool.is_ok_and(|servers| servers.len() > 1) {
            // It fails when it was closed.
            let _ = client.force_reconnect().await;
        }
    }
}

/// Reads the credentials for each connection anew: a Secret that changed has changed its files.
///
/// # Errors
///
/// When they make no sense already now.
fn logging_in(folder: &Path, events: Arc<Events>) -> Result<ConnectOptions, String> {
    login(Some(folder))?;
    let folder = folder.to_owned();
    Ok(ConnectOptions::with_auth_callback(move |nonce| {
        let auth = login(Some(&folder)).and_then(|login| {
            events.tries(format!("{} in {}", login.files(), folder.display()));
            login.answer(&nonce).map_err(|error| error.to_string())
        });
        let auth = auth.map_err(|fault| {
            events.tries(fault.clone());
            AuthError::new(fault)
        });
        async move { auth }
    }))
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
        let events = Events::new(
            "shop/charge".to_owned(),
            "charge-nats".to_owned(),
            "nats://shop-nats:4222".to_owned(),
        );
        let delay = delays(events.standing());
        assert_eq!(delay(1), Duration::ZERO);
        assert!(!delay(2).is_zero());
        events.note(Event::Connected);
        assert!(!delay(1).is_zero());
    }
}
