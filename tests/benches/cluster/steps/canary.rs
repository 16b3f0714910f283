//! A part of the requests for a new release.

use serde_json::{Value, json};

use crate::place::Place;
use crate::reading::{KNATIVE_SERVICE, text};

const DEPLOYMENT: (&str, &str) = ("apps/v1", "Deployment");

pub(super) async fn share(place: &mut Place) {
    let (stable, consumer) = (
        latest(place, "shop").await,
        place.get(DEPLOYMENT, "charge").await,
    );
    let image = place.image_of(KNATIVE_SERVICE, "shop").await;
    let canary = begin(place, "256Mi").await;
    assert_ne!(canary, stable);
    let targets = place.traffic("shop").await;
    let expected = [
        json!({"revisionName": stable, "percent": 90, "tag": "stable"}),
        json!({"revisionName": canary, "percent": 10, "tag": "canary"}),
    ];
    assert_eq!(targets.len(), expected.len(), "{targets:#?}");
    for (target, expected) in targets.iter().zip(&expected) {
        for key in ["revisionName", "percent", "tag"] {
            assert_eq!(target[key], expected[key], "{targets:#?}");
        }
    }
    let service = place.get(KNATIVE_SERVICE, "shop").await;
    let shared = service["status"]["traffic"].as_array().expect("targets");
    for tag in ["stable", "canary"] {
        let target = shared
            .iter()
            .find(|target| target["tag"] == tag)
            .expect("a target");
        assert!(
            text(target, "/url").contains(tag),
            "it has an address of its own: {target}"
        );
    }
    assert_ne!(place.image_of(KNATIVE_SERVICE, "shop").await, image);
    let template = |object: &Value| object["spec"]["template"].clone();
    assert_eq!(
        template(&place.get(DEPLOYMENT, "charge").await),
        template(&consumer),
        "queue functions stay"
    );
}

pub(super) async fn promote(place: &mut Place) {
    let canary = tagged(place, "canary").await;
    let image = place.image_of(KNATIVE_SERVICE, "shop").await;
    place.cloudc(&["promote", "examples/shop"]).await.with(0);
    all_for(place, &canary).await;
    let charge = place.get(DEPLOYMENT, "charge").await;
    assert_eq!(place.image_of(DEPLOYMENT, "charge").await, image);
    assert_eq!(
        text(
            &charge,
            "/spec/template/spec/containers/0/resources/requests/memory"
        ),
        "256Mi"
    );
    let again = place.cloudc(&["promote", "examples/shop"]).await.with(1);
    again.says(&["CC809", "shop has no canary to promote"]);
}

pub(super) async fn rollback(place: &mut Place) {
    let (stable, before) = (latest(place, "shop").await, place.versions().await);
    let image = place.image_of(KNATIVE_SERVICE, "shop").await;
    begin(place, "320Mi").await;
    place.cloudc(&["rollback", "examples/shop"]).await.with(0);
    all_for(place, &stable).await;
    for (kind, name) in [(KNATIVE_SERVICE, "shop"), (DEPLOYMENT, "charge")] {
        assert_eq!(place.image_of(kind, name).await, image);
    }
    let names: Vec<String> = place.versions().await.into_keys().collect();
    let jobs = |name: &&String| !name.starts_with("Job ");
    let before: Vec<&String> = before.keys().filter(jobs).collect();
    assert_eq!(
        names.iter().filter(jobs).collect::<Vec<_>>(),
        before,
        "nothing of the canary is left"
    );
}

/// Begins a canary in which `charge` has this memory; the shop's new revision.
async fn begin(place: &mut Place, memory: &str) -> String {
    place.application.another_program();
    place.application.memory_of_charge(memory);
    let done = place.deploy(&["--canary", "10"]).await.with(0);
    done.says(&["shop: 10 % of requests to", "is a canary"]);
    tagged(place, "canary").await
}

/// The newest revision of a service that is ready.
async fn latest(place: &Place, service: &str) -> String {
    let service = place.get(KNATIVE_SERVICE, service).await;
    text(&service, "/status/latestReadyRevisionName").to_owned()
}

async fn tagged(place: &Place, tag: &str) -> String {
    let targets = place.traffic("shop").await;
    let target = targets.iter().find(|target| target["tag"] == tag);
    let target = target.unwrap_or_else(|| panic!("there is no {tag}: {targets:#?}"));
    text(target, "/revisionName").to_owned()
}

/// Sees that one revision gets every request, and that its service's template is its own.
async fn all_for(place: &Place, revision: &str) {
    let targets = place.traffic("shop").await;
    assert_eq!(targets.len(), 1, "{targets:#?}");
    assert_eq!(
        (&targets[0]["latestRevision"], &targets[0]["percent"]),
        (&json!(true), &json!(100))
    );
    let service = place.get(KNATIVE_SERVICE, "shop").await;
    assert_eq!(text(&service, "/spec/template/metadata/name"), revision);
    let shared = service["status"]["traffic"].as_array().expect("targets");
    let names: Vec<&str> = shared
        .iter()
        .map(|target| text(target, "/revisionName"))
        .collect();
    assert_eq!(names, [revision]);
}
