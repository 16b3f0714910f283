//! Many worlds, and who finds which.

use std::thread;

use cloudc::World;
use cloudc::testing::{Case, test};
use rand::RngExt as _;

use crate::app::{CHORES, COUNTS, LETTERS};

fn case(seed: u64) -> Case {
    Case {
        name: "world::one_of_many",
        package: "cloudc",
        file: file!(),
        line: line!(),
        seed: Some(seed),
        start: None,
    }
}

#[test]
fn hundreds_at_once_do_not_leak_into_each_other() {
    thread::scope(|scope| {
        for seed in 0..300 {
            scope.spawn(move || {
                test(case(seed), |world: World| async move {
                    for _ in 0..seed % 7 {
                        LETTERS.send(&seed.to_string()).await?;
                        tokio::task::yield_now().await;
                    }
                    let letters = world.queue(&LETTERS).payloads();
                    assert_eq!(letters.len() as u64, seed % 7);
                    assert!(letters.iter().all(|letter| *letter == seed.to_string()));
                    Ok::<(), cloudc::Error>(())
                });
            });
        }
    });
}

#[cloudc::test]
async fn it_is_found_from_everywhere(world: World) {
    async fn send(from: &str) {
        LETTERS.send(&from.to_owned()).await.expect("a world");
    }
    tokio::spawn(send("spawn")).await?;
    let mut set = tokio::task::JoinSet::new();
    set.spawn(send("set"));
    set.join_next().await.expect("a task")?;
    let handle = tokio::runtime::Handle::current();
    let blocking = handle.clone();
    tokio::task::spawn_blocking(move || blocking.block_on(send("blocking"))).await?;
    thread::spawn(move || {
        let _entered = handle.enter();
        assert_eq!(cloudc::now(), cloudc::now());
        futures_util::future::FutureExt::now_or_never(async { LETTERS.sender() })
    })
    .join()
    .map_err(|_| "a panic")?;
    assert_eq!(
        world.queue(&LETTERS).payloads(),
        ["spawn", "set", "blocking"]
    );
}

#[test]
fn the_same_seed_draws_the_same_numbers() {
    let draw = |seed| {
        let (send, receive) = std::sync::mpsc::channel();
        test(case(seed), move |_: World| {
            let send = send.clone();
            async move {
                send.send(cloudc::rng().random::<u64>())
                    .is_ok()
                    .then_some(())
                    .ok_or("")
            }
        });
        receive.recv().expect("a number")
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
}

#[cloudc::test(seed = 7)]
async fn its_seed_is_what_it_says(world: World) {
    assert_eq!(world.seed(), 7);
    assert_eq!(COUNTS.get(&"a".to_owned()).await?, None);
}

/// A test binary may link the services of other packages as well.
#[test]
fn requests_go_to_the_service_of_the_tests_own_package() {
    let case = Case {
        name: "tests::one_of_search",
        package: "search",
        ..case(1)
    };
    test(case, async |world: World| {
        world.http().get("/search").send().await.assert_status(200);
    });
}

#[test]
fn a_retry_draws_none_of_the_tests_numbers() {
    let draw = |chore: &'static str| {
        let (send, receive) = std::sync::mpsc::channel();
        test(case(1), move |world: World| {
            let send = send.clone();
            async move {
                CHORES.send(&chore.to_owned()).await?;
                world.until_idle().await;
                send.send(cloudc::rng().random::<u64>()).expect("open");
                Ok::<(), cloudc::Error>(())
            }
        });
        receive.recv().expect("a number")
    };
    assert_eq!(draw("fail"), draw("ok"));
}
