//! What a deploy would change.

use cloudc_compiler::changes::{self, Document, manifests};
use cloudc_compiler::cluster::Difference;

use super::*;

async fn difference(cluster: &Cluster, release: &Release) -> Difference {
    let told = Told::default();
    let tell = |event| told.hear(event);
    let difference = cluster::diff(&cluster.client(), release, None, &options(), &tell).await;
    difference.unwrap_or_else(|problems| panic!("{}", words(&problems)))
}

/// The objects that differ, each with its lines.
fn differing(difference: &Difference) -> Vec<(String, String)> {
    let objects = difference.objects.iter().map(|(object, live, then)| {
        let lines = manifests::diff(live.as_ref(), then.as_ref()).expect("YAML");
        let text: String = lines
            .iter()
            .map(|line| format!("{}\n", line.text))
            .collect();
        (object.clone(), text)
    });
    objects.filter(|(_, text)| !text.is_empty()).collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_deployed_does_not_differ() {
    let Some(cluster) = place() else { return };
    let release = shop().release();
    deploy(&cluster, &release).await.expect("deployed");
    cluster.forget();
    let difference = difference(&cluster, &release).await;
    assert_eq!(differing(&difference), []);
    assert_eq!(
        writes(&cluster),
        Vec::<String>::new(),
        "a look changes nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn a_change_is_told_in_the_graphs_words_and_as_manifests() {
    let Some(cluster) = place() else { return };
    let mut shop = shop();
    deploy(&cluster, &shop.release()).await.expect("deployed");
    shop.memory("charge", "512Mi");
    let release = shop.release();
    let difference = difference(&cluster, &release).await;
    let objects = differing(&difference);
    let names: Vec<&str> = objects.iter().map(|(object, _)| object.as_str()).collect();
    assert_eq!(names, ["Deployment charge"]);
    let text = &objects[0].1;
    assert!(
        text.contains("--- Deployment charge") && text.contains("-            memory: 128Mi"),
        "{text}"
    );
    assert!(text.contains("+            memory: 512Mi"), "{text}");
    let graph = difference.graph.expect("it is deployed");
    let document = |graph: &Value| Document::parse(&graph.to_string()).expect("a graph");
    let changes = changes::between(&document(&graph), &document(&release.graph));
    let words: Vec<String> = changes.iter().map(ToString::to_string).collect();
    assert_eq!(words, ["charge: memory 128Mi → 512Mi"]);
}

#[tokio::test(start_paused = true)]
async fn what_would_go_is_in_it() {
    let Some(cluster) = place() else { return };
    let mut shop = shop();
    deploy(&cluster, &shop.release()).await.expect("deployed");
    shop.without_restocking();
    let difference = difference(&cluster, &shop.release()).await;
    let gone: Vec<&str> = difference
        .objects
        .iter()
        .filter(|(_, _, then)| then.is_none())
        .map(|(object, _, _)| object.as_str())
        .collect();
    assert!(
        gone.contains(&"Deployment restock") && gone.contains(&"Secret restock-nats"),
        "{gone:?}"
    );
    let graph = difference.graph.as_ref().expect("it is deployed");
    let document = |graph: &Value| Document::parse(&graph.to_string()).expect("a graph");
    let changes = changes::between(&document(graph), &document(&shop.release().graph));
    let words: String = changes.iter().map(|change| format!("{change}\n")).collect();
    assert!(words.contains("queue restock-requests is gone"), "{words}");
    let lines = difference
        .objects
        .iter()
        .flat_map(|(_, live, then)| manifests::diff(live.as_ref(), then.as_ref()).expect("YAML"));
    let shown: String = lines.map(|line| format!("{line}\n")).collect();
    for line in [
        "--- Secret restock-nats (cluster)",
        "-  seed: <secret>",
        "--- Deployment restock (cluster)",
    ] {
        assert!(shown.contains(&format!("{line}\n")), "{line} in {shown}");
    }
    let secrets = cluster.list("v1", "Secret", "shop");
    let values = secrets
        .iter()
        .flat_map(|secret| secret["data"].as_object().expect("data").values());
    for value in values {
        let value = value.as_str().expect("base64");
        assert!(!shown.contains(value), "{value} in {shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn before_the_first_deploy_all_of_it_is_new() {
    let Some(cluster) = place() else { return };
    let release = shop().release();
    let difference = difference(&cluster, &release).await;
    assert!(difference.graph.is_none() && difference.unasked);
    assert_eq!(difference.objects.len(), release.objects.len());
    assert_eq!(writes(&cluster), Vec::<String>::new());
}
