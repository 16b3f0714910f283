//! The application as it runs in a cluster, in a world of its own: no server, no container, no sleeps.

use cloudc::testing::World;
// Links the functions into this test.
use {{crate}} as _;

#[cloudc::test]
async fn a_request_is_answered(world: World) {
    let answer = world.http().get("/hello/Ferris").send().await;
    let answer = answer.assert_status(200);
    assert_eq!(answer.text(), r#"{"message":"Hello, Ferris!"}"#);
}

#[cloudc::test]
async fn other_paths_are_not_found(world: World) {
    world.http().get("/hello").send().await.assert_status(404);
}
