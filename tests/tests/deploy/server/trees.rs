//! The trees that the compiler writes: a cluster takes them, and has nothing to do at the second time.

use std::path::Path;

use cloudc_tests::schemas::documents;

use super::*;

/// The objects of a tree, in the order of its files, the namespace first.
fn tree(folder: &str) -> Vec<Value> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../snapshots")
        .join(folder);
    let mut files: Vec<_> = std::fs::read_dir(top)
        .expect("a folder")
        .map(|file| file.expect("a file").path())
        .collect();
    files.sort();
    let mut objects: Vec<Value> = files
        .iter()
        .flat_map(|file| documents(&std::fs::read_to_string(file).expect("a text")))
        .filter(|object| object["kind"] != "Kustomization")
        .collect();
    objects.sort_by_key(|object| object["kind"] != "Namespace");
    objects
}

async fn apply_tree(cluster: &Cluster, objects: &[Value], parameters: &PatchParams) -> Vec<Value> {
    let mut answers = Vec::new();
    for object in objects {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (version, kind) = (text(&object["apiVersion"]), text(&object["kind"]));
        let (group, version) = version.split_once('/').unwrap_or(("", &version));
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, &kind));
        let api: Api<DynamicObject> = match object["metadata"]["namespace"].as_str() {
            Some(namespace) => Api::namespaced_with(cluster.client(), namespace, &resource),
            None => Api::all_with(cluster.client(), &resource),
        };
        let name = text(&object["metadata"]["name"]);
        let answer = api
            .patch(&name, parameters, &kube::api::Patch::Apply(object))
            .await;
        answers.push(value(
            &answer.unwrap_or_else(|error| panic!("{kind} {name}: {error}")),
        ));
    }
    answers
}

#[tokio::test]
async fn a_tree_is_taken_once() {
    for folder in [
        "shop/knative",
        "shop/kubernetes",
        "hello/knative",
        "hello/kubernetes",
    ] {
        let Some(cluster) = Cluster::builder().auto_settle().start() else {
            return;
        };
        let objects = tree(folder);
        let parameters = PatchParams::apply("cloudc");
        apply_tree(&cluster, &objects, &parameters).await;
        cluster.forget();
        let dry = PatchParams {
            dry_run: true,
            ..parameters.clone()
        };
        let expected = apply_tree(&cluster, &objects, &dry).await;
        let kept = apply_tree(&cluster, &objects, &parameters).await;
        assert_eq!(expected, kept, "{folder}: a dry run answers what is there");
        let after = apply_tree(&cluster, &objects, &parameters).await;
        assert_eq!(after, kept, "{folder}: nothing changes");
    }
}
