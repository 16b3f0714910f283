//! Credentials are made once, never shown, and made anew by name alone.

use data_encoding::BASE64;
use nkeys::KeyPair;

use super::refused::refused_with;
use super::*;
use crate::apiserver::{Hang, Trouble};

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
    // What is kept of the release is packed.
    let kept = cluster::records(&cluster.client(), "shop", "shop").await;
    let kept = kept.expect("a record");
    assert_eq!(kept.len(), 1);
    let elsewhere = format!(
        "{}{:?}{:?}",
        told.text(),
        cluster.list("v1", "ConfigMap", "shop"),
        kept[0].release
    );
    assert!(elsewhere.contains("charge-nats"), "{elsewhere}");
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
    for restart in [
        "the broker shop-nats starts anew",
        "the cache server shop-valkey starts anew: its caches are empty then",
    ] {
        assert!(told.text().contains(restart), "{}", told.text());
    }
    let before = everything(&cluster);
    let told = Told::default();
    deploy_with(&cluster, &release, &options(), &told)
        .await
        .expect("deployed");
    assert_same(everything(&cluster), before, "after the next deploy");
    assert!(!told.text().contains("starts anew"), "{}", told.text());
}

#[tokio::test(start_paused = true)]
async fn a_name_that_nobody_has_is_refused() {
    let Some(cluster) = place() else { return };
    for (name, help) in [
        ("Charge", "did you mean `charge`?"),
        ("nobody", "there are: charge, find-shortages, "),
    ] {
        let rotate = Options {
            rotate: vec![name.to_owned()],
            ..options()
        };
        let said = refused_with(&cluster, &shop().release(), None, &rotate).await;
        let message = format!("CC810 there are no credentials of `{name}`");
        assert!(said.contains(&message), "{said}");
        assert!(said.contains(help), "{said}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_broken_secret_is_not_replaced() {
    let Some(cluster) = place() else { return };
    cluster.namespace("shop");
    cluster.put(serde_json::json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "charge-nats", "namespace": "shop"},
        "type": "Opaque", "data": {"seed": BASE64.encode(b"no seed at all")},
    }));
    let said = refused_with(&cluster, &shop().release(), None, &options()).await;
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
    cluster::credentials(&cluster.client(), &release, &options(), &tell)
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

/// Whether every user's list has what the user's own Secret has.
#[track_caller]
fn assert_known(cluster: &Cluster) {
    for user in [
        "charge",
        "shop",
        "restock",
        "shop-provision",
        "shop-operator",
    ] {
        let seed = field(cluster, &format!("{user}-nats"), "seed");
        let public = KeyPair::from_seed(&seed).expect("a seed").public_key();
        assert_eq!(field(cluster, "shop-nats-users", user), public, "{user}");
    }
}

/// The logins that were written, each as often as it was.
fn logins(cluster: &Cluster) -> Vec<String> {
    let history = cluster.history();
    let told = |entry: &&Entry| {
        entry.writes() && entry.path.ends_with("-nats") && entry.path.contains("/secrets/")
    };
    history.iter().filter(told).map(Entry::line).collect()
}

#[tokio::test(start_paused = true)]
async fn two_who_make_them_at_once_make_the_same() {
    let Some(cluster) = place() else { return };
    cluster.namespace("shop");
    let release = shop().release();
    let (quiet, told) = (Told::default(), Told::default());
    let (one, other) = (|event| quiet.hear(event), |event| told.hear(event));
    let by = |name: &str| Options {
        holder: name.to_owned(),
        ..options()
    };
    let (anna, ci) = (by("anna@laptop"), by("ci@runner"));
    let (first, second) = (cluster.client(), cluster.client());
    let (first, second, ()) = tokio::join!(
        cluster::credentials(&first, &release, &anna, &one),
        cluster::credentials(&second, &release, &ci, &other),
        // Whoever takes the Lease in between finds its own name there.
        tokio::task::yield_now(),
    );
    first.expect("made");
    second.expect("found");
    assert_known(&cluster);
    let both = format!("{}{}", quiet.text(), told.text());
    assert_eq!(
        both.matches("made Secret charge-nats\n").count(),
        1,
        "{both}"
    );
    assert!(both.contains("deploys shop"), "one waits: {both}");
    assert_eq!(logins(&cluster), Vec::<String>::new(), "none is replaced");
    let lease = cluster
        .get("coordination.k8s.io/v1", "Lease", "shop", "cloudc-shop")
        .expect("a Lease");
    assert!(lease["spec"]["holderIdentity"].is_null(), "{lease}");
}

/// The first answer is lost, so the second attempt finds the Secret there, as it would somebody else's.
#[tokio::test(start_paused = true)]
async fn a_secret_that_came_meanwhile_is_read_and_not_replaced() {
    let Some(cluster) = place() else { return };
    for nth in 1..4 {
        cluster.on("POST", "*/secrets", nth, Trouble::CutAfter);
    }
    let release = shop().release();
    deploy(&cluster, &release).await.expect("deployed");
    assert_known(&cluster);
    assert_eq!(logins(&cluster), Vec::<String>::new(), "none is replaced");
}

/// The broker's pods of the earlier release name its key: without it none would start again.
#[tokio::test(start_paused = true)]
async fn a_user_who_leaves_is_forgotten_last() {
    let Some(cluster) = place() else { return };
    let mut shop = shop();
    deploy(&cluster, &shop.release()).await.expect("deployed");
    let listed = || {
        let users = cluster.get("v1", "Secret", "shop", "shop-nats-users");
        users.expect("a Secret")["data"]["restock"].is_string()
    };
    shop.without_restocking();
    cluster.hang("shop", "shop-nats", Hang::NeverReady);
    let done = deploy_with(&cluster, &shop.release(), &hasty(), &Told::default()).await;
    done.expect_err("it hangs");
    assert!(listed(), "the broker is on its way");
    cluster.mend("shop", "shop-nats");
    cluster.settle();
    deploy(&cluster, &shop.release()).await.expect("deployed");
    assert!(!listed());
}
