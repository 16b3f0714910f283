//! What is known before anything is changed, and said in words.

use std::net::TcpListener;

use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::Api;
use kube::api::PostParams;
use kube::config::{AuthInfo, Kubeconfig};
use serde_json::{Value, json};

use crate::application::made_up;
use crate::place::Place;

const DEPLOYMENT: (&str, &str) = ("apps/v1", "Deployment");

pub(super) async fn wrong_context(place: &mut Place) {
    let kubeconfig = Kubeconfig::read().expect("a kubeconfig");
    let known = kubeconfig.current_context.expect("a context");
    let wrong = [
        "deploy",
        "examples/shop",
        "--image",
        &made_up(1),
        "--context",
        "nowhere",
    ];
    let done = place.cloudc(&wrong).await.with(1);
    done.says(&["CC801", "the kubeconfig has no context `nowhere`", &known]);
}

pub(super) async fn unreachable(place: &mut Place) {
    // A port that was free just now: nobody listens there.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let mut kubeconfig = somebody(AuthInfo::default());
    for cluster in kubeconfig
        .clusters
        .iter_mut()
        .filter_map(|named| named.cluster.as_mut())
    {
        cluster.server = Some(format!("https://{address}"));
    }
    let file = write(place, &kubeconfig);
    let arguments = ["deploy", "examples/shop", "--image", &made_up(1)];
    let done = place
        .start_with(&arguments, Some(&file))
        .end()
        .await
        .with(1);
    done.says(&["CC801", "kubectl version"]);
}

pub(super) async fn conflict(place: &mut Place) {
    let seconds = async |place: &Place| {
        let charge = place.get(DEPLOYMENT, "charge").await;
        charge["spec"]["template"]["spec"]["terminationGracePeriodSeconds"].as_u64()
    };
    let ours = seconds(place).await;
    let by_hand = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "charge"},
        "spec": {"template": {"spec": {"terminationGracePeriodSeconds": 77}}},
    });
    place.apply_as("somebody", by_hand).await;
    let before = place.versions().await;
    let done = place.deploy(&[]).await.with(1);
    done.says(&[
        "CC805",
        "Deployment charge has fields of another owner",
        "`spec.template.spec.terminationGracePeriodSeconds` is set by `somebody`",
        "--force-conflicts",
    ]);
    assert_eq!(place.versions().await, before, "nothing was changed");
    place.deploy(&["--force-conflicts"]).await.with(0);
    assert_eq!(seconds(place).await, ours);
}

pub(super) async fn few_rights(place: &mut Place) {
    let role = "rbac.authorization.k8s.io/v1";
    let name = "few-rights";
    let few = json!({"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]});
    let rules = json!([few]);
    let objects = [
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}}),
        json!({"apiVersion": role, "kind": "Role", "metadata": {"name": name}, "rules": rules}),
        json!({
            "apiVersion": role, "kind": "RoleBinding", "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": place.namespace}],
        }),
    ];
    for object in objects {
        place.apply_as("somebody", object).await;
    }
    let accounts: Api<ServiceAccount> = Api::namespaced(place.client.clone(), &place.namespace);
    let request = TokenRequest {
        spec: TokenRequestSpec {
            expiration_seconds: Some(600),
            ..Default::default()
        },
        ..Default::default()
    };
    let answer = accounts
        .create_token_request(name, &PostParams::default(), &request)
        .await;
    let token = answer.expect("a token").status.expect("a token").token;
    let user: AuthInfo = serde_json::from_value(json!({"token": token})).expect("a user");
    let file = write(place, &somebody(user));
    let before = place.versions().await;
    let arguments = ["deploy", "examples/shop", "--image", &made_up(1)];
    let done = place
        .start_with(&arguments, Some(&file))
        .end()
        .await
        .with(1);
    let namespace = &place.namespace;
    let done = done.says(&[
        "CC803",
        &format!("may not get, list, create, patch, delete configmaps in the namespace {namespace}"),
        &format!("may not get, list, create, patch, delete deployments.apps in the namespace {namespace}"),
        &format!("may not get, list, create, patch, delete secrets in the namespace {namespace}"),
        &format!("may not get, list, create, patch, delete scaledobjects.keda.sh in the namespace {namespace}"),
        "may not get pods/log",
    ]);
    assert_eq!(place.versions().await, before, "nothing was changed");

    // With what it asked for and nothing more it deploys, also for longer than a Lease holds that is not renewed.
    let mut rules = rules_for(&done.text(), namespace);
    rules.push(few);
    let role_of_it =
        json!({"apiVersion": role, "kind": "Role", "metadata": {"name": name}, "rules": rules});
    place.apply_as("somebody", role_of_it).await;
    let image = place.application.image();
    let mut arguments = vec!["deploy", "examples/shop", "--rotate", "charge"];
    arguments.extend(image.iter().map(String::as_str));
    place
        .start_with(&arguments, Some(&file))
        .end()
        .await
        .with(0);
    std::fs::remove_file(file).expect("the token is gone");
    for (version, kind) in [
        (role, "RoleBinding"),
        (role, "Role"),
        ("v1", "ServiceAccount"),
    ] {
        place.delete((version, kind), name).await;
    }
}

/// The rules of a Role that has what somebody was told to ask for.
fn rules_for(said: &str, namespace: &str) -> Vec<Value> {
    let end = format!(" in the namespace {namespace}");
    let lines = said.lines().filter_map(|line| {
        let (_, denied) = line.split_once("this user may not ")?;
        denied.split_once(&end).map(|(denied, _)| denied)
    });
    let rules = lines.map(|denied| {
        // `get, list deployments.apps`, `get pods/log`
        let (verbs, resource) = denied.rsplit_once(' ').expect("verbs and a resource");
        let verbs: Vec<&str> = verbs.split(", ").collect();
        let (resource, group) = resource.split_once('.').unwrap_or((resource, ""));
        json!({"apiGroups": [group], "resources": [resource], "verbs": verbs})
    });
    rules.collect()
}

/// The cluster of the kubeconfig's context, for another user.
fn somebody(user: AuthInfo) -> Kubeconfig {
    let found = Kubeconfig::read().expect("a kubeconfig");
    let current = found.current_context.clone();
    let context = found
        .contexts
        .iter()
        .find(|context| Some(&context.name) == current.as_ref());
    let mut context = context
        .and_then(|named| named.context.clone())
        .expect("the current context");
    let cluster = found
        .clusters
        .into_iter()
        .find(|cluster| cluster.name == context.cluster);
    context.user = Some("somebody".to_owned());
    let context = json!({"name": "here", "context": context});
    Kubeconfig {
        current_context: Some("here".to_owned()),
        clusters: cluster.into_iter().collect(),
        contexts: vec![serde_json::from_value(context).expect("a context")],
        auth_infos: vec![
            serde_json::from_value(json!({"name": "somebody", "user": user})).expect("a user"),
        ],
        ..Kubeconfig::default()
    }
}

fn write(place: &Place, kubeconfig: &Kubeconfig) -> std::path::PathBuf {
    let value: Value = serde_json::to_value(kubeconfig).expect("JSON");
    // JSON is YAML too.
    place.application.write("kubeconfig", &value.to_string())
}
