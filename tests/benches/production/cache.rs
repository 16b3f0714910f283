//! Gets and sets, and the same with the redis crate alone.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cloudc::backend::valkey::Valkey;
use cloudc::backend::{Access, Store};
use redis::aio::ConnectionManager;

use crate::servers::{Server, cache_credentials};
use crate::{compare, rate};

const CALLS: usize = 100_000;
const CALLERS: usize = 64;
const ROUNDS: usize = 5;
const TTL: Duration = Duration::from_secs(600);

pub(crate) async fn measure() {
    let Some(server) = Server::caches() else {
        return;
    };
    let access = Access {
        url: format!("redis://127.0.0.1:{}", server.port()),
        credentials: Some(cache_credentials(server.folder(), "admin")),
    };
    let ours = Arc::new(
        Valkey::connect(&access, "shop", "charge")
            .await
            .expect("connected"),
    );
    let url = format!("redis://admin:secret@127.0.0.1:{}", server.port());
    let client = redis::Client::open(url).expect("an address");
    let raw = ConnectionManager::new(client).await.expect("connected");
    let value = vec![b'x'; 100];
    let mut figures: [(Vec<f64>, Vec<f64>); 2] = Default::default();
    for _ in 0..ROUNDS {
        let (store, bytes) = (Arc::clone(&ours), value.clone());
        let one = timed(move |key| {
            let (store, bytes) = (Arc::clone(&store), bytes.clone());
            async move {
                store
                    .set("prices", key.as_bytes(), bytes, Some(TTL))
                    .await
                    .expect("set")
            }
        });
        figures[0].0.push(one.await);
        let (connection, bytes) = (raw.clone(), value.clone());
        let one = timed(move |key| {
            let (mut connection, bytes) = (connection.clone(), bytes.clone());
            async move {
                let key = format!("shop:raw:{key}");
                let mut set = redis::cmd("SET");
                set.arg(key)
                    .arg(bytes)
                    .arg("PX")
                    .arg(TTL.as_millis() as u64);
                set.query_async::<()>(&mut connection).await.expect("set")
            }
        });
        figures[0].1.push(one.await);
        let store = Arc::clone(&ours);
        let one = timed(move |key| {
            let store = Arc::clone(&store);
            async move {
                assert!(
                    store
                        .get("prices", key.as_bytes())
                        .await
                        .expect("got")
                        .is_some()
                )
            }
        });
        figures[1].0.push(one.await);
        let connection = raw.clone();
        let one = timed(move |key| {
            let mut connection = connection.clone();
            async move {
                let key = format!("shop:raw:{key}");
                let value: Option<Vec<u8>> = redis::cmd("GET")
                    .arg(key)
                    .query_async(&mut connection)
                    .await
                    .expect("got");
                assert!(value.is_some());
            }
        });
        figures[1].1.push(one.await);
    }
    let [set, get] = figures;
    compare("cache set", "1/s", set.0, set.1);
    compare("cache get", "1/s", get.0, get.1);
}

async fn timed<F: Future<Output = ()> + Send + 'static>(
    call: impl Fn(String) -> F + Clone + Send + Sync + 'static,
) -> f64 {
    let began = Instant::now();
    let callers = (0..CALLERS).map(|caller| {
        let call = call.clone();
        tokio::spawn(async move {
            for number in (caller..CALLS).step_by(CALLERS) {
                call((number % 1_000).to_string()).await;
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.expect("no panic");
    }
    rate(CALLS, began.elapsed())
}
