//! What the program of a pod has to know of a server, and asks it.

use std::path::PathBuf;

use super::Answer;

/// Where a server is, and how to log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// As its clients write it, without a user: `nats://shop-nats:4222`, `rediss://cache.example.com:6380`.
    pub url: String,
    /// The folder with the files of the Secret. `None` for a server that lets everybody in.
    pub credentials: Option<PathBuf>,
}

/// A connection to a server, which mends itself.
pub trait Connection: Send + Sync {
    /// Whether it stands now.
    ///
    /// # Errors
    ///
    /// Why not, in a sentence for the pod's log.
    fn ready(&self) -> Result<(), String>;

    /// Sends what is under way, and hangs up.
    fn close(&self) -> Answer<'_, ()>;
}
