//! What has to be true before anything is changed, asked all at once.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use futures_util::join;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::api::{ApiResource, PostParams};
use kube::{Api, Client};

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::release::{Key, Release};

use super::apis::Apis;
use super::failure::failed;
use super::members::{self, Members, kinds_of};
use super::namespace::{Maker, maker};
use super::request::patiently;
use super::{Problems, keda, running};

/// The oldest minor version of Kubernetes 1: `timeZone` of CronJobs and `unhealthyPodEvictionPolicy` are there since 1.27.
const OLDEST: u32 = 27;

/// What a deploy reads and writes besides the kinds of the release: versions with kinds.
const OWN: [(&str, &[&str]); 3] = [
    ("v1", &["ConfigMap", "Secret"]),
    ("coordination.k8s.io/v1", &["Lease"]),
    ("events.k8s.io/v1", &[]),
];

/// A right that a deploy needs: on a resource of a group, perhaps of a subresource.
struct Right {
    verb: &'static str,
    group: String,
    resource: String,
    subresource: Option<&'static str>,
}

/// A cluster that can take the release.
pub(super) struct Checked {
    pub(super) apis: Apis,
    /// Whether the namespace is there.
    pub(super) namespace: bool,
    /// Whether the namespace object is to be written: it is missing, or a deploy made it. Somebody else's is left as it is.
    pub(super) writes_namespace: bool,
}

/// What a deploy deletes besides what it has to make anew.
#[derive(Clone, Copy)]
pub(super) struct Deletes {
    /// Volumes that are named.
    pub(super) volumes: bool,
    /// What left the application.
    pub(super) left: bool,
}

/// Asks for the version, the kinds, the rights, the namespace and KEDA's.
///
/// # Errors
///
/// All that is missing.
pub(super) async fn check(
    client: &Client,
    release: &Release,
    deletes: Deletes,
) -> Result<Checked, Problems> {
    let mut versions: BTreeSet<String> = release.keys().map(|key| key.api_version).collect();
    versions.extend(OWN.iter().map(|(version, _)| (*version).to_owned()));
    let left = async {
        match deletes.left {
            true => left(client, release).await,
            false => Ok(Vec::new()),
        }
    };
    let (version, apis, namespace, keda, left) = join!(
        version(client),
        Apis::discover(client, versions),
        maker(client, &release.namespace),
        keda::elsewhere(client, release),
        left,
    );
    // An unreachable cluster is one problem, not five.
    if let Err(problem) = &version
        && problem.code == codes::CLUSTER_UNREACHABLE
    {
        return Err(vec![problem.clone()]);
    }
    let mut problems: Problems = version.err().into_iter().chain(keda).collect();
    let namespace = namespace.unwrap_or_else(|problem| {
        problems.push(problem);
        Maker::Nobody
    });
    let apis = match apis {
        Ok(apis) => apis,
        Err(found) => {
            problems.extend(found);
            return Err(problems);
        }
    };
    let left = left.unwrap_or_else(|found| {
        problems.extend(found);
        Vec::new()
    });
    let wanted = wanted(&apis, release, deletes.volumes, &left);
    let may_write_namespace = match rights(client, &release.namespace, wanted).await {
        Ok((denied, may_write_namespace)) => {
            problems.extend(denied);
            if namespace == Maker::Nobody && !may_write_namespace {
                problems.push(
                    Diagnostic::error(
                        codes::CLUSTER_DENIED,
                        format!(
                            "the namespace {} is missing, and this user may not make it",
                            release.namespace
                        ),
                    )
                    .help("have it made, or name another in cloudc.toml"),
                );
            }
            may_write_namespace
        }
        Err(found) => {
            problems.push(found);
            false
        }
    };
    if problems.is_empty() {
        Ok(Checked {
            apis,
            namespace: namespace != Maker::Nobody,
            writes_namespace: may_write_namespace && namespace != Maker::Other,
        })
    } else {
        Err(problems)
    }
}

async fn version(client: &Client) -> Result<(), Diagnostic> {
    let found = patiently(|| client.apiserver_version()).await;
    let found = found.map_err(|error| failed("cannot reach the cluster", &error))?;
    let digits = |text: &str| -> u32 {
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap_or(0)
    };
    if (digits(&found.major), digits(&found.minor)) >= (1, OLDEST) {
        return Ok(());
    }
    Err(Diagnostic::error(
        codes::CLUSTER_LACKS,
        format!(
            "the cluster runs Kubernetes {}.{}",
            found.major, found.minor
        ),
    )
    .help(format!("cloudc needs 1.{OLDEST} or newer")))
}

/// The resources that a prune deletes from beside those of the release: of kinds that it has none of any more.
async fn left(client: &Client, release: &Release) -> Result<Vec<ApiResource>, Problems> {
    let members = Members::new(&release.app, &release.namespace);
    let known = match members.kinds(client).await {
        Ok(known) => known,
        // It is among the rights that are asked for anyway.
        Err(problem) if problem.code == codes::CLUSTER_DENIED => return Ok(Vec::new()),
        Err(problem) => return Err(vec![problem]),
    };
    let own = kinds_of(&release.objects);
    // That one a deploy writes anyway.
    let mut left = known
        .difference(&own)
        .filter(|kind| *kind != "ConfigMap")
        .peekable();
    if left.peek().is_none() {
        return Ok(Vec::new());
    }
    let apis = members::apis(client).await?;
    let resources = left.filter_map(|kind| apis.of_group_kind(kind));
    Ok(resources.cloned().collect())
}

/// What is denied of the rights that are wanted, and whether the namespace may be written.
async fn rights(
    client: &Client,
    namespace: &str,
    wanted: Vec<Right>,
) -> Result<(Problems, bool), Diagnostic> {
    let ask = |right: Right, namespace: Option<String>| async move {
        allowed(client, &right, namespace)
            .await
            .map(|allowed| (right, allowed))
    };
    let right = |verb, group: &str, resource: &str| Right {
        verb,
        group: group.to_owned(),
        resource: resource.to_owned(),
        subresource: None,
    };
    // Server-side apply of what is not there yet needs both.
    let (_, may_patch) = ask(right("patch", "", "namespaces"), None).await?;
    let (_, may_create) = ask(right("create", "", "namespaces"), None).await?;
    let may_write_namespace = may_patch && may_create;
    // Whoever may do everything need not be asked about each.
    let (_, everything) = ask(right("*", "*", "*"), Some(namespace.to_owned())).await?;
    if everything {
        return Ok((Vec::new(), may_write_namespace));
    }
    let answers = wanted
        .into_iter()
        .map(|right| ask(right, Some(namespace.to_owned())));
    let mut denied: Vec<(String, Vec<&'static str>)> = Vec::new();
    for answer in join_all(answers).await {
        let (right, allowed) = answer?;
        if allowed {
            continue;
        }
        let mut resource = right.resource.clone();
        if let Some(subresource) = right.subresource {
            resource.push_str(&format!("/{subresource}"));
        }
        if !right.group.is_empty() {
            resource.push_str(&format!(".{}", right.group));
        }
        match denied.iter_mut().find(|(known, _)| *known == resource) {
            Some((_, verbs)) => verbs.push(right.verb),
            None => denied.push((resource, vec![right.verb])),
        }
    }
    let denied = denied.into_iter().map(|(resource, verbs)| {
        Diagnostic::error(
            codes::CLUSTER_DENIED,
            format!(
                "this user may not {} {resource} in the namespace {namespace}",
                verbs.join(", ")
            ),
        )
        .help("ask for a Role with these verbs")
    });
    Ok((denied.collect(), may_write_namespace))
}

/// Each verb on each resource that a deploy uses in the namespace. Of those in `left` there is only something to delete.
fn wanted(
    apis: &Apis,
    release: &Release,
    deletes_volumes: bool,
    left: &[ApiResource],
) -> Vec<Right> {
    let own = OWN.iter().flat_map(|(version, kinds)| {
        kinds
            .iter()
            .map(|kind| ((*version).to_owned(), (*kind).to_owned()))
    });
    let kinds: BTreeSet<(String, String)> = release
        .keys()
        .filter(|key: &Key| members::is_one(key))
        .map(|key| (key.api_version, key.kind))
        .chain(own)
        .collect();
    let mut rights = Vec::new();
    for (version, kind) in kinds {
        let Some(resource) = apis.resource(&version, &kind) else {
            continue;
        };
        // A Lease is taken and given back as a whole, and stays.
        let verbs: &[&'static str] = if kind == "Lease" {
            &["get", "create", "update"]
        } else {
            &["get", "list", "create", "patch", "delete"]
        };
        for verb in verbs {
            rights.push(Right {
                verb,
                group: resource.group.clone(),
                resource: resource.plural.clone(),
                subresource: None,
            });
        }
    }
    // A revision that failed is deleted, and Knative makes it anew.
    if release.keys().any(|key| running::shares(&key)) {
        rights.extend(["get", "delete"].map(|verb| Right {
            verb,
            group: "serving.knative.dev".to_owned(),
            resource: "revisions".to_owned(),
            subresource: None,
        }));
    }
    for resource in left {
        rights.extend(["list", "delete"].map(|verb| Right {
            verb,
            group: resource.group.clone(),
            resource: resource.plural.clone(),
            subresource: None,
        }));
    }
    if deletes_volumes {
        rights.extend(["list", "delete"].map(|verb| Right {
            verb,
            group: String::new(),
            resource: "persistentvolumeclaims".to_owned(),
            subresource: None,
        }));
    }
    let reads = [
        ("pods", None, "list"),
        ("pods", Some("log"), "get"),
        ("events", None, "list"),
    ];
    rights.extend(reads.map(|(resource, subresource, verb)| Right {
        verb,
        group: String::new(),
        resource: resource.to_owned(),
        subresource,
    }));
    rights
}

async fn allowed(
    client: &Client,
    right: &Right,
    namespace: Option<String>,
) -> Result<bool, Diagnostic> {
    let reviews: Api<SelfSubjectAccessReview> = Api::all(client.clone());
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(ResourceAttributes {
                namespace,
                verb: Some(right.verb.to_owned()),
                group: Some(right.group.clone()),
                resource: Some(right.resource.clone()),
                subresource: right.subresource.map(str::to_owned),
                ..Default::default()
            }),
            ..Default::default()
        },
        ..Default::default()
    };
    let parameters = PostParams::default();
    let answer = patiently(|| reviews.create(&parameters, &review)).await;
    let answer = answer.map_err(|error| failed("cannot ask for this user's rights", &error))?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}
