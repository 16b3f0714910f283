//! Mistakes, and what is said of them.

use std::process::Command;

use cloudc::World;
use cloudc::testing::{days, minutes};

use crate::app::{CHORES, CIRCLE, LETTERS, ORDERS, go_round};
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
#[should_panic(expected = "was delivered 1000 times to `go-round`, which fails each time")]
async fn a_message_that_always_fails_ends(world: World) {
    world.faults().on(go_round).always().fail_call(1);
    CIRCLE.send(&1).await?;
    world.until_idle().await;
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
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", test, "--nocapture", "--include-ignored"])
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
    let (passed, text) = alone("bad_input::spawns_and_blocks", &[]);
    assert!(passed, "{text}");
    assert!(
        text.contains("warning: `work` held up its thread"),
        "{text}"
    );
    assert!(
        text.contains("warning: a task that `work` spawned goes on"),
        "{text}"
    );
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
    assert!(
        !written.contains(r#""function":"charge","operation""#),
        "{written}"
    );
}
