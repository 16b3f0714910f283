//! Versions, groups, and who may do what.

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::core::GroupVersion;
use kube::discovery::{Discovery, Scope, pinned_kind};

use super::*;

#[tokio::test]
async fn kinds_are_found() {
    let Some(cluster) = cluster() else { return };
    let version = cluster
        .client()
        .apiserver_version()
        .await
        .expect("a version");
    assert_eq!(
        (version.major.as_str(), version.minor.as_str()),
        ("1", "33")
    );
    let discovery = Discovery::new(cluster.client())
        .run()
        .await
        .expect("discovered");
    let kind = GroupVersionKind::gvk("serving.knative.dev", "v1", "Service");
    let (resource, capabilities) = discovery.resolve_gvk(&kind).expect("served");
    assert_eq!(
        (resource.plural.as_str(), capabilities.scope),
        ("services", Scope::Namespaced)
    );
    let (resource, capabilities) = pinned_kind(
        &cluster.client(),
        &GroupVersionKind::gvk("", "v1", "Namespace"),
    )
    .await
    .expect("served");
    assert_eq!(
        (resource.plural.as_str(), capabilities.scope),
        ("namespaces", Scope::Cluster)
    );
    for group in ["apps", "batch", "keda.sh"] {
        kube::discovery::group(&cluster.client(), group)
            .await
            .expect("a group");
    }
}

#[tokio::test]
async fn a_group_may_be_missing() {
    let builder = Cluster::builder().without("keda.sh").version("v1.31.4");
    let Some(cluster) = started(builder) else {
        return;
    };
    let discovery = Discovery::new(cluster.client())
        .run()
        .await
        .expect("discovered");
    assert!(!discovery.has_group("keda.sh"));
    assert_eq!(
        cluster
            .client()
            .apiserver_version()
            .await
            .expect("a version")
            .git_version,
        "v1.31.4"
    );
    let pinned = GroupVersion::gv("keda.sh", "v1alpha1");
    let (code, ..) = refusal(
        kube::discovery::pinned_group(&cluster.client(), &pinned)
            .await
            .map(|_| ()),
    );
    assert_eq!(code, 404);
}

async fn may(cluster: &Cluster, verb: &str, group: &str, resource: &str) -> bool {
    let text = |text: &str| Some(text.to_owned());
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(ResourceAttributes {
                verb: text(verb),
                group: text(group),
                resource: text(resource),
                namespace: text("shop"),
                ..ResourceAttributes::default()
            }),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    };
    let reviews: Api<SelfSubjectAccessReview> = Api::all(cluster.client());
    let answer = reviews
        .create(&PostParams::default(), &review)
        .await
        .expect("reviewed");
    answer.status.expect("a status").allowed
}

#[tokio::test]
async fn rights_are_asked_for_and_missing_ones_refused() {
    let builder = Cluster::builder()
        .user("ann")
        .deny("patch", "deployments.apps");
    let Some(cluster) = started(builder) else {
        return;
    };
    assert!(may(&cluster, "get", "apps", "deployments").await);
    assert!(!may(&cluster, "patch", "apps", "deployments").await);
    let (code, reason, message) = refusal(apply(&cluster, "cloudc", &deployment("charge")).await);
    assert_eq!((code, reason.as_str()), (403, "Forbidden"));
    assert_eq!(
        message,
        "deployments.apps \"charge\" is forbidden: User \"ann\" cannot patch resource \"deployments\" in API group \
         \"apps\" in the namespace \"shop\""
    );
    cluster.deny("*", "configmaps");
    assert!(!may(&cluster, "list", "", "configmaps").await);
    let (_, _, message) = refusal(maps(&cluster).list(&kube::api::ListParams::default()).await);
    assert!(
        message.starts_with("configmaps is forbidden: User \"ann\" cannot list"),
        "{message}"
    );
}
