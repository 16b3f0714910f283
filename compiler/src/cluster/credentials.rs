//! The Secrets of an application: made where they are missing, left as they are where they are not.
//!
//! What is secret is made here, goes to the API server over TLS, and nowhere else: not to the disk, not to a terminal, not into
//! an error.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use futures_util::future::join_all;
use jiff::Timestamp;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client, ResourceExt as _};
use nkeys::KeyPair;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::lower::secrets::{Content, Expected};
use crate::release::Release;

use super::failure::failed;
use super::members::{MANAGER, Members};
use super::request::patiently;
use super::{Event, Listener, Problems};

/// When a Secret's contents were last made anew: an annotation of the Secret, and of the pods that read it.
pub(super) const ROTATED: &str = "cloudc.dev/rotated";
/// Random bytes of a password.
const PASSWORD_BYTES: usize = 32;

/// What the cluster has of one Secret.
struct Found {
    expected: Expected,
    secret: Option<Secret>,
}

/// A Secret to write.
struct Change {
    name: String,
    data: BTreeMap<String, Vec<u8>>,
    rotated: Option<String>,
    /// What it is to the reader: made, or made anew.
    done: &'static str,
}

/// When the contents of each Secret were last made anew, where they ever were.
pub(super) type Rotated = BTreeMap<String, String>;

/// Makes the Secrets that a release needs and the cluster does not have. With `rotate`, those of these users are made anew:
/// their pods and their server have to start again then, which a deploy sees to.
///
/// # Errors
///
/// Secrets that only people can fill in and that are missing; one that is there and unusable; a user to rotate that there is not.
pub async fn make(
    client: &Client,
    release: &Release,
    rotate: &[String],
    tell: Listener<'_>,
) -> Result<(), Problems> {
    ensure(client, release, rotate, tell).await?;
    // So that a deploy or a destruction finds them.
    let members = Members::new(&release.app, &release.namespace);
    let one = |problem| vec![problem];
    let mut kinds = members.kinds(client).await.map_err(one)?;
    kinds.insert("Secret".to_owned());
    members.note(client, &kinds).await.map_err(one)
}

/// When the Secrets of a release were made anew, as far as they are there.
pub(super) async fn rotated(client: &Client, release: &Release) -> Result<Rotated, Problems> {
    let secrets: Api<Secret> = Api::namespaced(client.clone(), &release.namespace);
    let found = look(&secrets, &release.secrets).await?;
    let times = found.iter().filter_map(|found| {
        let time = found.secret.as_ref()?.annotations().get(ROTATED)?;
        Some((found.expected.name.clone(), time.clone()))
    });
    Ok(times.collect())
}

pub(super) async fn ensure(
    client: &Client,
    release: &Release,
    rotate: &[String],
    tell: Listener<'_>,
) -> Result<Rotated, Problems> {
    let secrets: Api<Secret> = Api::namespaced(client.clone(), &release.namespace);
    let mut found = look(&secrets, &release.secrets).await?;
    // A server's list comes after those whose keys are on it.
    found.sort_by_key(|found| is_list(&found.expected.content));
    let mut problems = unknown(rotate, &found);
    let listed = listed(&found);
    let mut changes: Vec<Change> = Vec::new();
    let mut public: BTreeMap<(bool, String), String> = BTreeMap::new();
    let mut rotated = Rotated::new();
    let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    for Found { expected, secret } in &found {
        if let Some(time) = secret
            .as_ref()
            .and_then(|secret| secret.annotations().get(ROTATED))
        {
            rotated.insert(expected.name.clone(), time.clone());
        }
        match own(expected, secret.as_ref(), rotate) {
            Ok(Own::Someone) => {}
            Ok(Own::List(is_broker, users)) => {
                let list: BTreeMap<String, Vec<u8>> = users
                    .iter()
                    .filter_map(|user| {
                        let value = public.get(&(is_broker, user.clone()))?;
                        Some((user.clone(), value.clone().into_bytes()))
                    })
                    .collect();
                let known = data(secret.as_ref());
                if known != list {
                    // A user more is a variable more in the server's pod, which starts it anew by itself. Another value is not.
                    let is_other = known
                        .iter()
                        .any(|(user, value)| list.get(user).is_some_and(|new| new != value));
                    changes.push(Change {
                        name: expected.name.clone(),
                        data: list,
                        rotated: is_other.then(|| now.clone()),
                        done: if secret.is_some() { "updated" } else { "made" },
                    });
                }
            }
            Ok(Own::Login { user, shown, made }) => {
                let user = (matches!(expected.content, Content::NatsSeed(_)), user);
                // Its server knows it, so somebody deleted the Secret, and pods may have read it.
                let was_known = listed.contains(&user);
                public.insert(user, shown);
                if let Some(data) = made {
                    let again = secret.is_some() || was_known;
                    changes.push(Change {
                        name: expected.name.clone(),
                        data,
                        rotated: again.then(|| now.clone()),
                        done: if again { "rotated" } else { "made" },
                    });
                }
            }
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let members = Members::new(&release.app, &release.namespace);
    for mut change in changes {
        // Server-side apply would drop the time of an earlier one.
        change.rotated = change
            .rotated
            .or_else(|| rotated.get(&change.name).cloned());
        write(&secrets, &members, &change)
            .await
            .map_err(|problem| vec![problem])?;
        tell(Event::Done(format!(
            "{} Secret {}",
            change.done, change.name
        )));
        if let Some(time) = change.rotated {
            rotated.insert(change.name, time);
        }
    }
    Ok(rotated)
}

async fn look(secrets: &Api<Secret>, expected: &[Expected]) -> Result<Vec<Found>, Problems> {
    let found = join_all(expected.iter().map(|expected| async move {
        let secret = patiently(|| secrets.get_opt(&expected.name)).await;
        secret
            .map(|secret| Found {
                expected: expected.clone(),
                secret,
            })
            .map_err(|error| failed(&format!("cannot read Secret {}", expected.name), &error))
    }));
    let mut all = Vec::new();
    let mut problems = Vec::new();
    for found in found.await {
        match found {
            Ok(found) => all.push(found),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        Ok(all)
    } else {
        Err(problems)
    }
}

fn is_list(content: &Content) -> bool {
    matches!(content, Content::NatsUsers(_) | Content::ValkeyUsers(_))
}

fn user(content: &Content) -> Option<&str> {
    match content {
        Content::NatsSeed(user) | Content::ValkeyPassword(user) => Some(user),
        _ => None,
    }
}

/// The users that a server knows already; of the broker, or of the cache server.
fn listed(found: &[Found]) -> BTreeSet<(bool, String)> {
    let lists = found
        .iter()
        .filter(|found| is_list(&found.expected.content));
    lists
        .flat_map(|found| {
            let is_broker = matches!(found.expected.content, Content::NatsUsers(_));
            let users = data(found.secret.as_ref()).into_keys();
            users.map(move |user| (is_broker, user))
        })
        .collect()
}

/// Names after `--rotate` that nobody has.
fn unknown(rotate: &[String], found: &[Found]) -> Problems {
    let users: BTreeSet<&str> = found
        .iter()
        .filter_map(|found| user(&found.expected.content))
        .collect();
    let strangers = rotate.iter().filter(|name| !users.contains(name.as_str()));
    strangers
        .map(|name| {
            let known: Vec<&str> = users.iter().copied().collect();
            let known = if known.is_empty() {
                "nobody".to_owned()
            } else {
                known.join(", ")
            };
            Diagnostic::error(
                codes::NO_SUCH_NAME,
                format!("there are no credentials of `{name}` to rotate"),
            )
            .help(format!("cloudc makes those of {known}"))
        })
        .collect()
}

/// What a Secret is, and what there is to write.
enum Own {
    /// Other people's.
    Someone,
    /// A server's list of these users; of the broker, or of the cache server.
    List(bool, Vec<String>),
    /// A user's login: what its server knows of it, and the Secret's new contents.
    Login {
        user: String,
        shown: String,
        made: Option<BTreeMap<String, Vec<u8>>>,
    },
}

fn own(expected: &Expected, secret: Option<&Secret>, rotate: &[String]) -> Result<Own, Diagnostic> {
    let is_new = |user: &String| secret.is_none() || rotate.contains(user);
    let unusable = |user: &str| {
        Diagnostic::error(
            codes::SECRET_UNUSABLE,
            format!(
                "the Secret {} is there, and its contents cannot be used",
                expected.name
            ),
        )
        .help(format!(
            "put the right ones back, or have new ones made with --rotate {user}"
        ))
    };
    match &expected.content {
        Content::Given(keys) if secret.is_none() => Err(Diagnostic::error(
            codes::SECRET_UNUSABLE,
            format!("the Secret {} is missing", expected.name),
        )
        .help(format!("make it: {keys}. cloudc cannot know them"))),
        Content::Given(_) => Ok(Own::Someone),
        Content::NatsUsers(users) => Ok(Own::List(true, users.clone())),
        Content::ValkeyUsers(users) => Ok(Own::List(false, users.clone())),
        Content::NatsSeed(user) => {
            let (keys, made) = if is_new(user) {
                let keys = KeyPair::new_user();
                let seed = keys.seed().map_err(|_| unusable(user))?;
                (
                    keys,
                    Some(BTreeMap::from([("seed".to_owned(), seed.into_bytes())])),
                )
            } else {
                let seed = field(secret, "seed").ok_or_else(|| unusable(user))?;
                let keys = KeyPair::from_seed(seed.trim()).map_err(|_| unusable(user))?;
                (keys, None)
            };
            Ok(Own::Login {
                user: user.clone(),
                shown: keys.public_key(),
                made,
            })
        }
        Content::ValkeyPassword(user) => {
            let (password, made) = if is_new(user) {
                let bytes: [u8; PASSWORD_BYTES] = rand::random();
                let password = BASE64URL_NOPAD.encode(&bytes);
                let data = BTreeMap::from([
                    ("username".to_owned(), user.clone().into_bytes()),
                    ("password".to_owned(), password.clone().into_bytes()),
                ]);
                (password, Some(data))
            } else {
                let password = field(secret, "password").filter(|password| !password.is_empty());
                if field(secret, "username").as_deref().map(str::trim) != Some(user) {
                    return Err(unusable(user));
                }
                (password.ok_or_else(|| unusable(user))?, None)
            };
            // The runtime reads the file without the line's end.
            let hash = Sha256::digest(password.trim_end_matches(['\r', '\n']));
            Ok(Own::Login {
                user: user.clone(),
                shown: HEXLOWER.encode(&hash),
                made,
            })
        }
    }
}

fn data(secret: Option<&Secret>) -> BTreeMap<String, Vec<u8>> {
    let data = secret
        .and_then(|secret| secret.data.clone())
        .unwrap_or_default();
    data.into_iter()
        .map(|(key, ByteString(value))| (key, value))
        .collect()
}

fn field(secret: Option<&Secret>, key: &str) -> Option<String> {
    String::from_utf8(data(secret).remove(key)?).ok()
}

async fn write(
    secrets: &Api<Secret>,
    members: &Members,
    change: &Change,
) -> Result<(), Diagnostic> {
    let data: BTreeMap<&String, ByteString> = change
        .data
        .iter()
        .map(|(key, value)| (key, ByteString(value.clone())))
        .collect();
    let mut secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": change.name,
            "labels": {"app.kubernetes.io/managed-by": "cloudc"},
        },
        "type": "Opaque",
        "data": data,
    });
    if let Some(time) = &change.rotated {
        secret["metadata"]["annotations"][ROTATED] = Value::String(time.clone());
    }
    members.label(&mut secret);
    // The contents are the truth of which cloudc keeps the lists, so it takes them over.
    let parameters = PatchParams::apply(MANAGER).force();
    patiently(async || {
        secrets
            .patch(&change.name, &parameters, &Patch::Apply(&secret))
            .await
    })
    .await
    .map(drop)
    .map_err(|error| failed(&format!("cannot write Secret {}", change.name), &error))
}
