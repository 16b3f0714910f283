//! The clock, and what it starts.

use std::time::SystemTime;

use cloudc::World;
use cloudc::testing::trace::What;
use cloudc::testing::{days, hours, minutes, seconds};

use crate::app::{COUNTS, DONE, sweep};
use crate::count;

#[cloudc::test]
async fn a_day_has_its_schedules_and_ends_entries(world: World) {
    DONE.set(&"a".to_owned(), &1).await?;
    world.advance(minutes(59)).await;
    assert_eq!(world.cache(&DONE).ttl(&"a".to_owned()), Some(minutes(1)));
    world.advance(hours(24) - minutes(59)).await;
    assert!(world.cache(&DONE).is_empty());
    assert_eq!(
        count(&world, "sweep"),
        Some(96),
        "the one at the very end is one of them"
    );
}

/// At half past two in Berlin; that night there is none.
#[cloudc::test(start = "2026-03-28T12:00:00Z")]
async fn in_spring_a_time_is_left_out(world: World) {
    world.advance(days(1)).await;
    assert_eq!(count(&world, "night"), None);
    world.advance(days(1)).await;
    assert_eq!(count(&world, "night"), Some(1));
}

/// That night it is half past two twice, and Kubernetes' cron runs at both.
#[cloudc::test(start = "2026-10-24T12:00:00Z")]
async fn in_autumn_a_time_comes_twice(world: World) {
    world.advance(days(1)).await;
    assert_eq!(count(&world, "night"), Some(2));
}

#[cloudc::test]
async fn a_run_is_left_out_while_the_one_before_is_not_done(world: World) {
    world.faults().on(sweep).slow_call(1, minutes(9));
    world.faults().on(sweep).message(2).slow_call(1, minutes(9));
    world.advance(hours(1)).await;
    assert_eq!(count(&world, "sweep"), Some(4));
    // Two tries that hang until their timeout of ten minutes take longer than a quarter of an hour.
    world.faults().on(sweep).times(2).hang();
    // The one that was missed meanwhile is 330 seconds late when they end.
    world.advance(minutes(40)).await;
    let trace = world.trace().to_string();
    assert!(trace.contains("left out a run"), "{trace}");
}

/// The controller starts the last one that was missed, when that is not five minutes ago.
#[cloudc::test]
async fn a_run_that_was_missed_is_made_up_for(world: World) {
    world.faults().on(sweep).hang();
    world.faults().on(sweep).message(2).slow_call(1, minutes(7));
    world.advance(minutes(50)).await;
    let trace = world.trace();
    let begins: Vec<_> = trace
        .events()
        .filter(|event| matches!(&event.what, What::Started { call } if &*call.function == "sweep"))
        .map(|event| event.at)
        .collect();
    // Ten minutes until the timeout, and ten seconds until the second try, which takes seven minutes.
    let (again, end) = (minutes(25) + seconds(10), minutes(32) + seconds(10));
    assert_eq!(begins, [minutes(15), again, end, minutes(45)]);
    assert!(!trace.to_string().contains("left out a run"), "{trace}");
}

#[cloudc::test]
async fn a_run_that_fails_is_tried_again_twice(world: World) {
    world.faults().on(sweep).times(3).fail_call(1);
    world.run(sweep).await;
    assert_eq!(world.trace().calls("sweep"), 3);
    assert_eq!(world.elapsed(), seconds(30), "ten seconds, then twenty");
}

#[cloudc::test]
async fn chained_sleeps_all_end(world: World) {
    let chain = tokio::spawn(async {
        for _ in 0..3 {
            tokio::time::sleep(seconds(10)).await;
        }
    });
    world.advance(minutes(1)).await;
    assert!(chain.is_finished());
    assert_eq!(world.elapsed(), minutes(1));
}

/// However often it lets others go first.
#[cloudc::test]
async fn what_is_due_at_the_end_is_done(world: World) {
    let work = tokio::spawn(async {
        tokio::time::sleep(minutes(1)).await;
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    });
    world.advance(minutes(1)).await;
    assert!(work.is_finished());
    assert_eq!(world.elapsed(), minutes(1));
}

#[cloudc::test(start = "2026-03-28T00:00:00Z")]
async fn now_is_the_worlds(world: World) {
    let start = cloudc::now();
    let since = start.duration_since(SystemTime::UNIX_EPOCH)?;
    assert_eq!(since.as_secs(), 1_774_656_000);
    world.advance(hours(1)).await;
    assert_eq!(cloudc::now().duration_since(start)?, hours(1));
    assert_eq!(world.now(), cloudc::now());
}

#[cloudc::test]
async fn caches_do_as_redis_does(world: World) {
    let key = "a".to_owned();
    COUNTS.set_for(&key, &1, seconds(5)).await?;
    COUNTS.set(&key, &2).await?;
    assert_eq!(
        world.cache(&COUNTS).ttl(&key),
        None,
        "to set forgets the time"
    );
    assert!(COUNTS.set_for(&key, &3, seconds(0)).await.is_err());
    assert_eq!(
        COUNTS
            .get_or_set_with(&key, async || Ok::<_, cloudc::Error>(9))
            .await?,
        2
    );
    world.cache(&COUNTS).evict(&key);
    assert!(!COUNTS.contains(&key).await?);
    world.limit_memory(&COUNTS, 1_000);
    for index in 0..100 {
        COUNTS.set(&index.to_string(), &index).await?;
    }
    assert!((1..20).contains(&world.cache(&COUNTS).len()));
    assert_eq!(COUNTS.get(&"99".to_owned()).await?, Some(99));
    world.cache(&COUNTS).evict_all();
    assert!(world.cache(&COUNTS).is_empty());
}

/// The call has ended, and only its acknowledgement is on its way.
#[cloudc::test]
async fn idle_is_as_soon_as_the_last_settlement(world: World) {
    world.faults().on(crate::app::work).late_ack(seconds(10));
    crate::app::CHORES.send(&"ok".to_owned()).await?;
    world.until_idle().await;
    assert_eq!(world.elapsed(), seconds(10));
}

#[cloudc::test]
async fn a_thread_that_is_handed_a_world_sees_its_time(world: World) {
    world.advance(hours(1)).await;
    let there = world.clone();
    let there = std::thread::spawn(move || (there.now(), there.elapsed()));
    let (now, elapsed) = there.join().expect("no panic");
    assert_eq!((now, elapsed), (world.now(), hours(1)));
}
