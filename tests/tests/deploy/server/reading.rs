//! Getting, listing and selecting.

use k8s_openapi::api::core::v1::{Event, Node};
use kube::api::ListParams;

use super::*;

async fn names(cluster: &Cluster, parameters: &ListParams) -> Vec<String> {
    let list = maps(cluster).list(parameters).await.expect("a list");
    list.items
        .into_iter()
        .filter_map(|map| map.metadata.name)
        .collect()
}

fn labelled(name: &str, labels: &Value) -> Value {
    let mut object = map(name, &json!({}));
    object["metadata"]["labels"] = labels.clone();
    object
}

#[tokio::test]
async fn selectors_choose() {
    let Some(cluster) = cluster() else { return };
    for object in [
        labelled("a", &json!({"tier": "back", "app": "shop"})),
        labelled("b", &json!({"tier": "front"})),
        labelled("c", &json!({})),
    ] {
        create(&cluster, &object).await.expect("created");
    }
    for (selector, expected) in [
        ("tier=back", vec!["a"]),
        ("tier==back", vec!["a"]),
        ("tier!=back", vec!["b", "c"]),
        ("tier", vec!["a", "b"]),
        ("!tier", vec!["c"]),
        ("tier in (back, front),app", vec!["a"]),
        ("tier notin (back)", vec!["b", "c"]),
    ] {
        assert_eq!(
            names(&cluster, &ListParams::default().labels(selector)).await,
            expected,
            "{selector}"
        );
    }
    assert_eq!(
        names(&cluster, &ListParams::default().fields("metadata.name=b")).await,
        ["b"]
    );
    let unknown = ListParams::default().fields("data.a=1");
    let (code, _, message) = refusal(maps(&cluster).list(&unknown).await);
    assert_eq!(
        (code, message.as_str()),
        (400, "field label not supported: data.a")
    );
}

#[tokio::test]
async fn pages_follow_each_other() {
    let Some(cluster) = cluster() else { return };
    for name in ["a", "b", "c"] {
        create(&cluster, &map(name, &json!({})))
            .await
            .expect("created");
    }
    let first = maps(&cluster)
        .list(&ListParams::default().limit(2))
        .await
        .expect("a page");
    assert_eq!(
        (first.items.len(), first.metadata.remaining_item_count),
        (2, Some(1))
    );
    let token = first.metadata.continue_.expect("a token");
    assert_eq!(
        names(
            &cluster,
            &ListParams::default().limit(2).continue_token(&token)
        )
        .await,
        ["c"]
    );
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let Some(cluster) = cluster() else { return };
    let (code, reason, message) = refusal(maps(&cluster).get("none").await);
    assert_eq!(
        (code, reason.as_str(), message.as_str()),
        (404, "NotFound", "configmaps \"none\" not found")
    );
    assert_eq!(
        maps(&cluster).get_opt("none").await.expect("an answer"),
        None
    );
    let nodes: Api<Node> = Api::all(cluster.client());
    assert!(
        nodes
            .list(&ListParams::default())
            .await
            .expect("a list")
            .items
            .is_empty()
    );
}

#[tokio::test]
async fn events_are_found_by_their_object() {
    let Some(cluster) = cluster() else { return };
    for (name, about) in [("one", "charge"), ("two", "shop")] {
        cluster.put(json!({
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": "shop"},
            "involvedObject": {"kind": "Pod", "name": about, "namespace": "shop"},
            "reason": "Failed",
        }));
    }
    let events: Api<Event> = Api::namespaced(cluster.client(), "shop");
    let parameters =
        ListParams::default().fields("involvedObject.name=charge,involvedObject.kind=Pod");
    let found = events.list(&parameters).await.expect("a list").items;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].metadata.name.as_deref(), Some("one"));
}

#[tokio::test]
async fn watches_are_refused() {
    let Some(cluster) = cluster() else { return };
    let watch = maps(&cluster)
        .watch(&kube::api::WatchParams::default(), "0")
        .await;
    let (code, reason, _) = refusal(watch.map(|_| ()));
    assert_eq!((code, reason.as_str()), (405, "MethodNotAllowed"));
}
