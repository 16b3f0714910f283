//! Mistakes, and what is said of them.

use std::process::Command;
use std::time::Duration;

use cloudc::World;
use cloudc::testing::{days, minutes};

use crate::app::{CHORES, CIRCLE, COUNTS, LETTERS, ORDERS, STEPS, go_round};
use crate::order;

#[cloudc::test]
#[should_panic(
    expected = "led to `go-round` without any time going by: functions send to each other"
)]
async fn a_circle_of_messages_ends(world: World) {
    CIRCLE.send(&1).await?;
    world.until_idle().await;
}

#[cloudc::test]
#[should_panic(expected = "led to `walk`, and the world is still not idle")]
async fn a_circle_of_messages_that_takes_its_time_ends(world: World) {
    STEPS.send(&1).await?;
    world.until_idle().await;
}

#[cloudc::test]
async fn a_circle_of_messages_that_takes_its_time_may_go_on(world: World) {
    STEPS.send(&1).await?;
    world.advance(minutes(2)).await;
    assert!(world.trace().calls("walk") > 10_000);
}

#[cloudc::test]
#[should_panic(expected = "`work` was polled 250000 times without any time going by")]
async fn a_handler_that_only_yields_ends(world: World) {
    CHORES.send(&"yield".to_owned()).await?;
    world.until_idle().await;
}

#[cloudc::test]
#[should_panic(expected = "the test was polled 250000 times without any time going by")]
async fn a_test_that_only_yields_ends(_world: World) {
    loop {
        tokio::task::yield_now().await;
    }
}

#[cloudc::test]
#[should_panic(expected = "was delivered 1000 times to `go-round`, which fails each time")]
async fn a_message_that_always_fails_ends(world: World) {
    world.faults().on(go_round).always().fail_call(1);
    CIRCLE.send(&1).await?;
    world.until_idle().await;
}

#[cloudc::test]
#[should_panic(
    expected = "`work` used queues and caches 125000 times without any time going by, at last the cache `counts`"
)]
async fn a_handler_that_looks_again_and_again_ends(world: World) {
    CHORES.send(&"look".to_owned()).await?;
    world.until_idle().await;
}

#[cloudc::test]
#[should_panic(
    expected = "`work` used queues and caches 125000 times without any time going by, at last the cache `counts`"
)]
async fn a_task_that_looks_again_and_again_ends(world: World) {
    CHORES.send(&"spawn look".to_owned()).await?;
    world.advance(minutes(1)).await;
}

#[cloudc::test]
#[should_panic(
    expected = "the test used queues and caches 125000 times without any time going by, at last the cache `counts`"
)]
async fn a_test_that_looks_again_and_again_ends(_world: World) {
    while COUNTS.get(&"never".to_owned()).await?.is_none() {}
}

#[cloudc::test]
#[should_panic(
    expected = "the test used queues and caches 125000 times without any time going by, at last the queue `letters`"
)]
async fn a_test_that_looks_at_a_queue_again_and_again_ends(world: World) {
    LETTERS.send(&"a".to_owned()).await?;
    while world.queue(&LETTERS).pending() > 0 {}
}

#[cloudc::test]
#[should_panic(expected = "the test waits for something that does not come")]
async fn a_wait_without_an_end_ends(_world: World) {
    std::future::pending::<()>().await;
}

#[cloudc::test]
#[should_panic(expected = "is longer than time")]
async fn time_has_an_end(world: World) {
    world.advance(days(u64::MAX / 86_400)).await;
    world.advance(days(u64::MAX / 86_400)).await;
}

#[cloudc::test]
#[should_panic(expected = "is longer than time")]
async fn time_does_not_run_away(world: World) {
    world.advance(Duration::from_millis(u64::MAX)).await;
}

#[tokio::test]
async fn a_resource_without_a_world_says_so() {
    let error = LETTERS.send(&"a".to_owned()).await.expect_err("no world");
    assert!(
        error.to_string().contains("write `#[cloudc::test]`"),
        "{error}"
    );
}

#[cloudc::test]
async fn inner(_world: World) {}

#[cloudc::test]
#[should_panic(expected = "a world cannot start inside of another one")]
async fn a_test_calls_no_test(_world: World) {
    inner();
}

#[tokio::test]
#[should_panic(expected = "write `#[cloudc::test]` in place of `#[tokio::test]`")]
async fn a_runtime_is_no_place_for_a_world() {
    inner();
}

/// Runs one of these tests in a process of its own.
fn alone(test: &str, variables: &[(&str, &str)]) -> (bool, String) {
    run(&["--exact", test, "--nocapture"], variables)
}

fn run(arguments: &[&str], variables: &[(&str, &str)]) -> (bool, String) {
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(arguments)
        .env_remove("CLOUDC_SEED")
        .env_remove("CLOUDC_FAULTS")
        .envs(variables.iter().copied())
        .output()
        .expect("started");
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text.into_owned())
}

#[cloudc::test]
async fn spawns_and_blocks(world: World) {
    CHORES.send(&"spawn".to_owned()).await?;
    CHORES.send(&"block".to_owned()).await?;
    world.until_idle().await;
    world.advance(minutes(1)).await;
    ORDERS.send(&order("a")).await?;
    world.until_idle().await;
}

#[test]
fn what_blocks_and_what_outlives_is_told_by_name() {
    // Also of a test that passes, whose output the test harness keeps to itself.
    let (passed, text) = run(&["--exact", "bad_input::spawns_and_blocks"], &[]);
    assert!(passed, "{text}");
    assert!(
        text.contains("warning: bad_input::spawns_and_blocks: `work` held up its thread"),
        "{text}"
    );
    assert!(
        text.contains("bad_input::spawns_and_blocks: a task that `work` spawned goes on"),
        "{text}"
    );
}

#[cloudc::test]
async fn leaves_one_task(world: World) {
    CHORES.send(&"spawn quick".to_owned()).await?;
    world.until_idle().await;
    world.http().post("/later").send().await.assert_status(200);
    world.until_idle().await;
}

#[cloudc::test]
async fn leaves_two_tasks(world: World) {
    CHORES.send(&"spawn".to_owned()).await?;
    world.http().post("/later").send().await.assert_status(200);
    world.until_idle().await;
}

#[cloudc::test]
async fn leaves_its_own_task(world: World) {
    tokio::spawn(tokio::time::sleep(minutes(1)));
    CHORES.send(&"spawn quick".to_owned()).await?;
    world.until_idle().await;
}

#[test]
fn whose_task_is_left_is_said_as_far_as_it_is_known() {
    let told = |test: &str| {
        let (passed, text) = alone(&format!("bad_input::{test}"), &[]);
        assert!(passed, "{text}");
        let told = text.lines().filter(|line| line.contains("after its end"));
        told.map(str::to_owned).collect::<Vec<_>>().join("\n")
    };
    let one = told("leaves_one_task");
    assert!(one.contains("a task that `later` spawned goes on"), "{one}");
    assert!(!one.contains("`work`"), "its task has ended: {one}");
    let two = told("leaves_two_tasks");
    assert!(
        two.contains("a task that one of `later` and `work` spawned goes on"),
        "{two}"
    );
    assert_eq!(told("leaves_its_own_task"), "");
}

#[test]
fn the_command_that_runs_it_again_has_its_faults() {
    let faults = [
        ("CLOUDC_FAULTS", "charge#1.1:lose-ack"),
        ("CLOUDC_SEED", "3"),
    ];
    let (_, text) = alone("faults::a_fault_that_does_not_happen", &faults);
    let command = "CLOUDC_SEED=3 CLOUDC_FAULTS='charge#1.1:lose-ack' cargo test -p cloudc -- --exact \
                   faults::a_fault_that_does_not_happen";
    assert!(text.contains(command), "{text}");
}

#[test]
fn a_seed_that_is_none_is_told() {
    let (passed, text) = alone("bad_input::inner", &[("CLOUDC_SEED", "x")]);
    assert!(!passed);
    assert!(
        text.contains("CLOUDC_SEED is `x`, which is no seed"),
        "{text}"
    );
    let (passed, text) = alone("bad_input::inner", &[("CLOUDC_FAULTS", "x")]);
    assert!(!passed);
    assert!(text.contains("CLOUDC_FAULTS cannot be read"), "{text}");
}

/// The graph lets `charge` do nothing.
#[test]
fn what_the_graph_lacks_is_refused_and_what_happens_is_written_down() {
    let folder = std::env::temp_dir().join(format!("cloudc-uses-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("uses")).expect("a folder");
    let graph = r#"{"version":1,"app":"world","workloads":[],"queues":[],"caches":[],"edges":[
        {"function":"work","operation":"read","resource":{"kind":"cache","name":"counts"},"chain":[]},
        {"function":"work","operation":"write","resource":{"kind":"cache","name":"counts"},"chain":[]}],
        "functions":[{"name":"work","path":"world::app::work"},{"name":"charge","path":"world::app::charge"}]}"#;
    let (file, uses) = (folder.join("graph.json"), folder.join("uses"));
    std::fs::write(&file, graph).expect("written");
    let (file, uses) = (file.to_string_lossy(), uses.to_string_lossy());
    let variables = [("CLOUDC_GRAPH", &*file), ("CLOUDC_USES", &*uses)];
    let (passed, text) = alone("bad_input::spawns_and_blocks", &variables);
    let written: String = std::fs::read_dir(&*uses)
        .expect("a folder")
        .map(|file| std::fs::read_to_string(file.expect("a file").path()).expect("text"))
        .collect();
    std::fs::remove_dir_all(&folder).expect("removed");
    assert!(!passed, "{text}");
    assert!(
        text.contains("the function `charge` reads the cache `counts`"),
        "{text}"
    );
    let parent =
        r#"{"function":"work","operation":"write","resource":{"kind":"cache","name":"counts"}}"#;
    assert!(written.contains(parent), "{written}");
    let site = r#""text":"a chore is done again"}"#;
    assert!(written.contains(&format!("{site}}}")), "{written}");
    assert!(!written.contains(&format!(r#"{site},"held""#)), "{written}");
    let held = r#""text":"a parent is counted"},"held":true}"#;
    assert_eq!(written.matches(held).count(), 1, "{written}");
    assert!(
        !written.contains(r#""function":"charge","operation""#),
        "{written}"
    );
}
