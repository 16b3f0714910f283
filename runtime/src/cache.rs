//! Caches and the handles that read and write one.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::backend::{Failure, Store};
use crate::context;
use crate::error::{Error, Result};
use crate::storable::{Codec, Storable};

/// A cache of values `V` by keys `K`, declared with `#[cache]` on a static.
///
/// An entry may be gone at any time: by its age, or because the store needed the room.
///
/// ```
/// # use cloudc::{Cache, cache};
/// #[cache(ttl = "10m")]
/// pub static PRICES: Cache<String, u64>;
///
/// # async fn example() -> cloudc::Result<()> {
/// let sku = "bicycle".to_owned();
/// PRICES.set(&sku, &19_900).await?;
/// let price: Option<u64> = PRICES.get(&sku).await?;
/// # Ok(())
/// # }
/// # fn main() {}
/// ```
///
/// To pass a cache around, take a handle: [`Cache::reader`] or [`Cache::writer`].
pub struct Cache<K, V> {
    name: &'static str,
    /// How long an entry lives, where nothing else is said; `None` for ever.
    ttl: Option<Duration>,
    keys: Codec<K>,
    values: Codec<V>,
}

impl<K: Storable, V: Storable> Cache<K, V> {
    pub(crate) const fn new(name: &'static str, ttl: Option<Duration>) -> Self {
        Self {
            name,
            ttl,
            keys: Codec::JSON,
            values: Codec::JSON,
        }
    }
}

impl<K, V> Cache<K, V> {
    /// The value of a key, if there is one.
    ///
    /// # Errors
    ///
    /// When the key is no JSON, the value does not read back, or the store did not answer.
    pub async fn get(&self, key: &K) -> Result<Option<V>> {
        let key = self.encode_key(key)?;
        let found = self.store()?.get(self.name, &key).await;
        let Some(value) = found.map_err(|failure| self.failed(failure))? else {
            return Ok(None);
        };
        self.decode_value(&value).map(Some)
    }

    /// Whether there is a value for a key.
    ///
    /// # Errors
    ///
    /// When the key is no JSON, or the store did not answer.
    pub async fn contains(&self, key: &K) -> Result<bool> {
        let key = self.encode_key(key)?;
        let there = self.store()?.contains(self.name, &key).await;
        there.map_err(|failure| self.failed(failure))
    }

    /// Sets the value of a key. It lives as long as the cache's `ttl` says.
    ///
    /// # Errors
    ///
    /// When the key or the value is no JSON, or the store did not take it.
    pub async fn set(&self, key: &K, value: &V) -> Result<()> {
        self.put(key, value, self.ttl).await
    }

    /// Sets the value of a key for this long, whatever the cache's `ttl` says.
    ///
    /// # Errors
    ///
    /// As [`Cache::set`], and for less than a millisecond, which Redis refuses.
    pub async fn set_for(&self, key: &K, value: &V, ttl: Duration) -> Result<()> {
        self.put(key, value, Some(ttl)).await
    }

    /// Removes a key and its value. A key that is not there is no error.
    ///
    /// # Errors
    ///
    /// When the key is no JSON, or the store did not answer.
    pub async fn remove(&self, key: &K) -> Result<()> {
        let key = self.encode_key(key)?;
        let removed = self.store()?.remove(self.name, &key).await;
        removed.map_err(|failure| self.failed(failure))
    }

    /// The value of a key; where there is none, makes one, sets it, and returns it.
    ///
    /// Two calls at the same time may both make one; the later one stays.
    ///
    /// # Errors
    ///
    /// Those of `make`, and those of [`Cache::get`] and [`Cache::set`].
    pub async fn get_or_set_with<F, M, E>(&self, key: &K, make: F) -> Result<V, E>
    where
        F: FnOnce() -> M,
        M: Future<Output = Result<V, E>>,
        E: From<Error>,
    {
        if let Some(value) = self.get(key).await? {
            return Ok(value);
        }
        let value = make().await?;
        self.set(key, &value).await?;
        Ok(value)
    }

    /// A handle that can look into this cache and do nothing else.
    pub fn reader(&'static self) -> Reader<K, V> {
        Reader { cache: self }
    }

    /// A handle that can change this cache and do nothing else.
    pub fn writer(&'static self) -> Writer<K, V> {
        Writer { cache: self }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn encode_key(&self, key: &K) -> Result<Vec<u8>> {
        (self.keys.encode)(key).map_err(|source| self.no_json("a key", source))
    }

    pub(crate) fn decode_value(&self, value: &[u8]) -> Result<V> {
        (self.values.decode)(value).map_err(|source| Error::Decode {
            what: "a value",
            resource: self.to_string(),
            source,
        })
    }

    fn encode_value(&self, value: &V) -> Result<Vec<u8>> {
        (self.values.encode)(value).map_err(|source| self.no_json("a value", source))
    }

    fn no_json(&self, what: &'static str, source: serde_json::Error) -> Error {
        Error::Encode {
            what,
            resource: self.to_string(),
            source,
        }
    }

    async fn put(&self, key: &K, value: &V, ttl: Option<Duration>) -> Result<()> {
        let key = self.encode_key(key)?;
        let value = self.encode_value(value)?;
        let taken = self.store()?.set(self.name, &key, value, ttl).await;
        taken.map_err(|failure| self.failed(failure))
    }

    fn store(&self) -> Result<Arc<dyn Store>> {
        context::store().ok_or_else(|| Error::not_connected(self))
    }

    fn failed(&self, failure: Failure) -> Error {
        Error::from_backend(self, failure)
    }
}

impl<K, V> fmt::Display for Cache<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the cache `{}`", self.name)
    }
}

impl<K, V> fmt::Debug for Cache<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cache").field(&self.name).finish()
    }
}

/// Looks into one cache, and can be passed around: the handle of [`Cache::reader`].
pub struct Reader<K: 'static, V: 'static> {
    cache: &'static Cache<K, V>,
}

impl<K, V> Reader<K, V> {
    /// As [`Cache::get`].
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn get(&self, key: &K) -> Result<Option<V>> {
        self.cache.get(key).await
    }

    /// As [`Cache::contains`].
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn contains(&self, key: &K) -> Result<bool> {
        self.cache.contains(key).await
    }
}

impl<K, V> Clone for Reader<K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Reader<K, V> {}

impl<K, V> fmt::Debug for Reader<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reader").field(&self.cache.name).finish()
    }
}

/// Changes one cache, and can be passed around: the handle of [`Cache::writer`].
pub struct Writer<K: 'static, V: 'static> {
    cache: &'static Cache<K, V>,
}

impl<K, V> Writer<K, V> {
    /// As [`Cache::set`].
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn set(&self, key: &K, value: &V) -> Result<()> {
        self.cache.set(key, value).await
    }

    /// As [`Cache::set_for`].
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn set_for(&self, key: &K, value: &V, ttl: Duration) -> Result<()> {
        self.cache.set_for(key, value, ttl).await
    }

    /// As [`Cache::remove`].
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn remove(&self, key: &K) -> Result<()> {
        self.cache.remove(key).await
    }
}

impl<K, V> Clone for Writer<K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Writer<K, V> {}

impl<K, V> fmt::Debug for Writer<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Writer").field(&self.cache.name).finish()
    }
}
