//! What goes wrong, and what was asked.

use super::*;
use crate::apiserver::Trouble;

#[tokio::test]
async fn the_nth_request_meets_trouble() {
    let Some(cluster) = cluster() else { return };
    let path = "/api/v1/namespaces/shop/configmaps/*";
    cluster.on("PATCH", path, 2, Trouble::conflict("configmaps", "a"));
    cluster.on("PATCH", path, 2, Trouble::internal());
    let object = map("a", &json!({}));
    apply(&cluster, "cloudc", &object)
        .await
        .expect("the first is left alone");
    assert_eq!(refusal(apply(&cluster, "cloudc", &object).await).0, 409);
    assert_eq!(refusal(apply(&cluster, "cloudc", &object).await).0, 500);
    apply(&cluster, "cloudc", &object)
        .await
        .expect("it is over");
}

#[tokio::test]
async fn troubles_look_as_they_do() {
    let Some(cluster) = cluster() else { return };
    for (trouble, code, part) in [
        (Trouble::expired(), 401, "Unauthorized"),
        (
            Trouble::too_many_requests(3),
            429,
            "Too many requests, please try again later.",
        ),
        (
            Trouble::unavailable(),
            503,
            "the server is currently unable to handle the request",
        ),
        (
            Trouble::webhook("policy.example.com", 403, "no"),
            403,
            "webhook \"policy.example.com\" denied the request: no",
        ),
        (
            Trouble::webhook_unreachable("policy.example.com"),
            500,
            "failed calling webhook",
        ),
    ] {
        cluster.always("*", "/api/v1/*", trouble);
        let (answered, _, message) = refusal(maps(&cluster).get("a").await);
        assert_eq!(answered, code);
        assert!(message.contains(part), "{message}");
        cluster.heal();
    }
    cluster.always("GET", "*", Trouble::too_many_requests(3));
    let request = hyper::Request::get("/api/v1/nodes")
        .body(kube::client::Body::empty())
        .expect("a request");
    let response = cluster.client().send(request).await.expect("an answer");
    assert_eq!(response.headers()["retry-after"], "3");
}

#[tokio::test]
async fn a_connection_breaks_before_or_after_the_write() {
    let Some(cluster) = cluster() else { return };
    cluster.on("PATCH", "*/configmaps/a", 1, Trouble::CutBefore);
    cluster.on("PATCH", "*/configmaps/b", 1, Trouble::CutAfter);
    for (name, kept) in [("a", false), ("b", true)] {
        let error = apply(&cluster, "cloudc", &map(name, &json!({})))
            .await
            .expect_err("cut");
        assert!(matches!(error, kube::Error::Service(_)), "{error:?}");
        assert_eq!(
            cluster.get("v1", "ConfigMap", "shop", name).is_some(),
            kept,
            "{name}"
        );
    }
}

#[tokio::test]
async fn requests_are_remembered() {
    let Some(cluster) = cluster() else { return };
    let parameters = PatchParams {
        dry_run: true,
        ..PatchParams::apply("cloudc")
    };
    apply_with(&cluster, &parameters, &map("a", &json!({})))
        .await
        .expect("answered");
    apply(&cluster, "cloudc", &map("a", &json!({})))
        .await
        .expect("applied");
    let history = cluster.history();
    let lines: Vec<(String, bool)> = history
        .iter()
        .map(|entry| (entry.line(), entry.writes()))
        .collect();
    let line = "PATCH /api/v1/namespaces/shop/configmaps/a".to_owned();
    assert_eq!(lines, [(line.clone(), false), (line, true)]);
    assert_eq!(
        (history[1].manager.as_str(), history[1].status),
        ("cloudc", Some(201))
    );
    cluster.forget();
    assert!(cluster.history().is_empty());
}

#[tokio::test]
async fn clients_share_the_cluster() {
    let Some(cluster) = cluster() else { return };
    let other = cluster.clone();
    apply(&other, "cloudc", &map("a", &json!({})))
        .await
        .expect("applied");
    maps(&cluster).get("a").await.expect("there");
}
