//! Credentials are made once, never shown, and made anew by name alone.

use data_encoding::BASE64;
use nkeys::KeyPair;

use super::*;

fn field(cluster: &Cluster, secret: &str, key: &str) -> String {
    let secret = cluster
        .get("v1", "Secret", "shop", secret)
        .expect("a Secret");
    let text = secret["data"][key].as_str().expect("a key");
    String::from_utf8(BASE64.decode(text.as_bytes()).expect("base 64")).expect("UTF-8")
}

#[tokio::test(start_paused = true)]
async fn the_servers_know_every_user_and_no_secret() {
    let Some(cluster) = place() else { return };
    deploy(&cluster, &shop().release()).await.expect("deployed");
    for user in ["charge", "shop", "shop-provision", "shop-operator"] {
        let seed = field(&cluster, &format!("{user}-nats"), "seed");
        let public = KeyPair::from_seed(&seed).expect("a seed").public_key();
        assert_eq!(field(&cluster, "shop-nats-users", user), public);
    }
    let password = field(&cluster, "charge-valkey", "password");
    let hash = field(&cluster, "shop-valkey-users", "charge");
    assert_eq!(field(&cluster, "charge-valkey", "username"), "charge");
    assert!(password.len() >= 40 && hash.len() == 64 && !hash.contains(&password));
}

#[tokio::test(start_paused = true)]
async fn nothing_secret_is_told_or_kept_elsewhere() {
    let Some(cluster) = place() else { return };
    let told = Told::default();
    deploy_with(&cluster, &shop().release(), &options(), &told)
        .await
        .expect("deployed");
    let secrets = [
        field(&cluster, "charge-nats", "seed"),
        field(&cluster, "charge-valkey", "password"),
    ];
    let elsewhere = format!(
        "{}{:?}",
        told.text(),
        cluster.list("v1", "ConfigMap", "shop")
    );
    for secret in secrets {
        assert!(!elsewhere.contains(&secret));
    }
}

#[tokio::test(start_paused = true)]
async fn one_user_is_rotated_and_its_pods_start_again() {
    let Some(cluster) = place() else { return };
    let release = shop().release();
    deploy(&cluster, &release).await.expect("deployed");
    let seed = field(&cluster, "charge-nats", "seed");
    let other = field(&cluster, "shop-nats", "seed");
    let template = |kind: &str, name: &str| {
        let object = cluster.get("apps/v1", kind, "shop", name).expect("there");
        object["spec"]["template"]["metadata"]["annotations"]["cloudc.dev/rotated"].clone()
    };
    assert!(template("Deployment", "charge").is_null());
    let rotate = Options {
        rotate: vec!["charge".to_owned()],
        ..options()
    };
    let told = Told::default();
    deploy_with(&cluster, &release, &rotate, &told)
        .await
        .expect("rotated");
    assert_ne!(field(&cluster, "charge-nats", "seed"), seed);
    assert_eq!(field(&cluster, "shop-nats", "seed"), other, "nobody else's");
    let public = KeyPair::from_seed(&field(&cluster, "charge-nats", "seed"))
        .expect("a seed")
        .public_key();
    assert_eq!(field(&cluster, "shop-nats-users", "charge"), public);
    assert!(
        template("Deployment", "charge").is_string(),
        "it reads the new seed"
    );
    assert!(
        template("StatefulSet", "shop-nats").is_string(),
        "it knows the new key"
    );
    assert!(
        template("Deployment", "restock").is_null(),
        "it has nothing to do with it"
    );
    assert!(
        told.text().contains("rotated Secret charge-nats"),
        "{}",
        told.text()
    );
    let before = everything(&cluster);
    deploy(&cluster, &release).await.expect("deployed");
    assert_same(everything(&cluster), before, "after the next deploy");
}

#[tokio::test(start_paused = true)]
async fn a_name_that_nobody_has_is_refused() {
    let Some(cluster) = place() else { return };
    let rotate = Options {
        rotate: vec!["Charge".to_owned()],
        ..options()
    };
    let problems = deploy_with(&cluster, &shop().release(), &rotate, &Told::default()).await;
    let said = words(&problems.expect_err("refused"));
    assert!(
        said.contains("CC810 there are no credentials of `Charge`"),
        "{said}"
    );
    assert!(said.contains("find-shortages"), "who there is: {said}");
}

#[tokio::test(start_paused = true)]
async fn a_broken_secret_is_not_replaced() {
    let Some(cluster) = place() else { return };
    cluster.namespace("shop");
    cluster.put(serde_json::json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "charge-nats", "namespace": "shop"},
        "type": "Opaque", "data": {"seed": BASE64.encode(b"no seed at all")},
    }));
    let problems = deploy(&cluster, &shop().release())
        .await
        .expect_err("refused");
    let said = words(&problems);
    assert!(
        said.contains("CC808 the Secret charge-nats is there, and its contents cannot be used"),
        "{said}"
    );
    assert!(
        said.contains("--rotate charge") && !said.contains("no seed at all"),
        "{said}"
    );
    assert_eq!(field(&cluster, "charge-nats", "seed"), "no seed at all");
}

#[tokio::test(start_paused = true)]
async fn those_who_apply_the_manifests_themselves_get_the_same_secrets() {
    let Some(cluster) = place() else { return };
    cluster.namespace("shop");
    let release = shop().release();
    let told = Told::default();
    let tell = |event| told.hear(event);
    cluster::credentials(&cluster.client(), &release, &[], &tell)
        .await
        .expect("made");
    let made = names(&cluster, "v1", "Secret");
    deploy(&cluster, &release).await.expect("deployed");
    assert_eq!(
        names(&cluster, "v1", "Secret"),
        made,
        "a deploy has nothing to add"
    );
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_somebody_deleted_is_made_anew_and_its_server_hears_of_it() {
    let Some(cluster) = place() else { return };
    let release = shop().release();
    deploy(&cluster, &release).await.expect("deployed");
    let secrets: kube::Api<k8s_openapi::api::core::v1::Secret> =
        kube::Api::namespaced(cluster.client(), "shop");
    let parameters = kube::api::DeleteParams::default();
    secrets
        .delete("charge-nats", &parameters)
        .await
        .expect("gone");
    deploy(&cluster, &release).await.expect("deployed");
    let public = KeyPair::from_seed(&field(&cluster, "charge-nats", "seed")).expect("a seed");
    assert_eq!(
        field(&cluster, "shop-nats-users", "charge"),
        public.public_key()
    );
    for (kind, name) in [("StatefulSet", "shop-nats"), ("Deployment", "charge")] {
        let object = cluster.get("apps/v1", kind, "shop", name).expect("there");
        let annotations = &object["spec"]["template"]["metadata"]["annotations"];
        assert!(
            annotations["cloudc.dev/rotated"].is_string(),
            "{name} starts again"
        );
    }
}
