//! What caches do: the rows of Redis' behaviour, one case each.

use std::time::Duration;

use cloudc::backend::{Failure, Store};
use tokio::time::sleep;

use crate::subject::{CACHE, CacheSubject, Room, Wish, plain};

async fn set(backend: &dyn Store, key: &[u8], value: &[u8], ttl: Option<Duration>) {
    let set = backend.set(CACHE, key, value.to_vec(), ttl).await;
    set.expect("the cache takes it");
}

async fn get(backend: &dyn Store, key: &[u8]) -> Option<Vec<u8>> {
    backend.get(CACHE, key).await.expect("the cache is there")
}

pub(crate) fn what_was_set_is_there<S: CacheSubject>() {
    S::run(async {
        let backend = S::start(plain::<S>()).await;
        assert_eq!(get(&*backend, b"a").await, None);
        for (key, value) in [(&b"a"[..], &b"1"[..]), (b"\0\r\n\xff", b""), (b"", b"2")] {
            set(&*backend, key, b"first", None).await;
            set(&*backend, key, value, None).await;
            assert_eq!(get(&*backend, key).await, Some(value.to_vec()));
            assert_eq!(backend.contains(CACHE, key).await, Ok(true));
        }
        assert_eq!(backend.contains(CACHE, b"b").await, Ok(false));
    });
}

pub(crate) fn a_removed_entry_is_gone<S: CacheSubject>() {
    S::run(async {
        let backend = S::start(plain::<S>()).await;
        set(&*backend, b"a", b"1", None).await;
        set(&*backend, b"b", b"2", None).await;
        backend
            .remove(CACHE, b"a")
            .await
            .expect("the cache answers");
        backend
            .remove(CACHE, b"a")
            .await
            .expect("the cache answers");
        assert_eq!(get(&*backend, b"a").await, None);
        assert_eq!(get(&*backend, b"b").await, Some(b"2".to_vec()));
    });
}

pub(crate) fn an_entry_lives_for_its_time<S: CacheSubject>() {
    S::run(async {
        let backend = S::start(plain::<S>()).await;
        set(&*backend, b"a", b"1", Some(S::TICK * 4)).await;
        sleep(S::TICK * 3).await;
        assert_eq!(get(&*backend, b"a").await, Some(b"1".to_vec()));
        sleep(S::TICK * 2).await;
        assert_eq!(get(&*backend, b"a").await, None);
        assert_eq!(backend.contains(CACHE, b"a").await, Ok(false));
    });
}

pub(crate) fn to_set_forgets_the_time<S: CacheSubject>() {
    S::run(async {
        let backend = S::start(plain::<S>()).await;
        set(&*backend, b"a", b"1", Some(S::TICK * 2)).await;
        set(&*backend, b"a", b"2", None).await;
        set(&*backend, b"b", b"1", Some(S::TICK * 2)).await;
        set(&*backend, b"b", b"2", Some(S::TICK * 6)).await;
        sleep(S::TICK * 4).await;
        assert_eq!(get(&*backend, b"a").await, Some(b"2".to_vec()));
        assert_eq!(get(&*backend, b"b").await, Some(b"2".to_vec()));
        sleep(S::TICK * 3).await;
        assert_eq!(get(&*backend, b"b").await, None);
    });
}

pub(crate) fn no_time_at_all_is_refused<S: CacheSubject>() {
    S::run(async {
        let backend = S::start(plain::<S>()).await;
        set(&*backend, b"a", b"1", None).await;
        let ttl = Some(Duration::ZERO);
        let refused = backend.set(CACHE, b"a", b"2".to_vec(), ttl).await;
        assert!(matches!(refused, Err(Failure::Refused(_))), "{refused:?}");
        assert_eq!(get(&*backend, b"a").await, Some(b"1".to_vec()));
    });
}

/// Much more than what a server needs for itself.
const ROOM: usize = 4 * 1024 * 1024;

/// A twentieth of it.
const VALUE: usize = ROOM / 20;

pub(crate) fn full_memory_evicts<S: CacheSubject>() {
    S::run(async {
        let room = Room {
            bytes: ROOM,
            evicts: true,
        };
        let wish = Wish {
            memory: Some(room),
            ..plain::<S>()
        };
        let backend = S::start(wish).await;
        let mut hits = 0;
        for key in 0..60u8 {
            set(&*backend, &[key], &vec![key; VALUE], None).await;
            // It may be gone already, but it is no other.
            if let Some(value) = get(&*backend, &[key]).await {
                assert_eq!(value, vec![key; VALUE]);
                hits += 1;
            }
        }
        assert!(hits > 0);
        let mut kept = 0;
        for key in 0..60u8 {
            kept += usize::from(get(&*backend, &[key]).await.is_some());
        }
        assert!((1..=20).contains(&kept), "{kept} of 60 are still there");
    });
}

pub(crate) fn full_memory_refuses<S: CacheSubject>() {
    S::run(async {
        let room = Room {
            bytes: ROOM,
            evicts: false,
        };
        let wish = Wish {
            memory: Some(room),
            ..plain::<S>()
        };
        let backend = S::start(wish).await;
        let mut taken = 0u8;
        let refused = loop {
            let set = backend.set(CACHE, &[taken], vec![taken; VALUE], None);
            match set.await {
                Ok(()) => taken += 1,
                Err(failure) => break failure,
            }
            assert!(taken < 60, "there is no room for so many");
        };
        assert_eq!(refused, Failure::Full);
        assert!(taken > 0);
        for key in 0..taken {
            assert_eq!(get(&*backend, &[key]).await, Some(vec![key; VALUE]));
        }
        backend
            .remove(CACHE, &[0])
            .await
            .expect("the cache answers");
        backend
            .remove(CACHE, &[1])
            .await
            .expect("the cache answers");
        set(&*backend, &[0], b"small", None).await;
    });
}
