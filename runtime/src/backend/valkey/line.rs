//! A connection that mends itself. redis' own manager gives up for good when a server that is back does not let it in at
//! once, reads the password but once, and cannot tell what was never sent from what was not answered.

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt as _;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, ErrorKind, FromRedisValue, PushInfo, PushKind};
use redis::{RedisError, ServerErrorKind};
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::{failure, login};
use crate::backend::{Access, Failure};

/// How long it may take to connect and log in.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a command may take.
const RESPONSE: Duration = Duration::from_secs(2);
/// A connection on which nothing goes wrong is looked after this often.
const BEAT: Duration = Duration::from_secs(5);
/// Commands wait this long for a connection that was lost just now, and not at all for one that was lost long ago.
const PATIENCE: Duration = Duration::from_secs(1);
/// Commands that wait for their turn; more wait outside. Many more, and each is in the processor's caches no longer when its
/// turn comes.
const UNDER_WAY: usize = 50;
/// The wait before the second try to connect.
const FIRST: Duration = Duration::from_millis(100);
/// The longest wait between two tries.
const LONGEST: Duration = Duration::from_secs(5);

/// A connection to one server, which many share: commands are written one after the other, and nobody waits for the answers
/// to those before.
pub(super) struct Line {
    state: Arc<watch::Sender<State>>,
    doubt: Arc<Notify>,
    keeper: AbortHandle,
}

enum State {
    Up(MultiplexedConnection),
    /// Commands wait until then, and are refused from then on.
    Down {
        until: Instant,
        reason: String,
    },
}

impl Line {
    /// Waits until the connection stands, or for as long as one try may take. The `secret` is where the credentials come from, where the
    /// application brings no other.
    pub(super) async fn connect(access: Access, secret: String) -> Result<Self, String> {
        login::client(&access)?;
        let (state, mut changes) = watch::channel(State::Down {
            until: Instant::now() + PATIENCE,
            reason: "it is not connected yet".to_owned(),
        });
        let (state, doubt) = (Arc::new(state), Arc::new(Notify::new()));
        let keeper = Keeper {
            access,
            secret,
            state: Arc::clone(&state),
            doubt: Arc::clone(&doubt),
        };
        let line = Self {
            state,
            doubt,
            keeper: tokio::spawn(keeper.keep()).abort_handle(),
        };
        // It goes on without; the keeper says in the log why.
        let _ = timeout(CONNECT, changes.wait_for(State::is_up)).await;
        Ok(line)
    }

    /// The answer to a command.
    pub(super) async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Failure> {
        let mut connection = self.connection().await.map_err(Failure::Unavailable)?;
        let answer = command.query_async(&mut connection).await;
        answer.map_err(|error| {
            if failure::leaves_doubt(&error) {
                self.doubt.notify_one();
            }
            failure::of(&error)
        })
    }

    pub(super) fn ready(&self) -> Result<(), String> {
        self.state.borrow().connection().map(drop)
    }

    /// Answers come in the order of their commands: with the one to this ping all others are there.
    pub(super) async fn close(&self) -> Result<(), Failure> {
        self.keeper.abort();
        let last = self.state.send_replace(State::Down {
            until: Instant::now(),
            reason: "it was closed".to_owned(),
        });
        match last {
            State::Up(connection) => ping(connection).await.map_err(|error| failure::of(&error)),
            State::Down { .. } => Ok(()),
        }
    }

    /// The connection. While there is none, nothing was sent.
    async fn connection(&self) -> Result<MultiplexedConnection, String> {
        let until = match &*self.state.borrow() {
            State::Up(connection) => return Ok(connection.clone()),
            State::Down { until, .. } => *until,
        };
        // In a place of its own, so that the future of a command that need not wait is small.
        Box::pin(async move {
            let mut changes = self.state.subscribe();
            let _ = timeout_at(until, changes.wait_for(State::is_up)).await;
            self.state.borrow().connection()
        })
        .await
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl State {
    fn is_up(&self) -> bool {
        matches!(self, Self::Up(_))
    }

    fn connection(&self) -> Result<MultiplexedConnection, String> {
        match self {
            Self::Up(connection) => Ok(connection.clone()),
            Self::Down { reason, .. } => Err(reason.clone()),
        }
    }
}

/// What keeps a connection.
struct Keeper {
    access: Access,
    /// Of the credentials.
    secret: String,
    state: Arc<watch::Sender<State>>,
    doubt: Arc<Notify>,
}

impl Keeper {
    async fn keep(self) {
        let server = self.access.url.clone();
        let mut failures = 0;
        loop {
            let reason = match self.connect().await {
                Ok(connection) => {
                    failures = 0;
                    tracing::info!(server, "connected to the cache server");
                    self.state.send_replace(State::Up(connection.clone()));
                    self.watch(connection).await
                }
                Err(reason) => reason,
            };
            tracing::warn!(
                server,
                reason,
                "no connection to the cache server; trying again"
            );
            self.down(reason);
            sleep(delay(failures)).await;
            failures += 1;
        }
    }

    /// One try. The credentials are read anew: they may have changed.
    async fn connect(&self) -> Result<MultiplexedConnection, String> {
        let client = login::client(&self.access)
            .map_err(|why| format!("{why}; put the right ones into {}", self.secret()))?;
        let doubt = Arc::clone(&self.doubt);
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(RESPONSE))
            .set_pipeline_buffer_size(UNDER_WAY)
            .set_push_sender(move |push: PushInfo| {
                if push.kind == PushKind::Disconnection {
                    doubt.notify_one();
                }
                Ok::<(), ()>(())
            });
        let connecting = async {
            let connection = client
                .get_multiplexed_async_connection_with_config(&config)
                .await?;
            ping(connection.clone()).await?;
            Ok(connection)
        };
        match timeout(CONNECT, connecting).await {
            Ok(connected) => connected.map_err(|error: RedisError| self.explained(&error)),
            Err(_) => Err(format!("it did not answer within {CONNECT:?}")),
        }
    }

    fn secret(&self) -> String {
        format!(
            "the Secret `{}`, or the one that cloudc.toml names, where CLOUDC_VALKEY_CREDENTIALS says",
            self.secret
        )
    }

    /// Why it was not let in, where that is the reason.
    fn explained(&self, error: &RedisError) -> String {
        let is_login = error.kind() == ErrorKind::AuthenticationFailed
            || matches!(error.code(), Some("WRONGPASS" | "NOAUTH"));
        let text = error.to_string();
        match &self.access.credentials {
            _ if !is_login && text.contains("certificate") => format!(
                "{text}: it has to be for this address, and by a public authority or the one in `ca.crt` of {}",
                self.secret()
            ),
            _ if !is_login => text,
            Some(folder) => format!(
                "{error}: the cache server does not accept the credentials in {}; put the right ones into {}: they are read \
                 anew for each attempt",
                folder.display(),
                self.secret()
            ),
            None => format!(
                "{error}: the cache server lets nobody in without credentials, and this pod was given none: mount {}",
                self.secret()
            ),
        }
    }

    /// Returns when the connection is lost, and says why.
    async fn watch(&self, connection: MultiplexedConnection) -> String {
        loop {
            // Either way the server is asked: a command that failed need not be the connection's fault.
            let _ = timeout(BEAT, self.doubt.notified()).await;
            if let Err(error) = ping(connection.clone()).await {
                return error.to_string();
            }
        }
    }

    /// What is known now of why there is no connection. Commands wait no longer for that.
    fn down(&self, reason: String) {
        self.state.send_modify(|state| {
            let until = match state {
                State::Up(_) => Instant::now() + PATIENCE,
                State::Down { until, .. } => *until,
            };
            *state = State::Down { until, reason };
        });
    }
}

/// Whether the server answers. One that does not permit to ask has done so.
async fn ping(mut connection: MultiplexedConnection) -> Result<(), RedisError> {
    match redis::cmd("PING").query_async(&mut connection).await {
        Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoPerm) => Ok(()),
        answer => answer,
    }
}

/// The wait after this many failures: twice as long each time, and of that a random half to all, so that the pods of an
/// application do not come all at once.
fn delay(failures: u32) -> Duration {
    let whole = (FIRST * (1 << failures.min(10))).min(LONGEST);
    let millis = whole.as_millis() as u64;
    Duration::from_millis(rand::rng().random_range(millis / 2..=millis))
}
