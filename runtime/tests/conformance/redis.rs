//! Redis or Valkey as a subject: each case has a server of its own.

use std::sync::Arc;
use std::time::Duration;

use cloudc::backend::valkey::Valkey;
use cloudc::backend::{Access, Answer, Store};

use crate::redis_server::{Server, program};
use crate::subject::{CacheSubject, Subject, Wish};

/// The server, and a connection to it.
pub(crate) struct Redis {
    valkey: Valkey,
    _server: Server,
}

impl Subject for Redis {
    const TICK: Duration = Duration::from_millis(200);
    const SEQUENCES: u32 = 4;

    fn is_there() -> bool {
        program().is_some()
    }

    fn run<R>(case: impl Future<Output = R>) -> R {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime")
            .block_on(case)
    }
}

impl CacheSubject for Redis {
    async fn start(wish: Wish) -> Arc<dyn Store> {
        let server = Server::start(&[]);
        if let Some(room) = wish.memory {
            let bytes = server.info("memory", "used_memory") + room.bytes;
            let policy = if room.evicts {
                "allkeys-lru"
            } else {
                "noeviction"
            };
            for (setting, value) in [
                ("maxmemory-policy", policy),
                ("maxmemory", &bytes.to_string()),
            ] {
                assert_eq!(server.ask(&format!("CONFIG SET {setting} {value}")), "+OK");
            }
        }
        let access = Access {
            url: server.url(),
            credentials: None,
        };
        let valkey = Valkey::connect(&access, "shop", "charge")
            .await
            .expect("an address");
        Arc::new(Self {
            valkey,
            _server: server,
        })
    }
}

impl Store for Redis {
    fn get(&self, cache: &str, key: &[u8]) -> Answer<'_, Option<Vec<u8>>> {
        self.valkey.get(cache, key)
    }

    fn contains(&self, cache: &str, key: &[u8]) -> Answer<'_, bool> {
        self.valkey.contains(cache, key)
    }

    fn set(
        &self,
        cache: &str,
        key: &[u8],
        value: Vec<u8>,
        ttl: Option<Duration>,
    ) -> Answer<'_, ()> {
        self.valkey.set(cache, key, value, ttl)
    }

    fn remove(&self, cache: &str, key: &[u8]) -> Answer<'_, ()> {
        self.valkey.remove(cache, key)
    }
}
