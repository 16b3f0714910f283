//! Caches in Valkey or Redis, 7.0 or later.
//!
//! Only the commands are used that the compiler permits (`lower::permissions`): the user of a pod may do no other.

mod failure;
mod line;
mod login;

use std::fmt;
use std::time::Duration;

use redis::Cmd;

use super::{Access, Answer, Connection, Failure, Store};
use crate::names;
use line::Line;

/// The longest key or value, in bytes: what the server takes by default (`proto-max-bulk-len`).
pub const LONGEST: usize = 512 * 1024 * 1024;

/// `SET`, the key, the value, `PX`, and the milliseconds; and what the last two take.
const MOST_ARGUMENTS: usize = 5;
const TTL: usize = 22;

/// A cache server.
pub struct Valkey {
    app: String,
    line: Line,
}

impl Valkey {
    /// Connects to a server, whose keys of this application it uses. While the server is away it waits for a few
    /// seconds, and goes on trying after it has returned; [`Connection::ready`] tells. Of the `workload` it has the name of the Secret
    /// that errors speak of.
    ///
    /// # Errors
    ///
    /// When the address or the credentials are none. Trying again would not help.
    pub async fn connect(access: &Access, app: &str, workload: &str) -> Result<Self, String> {
        let secret = names::valkey_secret(app, workload);
        Ok(Self {
            app: app.to_owned(),
            line: Line::connect(access.clone(), secret).await?,
        })
    }

    /// A command on one key, with room for so many bytes more.
    fn on(&self, command: &str, cache: &str, key: &[u8], more: usize) -> Cmd {
        let key = names::key(&self.app, cache, key);
        let mut on = Cmd::with_capacity(MOST_ARGUMENTS, command.len() + key.len() + more);
        on.arg(command).arg(key);
        on
    }

    fn set_command(
        &self,
        cache: &str,
        key: &[u8],
        value: Vec<u8>,
        ttl: Option<Duration>,
    ) -> Result<Cmd, Failure> {
        fits(value.len())?;
        let mut set = self.on("SET", cache, key, value.len() + TTL);
        set.arg(value);
        if let Some(ttl) = ttl {
            set.arg("PX").arg(millis(ttl)?);
        }
        Ok(set)
    }
}

impl Store for Valkey {
    fn get(&self, cache: &str, key: &[u8]) -> Answer<'_, Option<Vec<u8>>> {
        let get = self.on("GET", cache, key, 0);
        Box::pin(async move { self.line.ask(&get).await })
    }

    fn contains(&self, cache: &str, key: &[u8]) -> Answer<'_, bool> {
        let exists = self.on("EXISTS", cache, key, 0);
        Box::pin(async move { self.line.ask(&exists).await })
    }

    fn set(
        &self,
        cache: &str,
        key: &[u8],
        value: Vec<u8>,
        ttl: Option<Duration>,
    ) -> Answer<'_, ()> {
        let set = self.set_command(cache, key, value, ttl);
        Box::pin(async move { self.line.ask(&set?).await })
    }

    fn remove(&self, cache: &str, key: &[u8]) -> Answer<'_, ()> {
        // As DEL, but the memory is given back in the background.
        let unlink = self.on("UNLINK", cache, key, 0);
        Box::pin(async move { self.line.ask(&unlink).await })
    }
}

impl Connection for Valkey {
    fn ready(&self) -> Result<(), String> {
        self.line.ready()
    }

    fn close(&self) -> Answer<'_, ()> {
        Box::pin(self.line.close())
    }
}

impl fmt::Debug for Valkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Valkey")
            .field("app", &self.app)
            .finish_non_exhaustive()
    }
}

/// The server would hang up on a larger one.
fn fits(size: usize) -> Result<(), Failure> {
    if size > LONGEST {
        return Err(Failure::TooLarge {
            size,
            limit: LONGEST,
        });
    }
    Ok(())
}

/// How long an entry lives. The server refuses nothing at all, too, but says less about it.
fn millis(ttl: Duration) -> Result<u64, Failure> {
    match u64::try_from(ttl.as_millis()) {
        Ok(0) => Err(Failure::Refused(format!(
            "an entry cannot live for {ttl:?}: the shortest time is one millisecond; without a time it stays"
        ))),
        Ok(millis) => Ok(millis),
        Err(_) => Err(Failure::Refused(format!(
            "an entry cannot live for {ttl:?}: that is more than 64 bits of milliseconds"
        ))),
    }
}
