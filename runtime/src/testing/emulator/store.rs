//! The entries of a cache, as Redis holds them: a state machine without a clock. Time comes in as
//! what has passed since the world began.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::backend::Failure;

/// What an entry takes besides its key and value, in bytes: about what Redis needs for one.
pub const ENTRY_OVERHEAD: usize = 64;

/// How much a store may hold, and what it does then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Bytes of keys, values and [`ENTRY_OVERHEAD`].
    pub bytes: usize,
    /// What happens beyond.
    pub policy: Policy,
}

/// What a store does when its memory is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Removes the entries that were not used for the longest time (`allkeys-lru`): what the Valkey
    /// that cloudc brings is set to.
    EvictLeastRecent,
    /// Takes no more entries (`noeviction`): what Redis is set to by default.
    Refuse,
}

/// What a store does on its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreEvent {
    /// An entry had to go, for want of memory or by a fault.
    Evicted {
        /// Its key.
        key: Arc<[u8]>,
    },
    /// An entry's time was over.
    Expired {
        /// Its key.
        key: Arc<[u8]>,
    },
}

/// How long an entry lives on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ttl {
    /// There is none (`-2`).
    Missing,
    /// Until it is removed (`-1`).
    Forever,
    /// As long as this.
    Left(Duration),
}

/// An entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntrySeen<'a> {
    /// Its key.
    pub key: &'a [u8],
    /// Its value.
    pub value: &'a [u8],
    /// When its time is over, counted from the world's start.
    pub expires: Option<Duration>,
}

/// A store. All times are counted from the world's start; a time before the last one counts as the
/// last one. An entry is gone as soon as its time is over (Redis may keep it for the rest of that
/// millisecond).
#[derive(Debug, Default)]
pub struct Store {
    now: Duration,
    memory: Option<Memory>,
    entries: BTreeMap<Arc<[u8]>, Entry>,
    expiries: BTreeSet<(Duration, Arc<[u8]>)>,
    /// By time of the last use, which is a count.
    uses: BTreeMap<u64, Arc<[u8]>>,
    last_use: u64,
    bytes: usize,
    events: Vec<(Duration, StoreEvent)>,
}

#[derive(Debug)]
struct Entry {
    value: Vec<u8>,
    expires: Option<Duration>,
    set: Duration,
    used: u64,
}

impl Store {
    /// An empty store without a limit.
    pub fn new() -> Self {
        Self::default()
    }

    /// Limits the memory from now on. A store that may evict makes room before it takes a value, and refuses one that is
    /// larger than the limit; one that may not refuses every value once it is beyond the limit.
    pub fn set_memory(&mut self, memory: Option<Memory>) {
        self.memory = memory;
    }

    /// The value of a key.
    pub fn get(&mut self, now: Duration, key: &[u8]) -> Option<Vec<u8>> {
        self.begin(now);
        let (key, _) = self.entries.get_key_value(key)?;
        let key = Arc::clone(key);
        let used = self.next_use();
        let entry = self.entries.get_mut(&key)?;
        self.uses.remove(&entry.used);
        entry.used = used;
        self.uses.insert(used, key);
        Some(entry.value.clone())
    }

    /// Whether a key has a value. It does not count as a use.
    pub fn contains(&mut self, now: Duration, key: &[u8]) -> bool {
        self.begin(now);
        self.entries.contains_key(key)
    }

    /// Sets the value of a key for this time, in whole milliseconds, or until it is removed. What was
    /// left of an earlier value's time is forgotten.
    ///
    /// # Errors
    ///
    /// When the time is less than a millisecond, or more than Redis can count; and
    /// [`Failure::Full`]. Nothing is changed then.
    pub fn set(
        &mut self,
        now: Duration,
        key: &[u8],
        value: Vec<u8>,
        ttl: Option<Duration>,
    ) -> Result<(), Failure> {
        let has_room = self.begin(now);
        let expires = ttl.map(|ttl| self.deadline(ttl)).transpose()?;
        if !has_room || !self.make_room(size(key, &value)) {
            return Err(Failure::Full);
        }
        self.take(key);
        let key: Arc<[u8]> = Arc::from(key);
        let used = self.next_use();
        self.bytes += size(&key, &value);
        self.uses.insert(used, Arc::clone(&key));
        if let Some(at) = expires {
            self.expiries.insert((at, Arc::clone(&key)));
        }
        let entry = Entry {
            value,
            expires,
            set: self.now,
            used,
        };
        self.entries.insert(key, entry);
        Ok(())
    }

    /// Removes a key. Says whether it had a value.
    pub fn remove(&mut self, now: Duration, key: &[u8]) -> bool {
        self.begin(now);
        self.take(key).is_some()
    }

    /// A fault: an entry goes as if memory were short. Says whether there was one.
    pub fn evict(&mut self, key: &[u8]) -> bool {
        let Some(key) = self.take(key) else {
            return false;
        };
        self.events.push((self.now, StoreEvent::Evicted { key }));
        true
    }

    /// A fault: all entries go, as if the server had started anew. Says how many.
    pub fn evict_all(&mut self) -> usize {
        let mut evicted = 0;
        while let Some((key, _)) = self.entries.first_key_value() {
            let key = Arc::clone(key);
            evicted += usize::from(self.evict(&key));
        }
        evicted
    }

    /// How long an entry lives on. It does not count as a use.
    pub fn ttl(&mut self, now: Duration, key: &[u8]) -> Ttl {
        self.begin(now);
        match self.entries.get(key).map(|entry| entry.expires) {
            None => Ttl::Missing,
            Some(None) => Ttl::Forever,
            Some(Some(at)) => Ttl::Left(at.saturating_sub(self.now)),
        }
    }

    /// How long ago the value of a key was set. It does not count as a use.
    pub fn age(&mut self, now: Duration, key: &[u8]) -> Option<Duration> {
        self.advance(now);
        let entry = self.entries.get(key)?;
        Some(self.now.saturating_sub(entry.set))
    }

    /// The entries by key. Looking is no command: it evicts nothing and counts as no use.
    pub fn entries(&mut self, now: Duration) -> impl Iterator<Item = EntrySeen<'_>> {
        self.advance(now);
        self.entries.iter().map(|(key, entry)| EntrySeen {
            key,
            value: &entry.value,
            expires: entry.expires,
        })
    }

    /// How many entries there are.
    pub fn len(&mut self, now: Duration) -> usize {
        self.advance(now);
        self.entries.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&mut self, now: Duration) -> bool {
        self.len(now) == 0
    }

    /// What the entries take, in bytes, with [`ENTRY_OVERHEAD`].
    pub fn bytes(&mut self, now: Duration) -> usize {
        self.advance(now);
        self.bytes
    }

    /// When the next entry's time is over.
    pub fn next_event(&mut self, now: Duration) -> Option<Duration> {
        self.advance(now);
        self.expiries.first().map(|&(at, _)| at)
    }

    /// What happened since the last call, with its time. Whoever uses a store by itself has to call
    /// this now and then.
    pub fn take_events(&mut self) -> Vec<(Duration, StoreEvent)> {
        std::mem::take(&mut self.events)
    }

    /// Lets time pass: removes entries whose time is over, in the order of their times.
    pub(super) fn advance(&mut self, now: Duration) {
        self.now = self.now.max(now);
        while let Some((at, key)) = self.expiries.first().cloned()
            && at <= self.now
        {
            self.take(&key);
            self.events.push((at, StoreEvent::Expired { key }));
        }
    }

    /// What Redis does before each command. Says whether there is room for a value.
    /// Redis holds what a command brings along in its memory before it runs the command: so it makes room for that
    /// first, and refuses what has none by itself. Measured with large values on Redis 7.0; small ones get lost in
    /// the buffers, so without eviction only what is there counts.
    fn make_room(&mut self, bytes: usize) -> bool {
        let Some(memory) = self
            .memory
            .filter(|memory| memory.policy == Policy::EvictLeastRecent)
        else {
            return true;
        };
        if bytes > memory.bytes {
            return false;
        }
        while self.bytes + bytes > memory.bytes {
            let Some((_, key)) = self.uses.first_key_value() else {
                break;
            };
            let key = Arc::clone(key);
            self.evict(&key);
        }
        true
    }

    fn begin(&mut self, now: Duration) -> bool {
        self.advance(now);
        let Some(memory) = self.memory else {
            return true;
        };
        while self.bytes > memory.bytes {
            if memory.policy == Policy::Refuse {
                return false;
            }
            let Some((_, key)) = self.uses.first_key_value() else {
                break;
            };
            let key = Arc::clone(key);
            self.evict(&key);
        }
        true
    }

    fn take(&mut self, key: &[u8]) -> Option<Arc<[u8]>> {
        let (key, entry) = self.entries.remove_entry(key)?;
        self.bytes -= size(&key, &entry.value);
        self.uses.remove(&entry.used);
        let Some(at) = entry.expires else {
            return Some(key);
        };
        let expiry = (at, key);
        self.expiries.remove(&expiry);
        Some(expiry.1)
    }

    fn next_use(&mut self) -> u64 {
        self.last_use += 1;
        self.last_use
    }

    /// When a time that starts now is over. Redis keeps the end as signed 64-bit milliseconds.
    fn deadline(&self, ttl: Duration) -> Result<Duration, Failure> {
        let refuse = |why: &str| {
            Err(Failure::Refused(format!(
                "an entry cannot live for {ttl:?}: {why}"
            )))
        };
        let Ok(millis) = i64::try_from(ttl.as_millis()) else {
            return refuse("that is more than 64 bits of milliseconds");
        };
        if millis == 0 {
            return refuse("the shortest time is one millisecond; without a time it stays");
        }
        let whole = Duration::from_millis(millis.unsigned_abs());
        Ok(self.now.saturating_add(whole))
    }
}

fn size(key: &[u8], value: &[u8]) -> usize {
    key.len() + value.len() + ENTRY_OVERHEAD
}
