//! The application as it runs in a cluster, in a world of its own: no server, no container, no sleeps. The world's
//! clock stands still while anything runs, and jumps to what is due next.

use std::time::Duration;

use cloudc::Error;
use cloudc::testing::World;
use {{crate}}::{JOBS, Job, RESULTS, work};

fn job(id: &str, text: &str) -> Job {
    Job {
        id: id.to_owned(),
        text: text.to_owned(),
    }
}

#[cloudc::test]
async fn a_job_is_taken_done_and_shown(world: World) {
    let http = world.http();
    let job = job("1", "good morning");
    let answer = http.post("/jobs").json(&job).send().await;
    answer.assert_status(200);
    world.until_idle().await;
    assert_eq!(world.queue(&JOBS).acked(), 1);
    let answer = http.get("/jobs/1").send().await.assert_status(200);
    assert_eq!(answer.text(), "2");
}

#[cloudc::test]
async fn a_job_that_comes_twice_changes_nothing(world: World) -> Result<(), Error> {
    world.faults().on(work).delivery(1).lose_ack();
    JOBS.send(&job("1", "good morning")).await?;
    world.until_idle().await;
    assert_eq!(world.queue(&JOBS).acked(), 1);
    assert_eq!(world.cache(&RESULTS).get(&"1".to_owned()), Some(2));
    Ok(())
}

#[cloudc::test]
async fn the_worker_is_seen_alive_every_morning(world: World) {
    world.advance(Duration::from_secs(7 * 24 * 60 * 60)).await;
    world.until_idle().await;
    assert_eq!(world.queue(&JOBS).acked(), 7);
    let result = world.cache(&RESULTS).get(&"check-in".to_owned());
    assert_eq!(result, Some(2));
}
