//! What there is to write of an application's Secrets. Pure: from what the cluster has to what it should have.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt as _;
use nkeys::KeyPair;
use sha2::{Digest as _, Sha256};

use crate::codes;
use crate::config::one_of;
use crate::diagnostic::Diagnostic;
use crate::lower::secrets::{Content, Expected};

use super::super::Problems;
use super::{ROTATED, Rotated};

/// Random bytes of a password.
const PASSWORD_BYTES: usize = 32;

/// What the cluster has of one Secret.
pub(super) struct Found {
    pub(super) expected: Expected,
    pub(super) secret: Option<Secret>,
}

/// A Secret to write.
pub(super) struct Change {
    pub(super) name: String,
    pub(super) data: BTreeMap<String, Vec<u8>>,
    pub(super) rotated: Option<String>,
    /// Whether it is a login that the cluster does not have yet. Somebody else may make it meanwhile, and that one counts then.
    pub(super) is_new_login: bool,
    /// What it is to the reader: made, or made anew.
    pub(super) done: &'static str,
}

/// What there is to write, and what the pods that read the Secrets are told then.
pub(super) struct Plan {
    /// New logins first, as others may be faster; lists last, as they follow from the logins.
    pub(super) changes: Vec<Change>,
    pub(super) rotated: Rotated,
}

/// Which users are on a server's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cluster) enum Lists {
    /// Those who left as well: the server's pods name them until they are replaced, and do not start without.
    Grow,
    /// Nobody else than who is there.
    Exact,
}

/// Finds out what there is to write. `now` is the time of what is made anew.
///
/// # Errors
///
/// Secrets that only people can fill in and that are missing; one that is there and unusable; a user to rotate that there is not.
pub(super) fn plan(
    mut found: Vec<Found>,
    rotate: &[String],
    lists: Lists,
    now: &str,
) -> Result<Plan, Problems> {
    // A server's list comes after those whose keys are on it.
    found.sort_by_key(|found| is_list(&found.expected.content));
    let mut problems = unknown(rotate, &found);
    let listed = listed(&found);
    let mut changes: Vec<Change> = Vec::new();
    let mut public: BTreeMap<(bool, String), String> = BTreeMap::new();
    let mut rotated = Rotated::new();
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
                let mut list: BTreeMap<String, Vec<u8>> = users
                    .iter()
                    .filter_map(|user| {
                        let value = public.get(&(is_broker, user.clone()))?;
                        Some((user.clone(), value.clone().into_bytes()))
                    })
                    .collect();
                let known = data(secret.as_ref());
                if lists == Lists::Grow {
                    for (user, value) in &known {
                        list.entry(user.clone()).or_insert_with(|| value.clone());
                    }
                }
                if known != list {
                    // A user more is a variable more in the server's pod, which starts it anew by itself. Another value is not.
                    let is_other = known
                        .iter()
                        .any(|(user, value)| list.get(user).is_some_and(|new| new != value));
                    changes.push(Change {
                        name: expected.name.clone(),
                        data: list,
                        rotated: is_other.then(|| now.to_owned()),
                        is_new_login: false,
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
                        rotated: again.then(|| now.to_owned()),
                        is_new_login: secret.is_none(),
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
    changes.sort_by_key(|change| !change.is_new_login);
    for change in &mut changes {
        match &change.rotated {
            Some(time) => {
                rotated.insert(change.name.clone(), time.clone());
            }
            // Server-side apply would drop the time of an earlier one.
            None => change.rotated = rotated.get(&change.name).cloned(),
        }
    }
    Ok(Plan { changes, rotated })
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
    let known: Vec<&str> = users.iter().copied().collect();
    let strangers = rotate.iter().filter(|name| !users.contains(name.as_str()));
    strangers
        .map(|name| {
            let message = format!("there are no credentials of `{name}` to rotate");
            Diagnostic::error(codes::NO_SUCH_NAME, message).help(one_of(name, &known))
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
