//! Requests.

use cloudc::World;

use crate::app::{DONE, ORDERS};
use crate::order;

#[cloudc::test]
async fn a_request_goes_all_the_way(world: World) {
    let placed = world.http().post("/orders").json(&order("a")).send().await;
    assert_eq!(placed.assert_status(200).text(), "placed");
    world.until_idle().await;
    assert_eq!(world.queue(&ORDERS).acked(), 1);
    let shown = world.http().get("/orders/a").send().await;
    assert_eq!(shown.text(), "Some(3)");
}

#[cloudc::test]
async fn every_bad_end_has_its_status(world: World) {
    let http = world.http();
    let wrong = http.post("/orders").json(&7).send().await;
    wrong.assert_status(422);
    let large = http.post("/orders").body(vec![b' '; 3 << 20]);
    let large = large.header("content-type", "application/json");
    large.send().await.assert_status(413);
    http.get("/orders/bad").send().await.assert_status(500);
    let before = world.elapsed();
    http.get("/orders/slow").send().await.assert_status(504);
    assert_eq!((world.elapsed() - before).as_secs(), 5);
    http.get("/nowhere").send().await.assert_status(404);
    http.put("/orders").send().await.assert_status(405);
}

#[cloudc::test]
async fn a_service_has_its_own_routes(world: World) {
    let found = world.service("search").get("/search").send().await;
    assert_eq!(found.assert_status(200).text(), "found");
    world.http().get("/search").send().await.assert_status(404);
}

#[cloudc::test]
#[should_panic(expected = "there is also `digger`, `search`: `world.service(\"…\")`")]
async fn a_path_of_another_service_is_hinted_at(world: World) {
    world.http().get("/search").send().await.assert_status(200);
}

#[cloudc::test]
#[should_panic(expected = "there is no service `find`; there is `digger`, `search`, `world`")]
async fn an_unknown_service_is_named(world: World) {
    world.service("find");
}

#[cloudc::test]
async fn a_pod_that_dies_answers_nothing(world: World) {
    world.faults().on(crate::app::place).crash_at_await(1);
    let request = world.http().post("/orders").json(&order("a"));
    request.clone().send().await.assert_status(502);
    request.send_until_answered().await.assert_status(200);
    world.until_idle().await;
    assert_eq!(world.cache(&DONE).get(&"a".to_owned()), Some(3));
}

#[cloudc::test]
async fn a_body_is_a_part_of_its_call(world: World) {
    let http = world.http();
    let streamed = http.get("/stream/well").send().await;
    assert_eq!(streamed.assert_status(200).text(), "streamed");
    let trace = world.trace().to_string();
    assert!(
        trace.contains("stream-out#1.1      wrote counts"),
        "{trace}"
    );
    http.get("/stream/slow").send().await.assert_status(504);
    http.get("/stream/broken").send().await.assert_status(502);
    let trace = world.trace().to_string();
    assert!(trace.contains("stream-out#3.1      failed: "), "{trace}");
    world.faults().on(crate::app::stream_out).crash_at_await(1);
    http.get("/stream/well").send().await.assert_status(502);
}

#[cloudc::test]
async fn who_waits_too_long_or_behind_too_many_is_turned_away(world: World) {
    let requests = (0..14).map(|_| world.service("digger").get("/dig").send());
    let answers = futures_util::future::join_all(requests).await;
    let statuses = answers.iter().map(|answer| answer.status().as_u16());
    let mut expected = vec![200, 200];
    expected.extend([504; 9]);
    expected.extend([503; 3]);
    assert_eq!(statuses.collect::<Vec<_>>(), expected);
}

#[cloudc::test]
async fn a_large_head_is_refused(world: World) {
    let request = world.http().get("/orders/a");
    let fits = request.clone().header("a", &"a".repeat(60_000));
    fits.send().await.assert_status(200);
    let large = request.clone().header("a", &"a".repeat(70_000));
    large.send().await.assert_status(431);
    let many = (0..101).fold(request, |request, _| request.header("a", "a"));
    many.send().await.assert_status(431);
}

#[cloudc::test]
#[should_panic(expected = "\"orders\" is no path of a request: it does not begin with `/`")]
async fn a_path_begins_with_a_slash(world: World) {
    world.http().get("orders").send().await;
}
