//! Facts by the hash of the file that they were made from, so that a file is parsed once.
//!
//! A pack is one run of bytes: a magic, the stamp of the cloudc that wrote it, and entries of key,
//! checksum, length and facts. Whatever does not fit is dropped and made anew: a pack is a
//! shortcut, never the truth.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rustc_hash::FxHashMap;

use crate::lift::facts::FileFacts;

/// The hash of a file's bytes.
pub type Key = [u8; 32];

const MAGIC: &[u8; 8] = b"cloudc.1";
const CHECKSUM: usize = 8;
const ENTRY: usize = 32 + CHECKSUM + 4;

/// The facts of an earlier run, and those of this one.
pub struct Cache {
    pack: Vec<u8>,
    entries: FxHashMap<Key, Range<usize>>,
    stamp: Key,
    kept: Mutex<BTreeMap<Key, Kept>>,
    made: AtomicUsize,
}

enum Kept {
    Old,
    New(Arc<[u8]>),
}

/// The key of a file's bytes.
pub fn key(bytes: &[u8]) -> Key {
    *blake3::hash(bytes).as_bytes()
}

impl Cache {
    /// An empty one.
    pub fn empty() -> Self {
        Self::open(Vec::new(), "")
    }

    /// The cache in a pack that [`Cache::pack`] made. `stamp` tells one cloudc from another: what
    /// another one wrote is not used.
    pub fn open(pack: Vec<u8>, stamp: &str) -> Self {
        let stamp = key(stamp.as_bytes());
        let entries = entries(&pack, &stamp).unwrap_or_default();
        Self {
            pack,
            entries,
            stamp,
            kept: Mutex::default(),
            made: AtomicUsize::new(0),
        }
    }

    /// The facts of a file: those of this run, or those of an earlier one.
    pub fn get(&self, key: &Key) -> Option<FileFacts> {
        let new = match self.kept.lock().ok()?.get(key) {
            Some(Kept::New(facts)) => Some(facts.clone()),
            _ => None,
        };
        match new {
            Some(facts) => postcard::from_bytes(&facts).ok(),
            None => postcard::from_bytes(self.whole(key)?).ok(),
        }
    }

    /// The packed facts of an earlier run, if nothing happened to them.
    fn whole(&self, key: &Key) -> Option<&[u8]> {
        let (checksum, facts) = self.bytes(key)?.split_at_checked(CHECKSUM)?;
        (self::key(facts).get(..CHECKSUM)? == checksum).then_some(facts)
    }

    fn bytes(&self, key: &Key) -> Option<&[u8]> {
        self.pack.get(self.entries.get(key)?.clone())
    }

    /// Keeps the facts of an earlier run for the next one; whether they are there and whole.
    pub fn keep(&self, key: Key) -> bool {
        let whole = self.whole(&key).is_some();
        if whole {
            self.put(key, Kept::Old);
        }
        whole
    }

    /// Adds facts that had to be made.
    pub fn add(&self, key: Key, facts: &FileFacts) {
        if let Ok(facts) = postcard::to_stdvec(facts) {
            self.made.fetch_add(1, Ordering::Relaxed);
            self.put(key, Kept::New(facts.into()));
        }
    }

    fn put(&self, key: Key, kept: Kept) {
        if let Ok(mut all) = self.kept.lock() {
            all.insert(key, kept);
        }
    }

    /// How many files had to be parsed.
    pub fn made(&self) -> usize {
        self.made.load(Ordering::Relaxed)
    }

    /// The bytes for the next run: the facts of this run's files and no others; `None` where they
    /// are what was opened.
    pub fn pack(&self) -> Option<Vec<u8>> {
        let kept = self.kept.lock().ok()?;
        let same = self.made() == 0 && kept.len() == self.entries.len();
        if same {
            return None;
        }
        let mut pack = Vec::with_capacity(self.pack.len());
        pack.extend_from_slice(MAGIC);
        pack.extend_from_slice(&self.stamp);
        for (key, kept) in &*kept {
            match kept {
                Kept::Old => {
                    let bytes = self.bytes(key)?;
                    let length = bytes.len().checked_sub(CHECKSUM)?;
                    pack.extend_from_slice(key);
                    pack.extend_from_slice(&u32::try_from(length).ok()?.to_le_bytes());
                    pack.extend_from_slice(bytes);
                }
                Kept::New(facts) => {
                    pack.extend_from_slice(key);
                    pack.extend_from_slice(&u32::try_from(facts.len()).ok()?.to_le_bytes());
                    pack.extend_from_slice(self::key(facts).get(..CHECKSUM)?);
                    pack.extend_from_slice(facts);
                }
            }
        }
        Some(pack)
    }
}

/// Where the entries lie; `None` for a pack that is not one, or is another cloudc's.
fn entries(pack: &[u8], stamp: &Key) -> Option<FxHashMap<Key, Range<usize>>> {
    let rest = pack.strip_prefix(MAGIC)?.strip_prefix(stamp)?;
    let mut entries = FxHashMap::default();
    let mut at = pack.len() - rest.len();
    while at < pack.len() {
        let head = pack.get(at..at + ENTRY)?;
        let key: Key = head.get(..32)?.try_into().ok()?;
        let length = u32::from_le_bytes(head.get(32..36)?.try_into().ok()?) as usize;
        let end = at + ENTRY + length;
        pack.get(at..end)?;
        entries.insert(key, at + 36..end);
        at = end;
    }
    Some(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(name: &str) -> FileFacts {
        FileFacts {
            names: vec![name.to_owned()],
            ..FileFacts::default()
        }
    }

    fn packed(stamp: &str) -> Vec<u8> {
        let cache = Cache::open(Vec::new(), stamp);
        cache.add(key(b"a"), &facts("a"));
        cache.add(key(b"b"), &facts("b"));
        cache.pack().expect("new entries make a new pack")
    }

    #[test]
    fn what_was_kept_is_found() {
        let cache = Cache::open(packed("one"), "one");
        assert_eq!(cache.get(&key(b"a")), Some(facts("a")));
        assert_eq!(cache.get(&key(b"c")), None);
        cache.keep(key(b"a"));
        cache.keep(key(b"b"));
        assert_eq!(cache.pack(), None, "nothing is new");
    }

    #[test]
    fn another_cloudc_s_pack_is_not_used() {
        assert_eq!(Cache::open(packed("one"), "two").get(&key(b"a")), None);
    }

    #[test]
    fn facts_of_files_that_are_gone_are_dropped() {
        let cache = Cache::open(packed("one"), "one");
        cache.keep(key(b"b"));
        let next = Cache::open(cache.pack().expect("a smaller pack"), "one");
        assert_eq!(next.get(&key(b"a")), None);
        assert_eq!(next.get(&key(b"b")), Some(facts("b")));
    }

    #[test]
    fn no_damage_is_trusted_and_none_panics() {
        let good = packed("one");
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x41;
            let cache = Cache::open(bad, "one");
            for name in ["a", "b"] {
                let found = cache.get(&key(name.as_bytes()));
                assert!(found.is_none() || found == Some(facts(name)), "byte {at}");
                if !cache.keep(key(name.as_bytes())) {
                    cache.add(key(name.as_bytes()), &facts(name));
                }
            }
            let mended = cache.pack().expect("something was mended");
            let next = Cache::open(mended, "one");
            assert_eq!(next.get(&key(b"a")), Some(facts("a")), "byte {at}");
            Cache::open(good[..at].to_vec(), "one").get(&key(b"a"));
        }
    }
}
