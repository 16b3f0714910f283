//! Credentials are made once, and made anew by name alone.

use serde_json::Value;

use crate::place::Place;
use crate::reading::text;

pub(super) async fn rotate(place: &mut Place) {
    let before = State::read(place).await;
    let done = place.deploy(&["--rotate", "charge"]).await.with(0);
    done.says(&["rotated Secret charge-nats", "rotated Secret charge-valkey"]);
    let after = State::read(place).await;
    assert_ne!(after.charge, before.charge);
    assert_eq!(after.shop, before.shop, "nobody else's");
    assert_ne!(after.known, before.known, "the broker knows the new key");
    assert_ne!(
        after.broker, before.broker,
        "the broker's pod is another one"
    );
    assert_ne!(after.template, before.template, "its pods start again");
    assert_eq!(after.other, before.other, "nobody else's do");
    let versions = place.versions().await;
    place.deploy(&[]).await.with(0);
    assert_eq!(
        place.versions().await,
        versions,
        "the next deploy changes nothing"
    );
}

/// What a rotation changes, and what it does not.
struct State {
    charge: Value,
    shop: Value,
    known: Value,
    broker: String,
    template: Value,
    other: Value,
}

impl State {
    async fn read(place: &Place) -> Self {
        let secret = async |name: &str| place.get(("v1", "Secret"), name).await["data"].clone();
        let template = async |name: &str| {
            let deployment = place.get(("apps/v1", "Deployment"), name).await;
            deployment["spec"]["template"]["metadata"]["annotations"].clone()
        };
        let pod = place.get(("v1", "Pod"), "shop-nats-0").await;
        Self {
            charge: secret("charge-nats").await["seed"].clone(),
            shop: secret("shop-nats").await["seed"].clone(),
            known: secret("shop-nats-users").await["charge"].clone(),
            broker: text(&pod, "/metadata/uid").to_owned(),
            template: template("charge").await,
            other: template("write-receipts").await,
        }
    }
}
