use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::{ENTRY_OVERHEAD, Memory, Policy, Store, StoreEvent, Ttl};
use crate::backend::Failure;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn set(store: &mut Store, now: u64, key: &[u8], ttl: Option<u64>) {
    let value = key.to_vec();
    store.set(ms(now), key, value, ttl.map(ms)).unwrap();
}

fn keys(store: &mut Store, now: u64) -> Vec<Vec<u8>> {
    store
        .entries(ms(now))
        .map(|entry| entry.key.to_vec())
        .collect()
}

/// Room for this many entries of one byte each for key and value.
fn room(entries: usize, policy: Policy) -> Option<Memory> {
    let bytes = entries * (2 + ENTRY_OVERHEAD);
    Some(Memory { bytes, policy })
}

#[test]
fn an_entry_lives_for_its_time() {
    let mut store = Store::new();
    set(&mut store, 0, b"a", Some(100));
    assert_eq!(store.ttl(ms(40), b"a"), Ttl::Left(ms(60)));
    assert_eq!(store.next_event(ms(40)), Some(ms(100)));
    assert_eq!(store.get(ms(99), b"a"), Some(b"a".to_vec()));
    assert!(store.contains(ms(99), b"a"));
    assert_eq!(store.get(ms(100), b"a"), None);
    assert!(!store.contains(ms(100), b"a"));
    assert_eq!(store.ttl(ms(100), b"a"), Ttl::Missing);
    let key = Arc::from(b"a".as_slice());
    let expired = StoreEvent::Expired { key };
    assert_eq!(store.take_events(), [(ms(100), expired)]);
}

#[test]
fn to_set_forgets_the_time() {
    let mut store = Store::new();
    set(&mut store, 0, b"a", Some(100));
    set(&mut store, 50, b"a", None);
    assert_eq!(store.ttl(ms(60), b"a"), Ttl::Forever);
    assert_eq!(store.get(ms(1_000), b"a"), Some(b"a".to_vec()));
    set(&mut store, 1_000, b"a", Some(10));
    assert_eq!(store.get(ms(1_010), b"a"), None);
}

#[test]
fn no_time_at_all_is_a_mistake() {
    let mut store = Store::new();
    set(&mut store, 0, b"a", None);
    for (ttl, why) in [
        (Duration::ZERO, "shortest time is one millisecond"),
        (Duration::from_micros(999), "shortest time"),
        (Duration::MAX, "more than 64 bits"),
    ] {
        let Err(Failure::Refused(said)) = store.set(ms(0), b"a", vec![1], Some(ttl)) else {
            panic!("{ttl:?} was taken");
        };
        assert!(said.contains(why), "{said}");
    }
    assert_eq!(store.get(ms(0), b"a"), Some(b"a".to_vec()), "unchanged");
    let ttl = Some(Duration::from_micros(1_999));
    store.set(ms(0), b"a", vec![1], ttl).unwrap();
    assert_eq!(store.ttl(ms(0), b"a"), Ttl::Left(ms(1)));
}

#[test]
fn full_memory_evicts_what_was_not_used_for_the_longest_time() {
    let mut store = Store::new();
    store.set_memory(room(2, Policy::EvictLeastRecent));
    set(&mut store, 0, b"a", None);
    set(&mut store, 1, b"b", None);
    store.get(ms(2), b"a");
    set(&mut store, 3, b"c", None);
    assert_eq!(keys(&mut store, 3), [b"a", b"c"]);
    assert_eq!(store.get(ms(4), b"b"), None, "set, and gone");
    let key = Arc::from(b"b".as_slice());
    let evicted = StoreEvent::Evicted { key };
    assert_eq!(store.take_events(), [(ms(3), evicted)]);
}

#[test]
fn a_value_larger_than_the_memory_is_refused() {
    let mut store = Store::new();
    store.set_memory(room(1, Policy::EvictLeastRecent));
    let large = store.set(ms(0), b"a", vec![0; 1_000], None);
    assert_eq!(large, Err(Failure::Full));
    assert_eq!(store.get(ms(0), b"a"), None);
    assert_eq!(store.bytes(ms(0)), 0);
}

#[test]
fn full_memory_refuses_where_nothing_may_go() {
    let mut store = Store::new();
    store.set_memory(room(1, Policy::Refuse));
    set(&mut store, 0, b"a", None);
    set(&mut store, 0, b"b", Some(10));
    let refused = store.set(ms(1), b"c", vec![0], None);
    assert_eq!(refused, Err(Failure::Full));
    assert_eq!(store.get(ms(1), b"a"), Some(b"a".to_vec()), "reads go on");
    assert!(store.remove(ms(1), b"a"), "so do removals");
    set(&mut store, 1, b"c", None);
    assert_eq!(
        store.set(ms(9), b"d", vec![0], None),
        Err(Failure::Full),
        "until the time of an entry is over"
    );
    set(&mut store, 10, b"d", None);
}

#[test]
fn faults_evict() {
    let mut store = Store::new();
    for key in [b"b", b"a", b"c"] {
        set(&mut store, 0, key, Some(9));
    }
    assert!(store.evict(b"b"));
    assert!(!store.evict(b"b"));
    assert_eq!(keys(&mut store, 0), [b"a", b"c"]);
    assert_eq!(store.evict_all(), 2);
    assert!(store.is_empty(ms(0)));
    assert_eq!((store.bytes(ms(0)), store.next_event(ms(0))), (0, None));
    assert_eq!(store.take_events().len(), 3);
}

#[derive(Clone, Debug)]
enum Step {
    Set(u8, usize, Option<u64>),
    Get(u8),
    Contains(u8),
    Remove(u8),
    Evict(u8),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let key = 0u8..8;
    prop_oneof![
        4 => (key.clone(), 0usize..20, prop::option::of(0u64..30))
            .prop_map(|(key, size, ttl)| Step::Set(key, size, ttl)),
        4 => key.clone().prop_map(Step::Get),
        1 => key.clone().prop_map(Step::Contains),
        1 => key.clone().prop_map(Step::Remove),
        1 => key.prop_map(Step::Evict),
        3 => (1u64..15).prop_map(Step::Wait),
    ]
}

/// A naive store: a map from keys to values, the end of their time, and their last use.
#[derive(Default)]
struct Model {
    now: u64,
    uses: u64,
    entries: BTreeMap<u8, (Vec<u8>, Option<u64>, u64)>,
}

impl Model {
    fn bytes(&self) -> usize {
        let size = |(value, ..): &(Vec<u8>, Option<u64>, u64)| value.len() + 1 + ENTRY_OVERHEAD;
        self.entries.values().map(size).sum()
    }

    /// Says whether there is room.
    fn begin(&mut self, memory: Option<Memory>) -> bool {
        let now = self.now;
        self.entries
            .retain(|_, (_, end, _)| end.is_none_or(|end| end > now));
        let Some(memory) = memory else { return true };
        while self.bytes() > memory.bytes {
            if memory.policy == Policy::Refuse {
                return false;
            }
            self.evict_oldest();
        }
        true
    }

    /// Before a value is taken.
    fn make_room(&mut self, memory: Option<Memory>, bytes: usize) -> bool {
        let Some(memory) = memory.filter(|memory| memory.policy == Policy::EvictLeastRecent) else {
            return true;
        };
        while bytes <= memory.bytes && self.bytes() + bytes > memory.bytes {
            self.evict_oldest();
        }
        bytes <= memory.bytes
    }

    fn evict_oldest(&mut self) {
        let oldest = self.entries.iter().min_by_key(|(_, (_, _, used))| *used);
        let oldest = *oldest.unwrap().0;
        self.entries.remove(&oldest);
    }
}

proptest! {
    #[test]
    fn it_does_what_a_naive_store_does(
        memory in prop_oneof![
            Just(None),
            (1usize..6).prop_map(|entries| room(entries, Policy::EvictLeastRecent)),
            (1usize..6).prop_map(|entries| room(entries, Policy::Refuse)),
        ],
        steps in prop::collection::vec(step(), 0..100),
    ) {
        let mut store = Store::new();
        store.set_memory(memory);
        let mut model = Model::default();
        for step in steps {
            let now = ms(model.now);
            match step {
                Step::Set(key, size, ttl) => {
                    let value = vec![key; size];
                    let result = store.set(now, &[key], value.clone(), ttl.map(ms));
                    let has_room = model.begin(memory);
                    if ttl == Some(0) {
                        prop_assert!(matches!(result, Err(Failure::Refused(_))));
                    } else if has_room && model.make_room(memory, size + 1 + ENTRY_OVERHEAD) {
                        prop_assert_eq!(result, Ok(()));
                        model.uses += 1;
                        let end = ttl.map(|ttl| model.now + ttl);
                        model.entries.insert(key, (value, end, model.uses));
                    } else {
                        prop_assert_eq!(result, Err(Failure::Full));
                    }
                }
                Step::Get(key) => {
                    model.begin(memory);
                    model.uses += 1;
                    let uses = model.uses;
                    let expected = model.entries.get_mut(&key).map(|(value, _, used)| {
                        *used = uses;
                        value.clone()
                    });
                    prop_assert_eq!(store.get(now, &[key]), expected);
                }
                Step::Contains(key) => {
                    model.begin(memory);
                    let expected = model.entries.contains_key(&key);
                    prop_assert_eq!(store.contains(now, &[key]), expected);
                }
                Step::Remove(key) => {
                    model.begin(memory);
                    let expected = model.entries.remove(&key).is_some();
                    prop_assert_eq!(store.remove(now, &[key]), expected);
                }
                Step::Evict(key) => {
                    prop_assert_eq!(store.evict(&[key]), model.entries.remove(&key).is_some());
                }
                Step::Wait(millis) => model.now += millis,
            }
            let now = model.now;
            model.entries.retain(|_, (_, end, _)| end.is_none_or(|end| end > now));
            let expected: Vec<_> = model
                .entries
                .iter()
                .map(|(&key, (value, end, _))| (vec![key], value.clone(), end.map(ms)))
                .collect();
            let seen: Vec<_> = store
                .entries(ms(now))
                .map(|entry| (entry.key.to_vec(), entry.value.to_vec(), entry.expires))
                .collect();
            prop_assert_eq!(seen, expected);
            prop_assert_eq!(store.bytes(ms(now)), model.bytes());
            prop_assert_eq!(store.uses.len(), store.entries.len());
        }
    }
}
