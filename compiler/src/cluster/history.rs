//! What was deployed: the last releases, kept in the cluster, each as a compressed ConfigMap.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use kube::{Api, Client, ResourceExt as _};
use serde_json::json;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::release::Release;

use super::MANAGER;
use super::failure::{failed, gone};
use super::request::patiently;

/// Releases that are kept, of those that were deployed and of the others.
const KEPT: usize = 10;
/// What a ConfigMap may hold: 1 MiB, of which the rest of the object needs a little.
const LARGEST: usize = 1_000_000;
/// The most that a release may be once it is unpacked.
const LARGEST_UNPACKED: u64 = 64 << 20;

const APP: &str = "cloudc.dev/app";
const NUMBER: &str = "cloudc.dev/release";
const STATUS: &str = "cloudc.dev/status";
const PURPOSE: &str = "cloudc.dev/purpose";
/// The number of the release that a rollback brings back.
const ROLLBACK_TO: &str = "cloudc.dev/rollback-to";
const TIME: &str = "cloudc.dev/time";
const FINGERPRINT: &str = "cloudc.dev/fingerprint";
/// The key of the compressed release.
const DATA: &str = "release.json.gz";

/// How far a release came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Its objects are being applied, or were when the deploy was cut off.
    Applying,
    /// It gets a part of the requests.
    Canary,
    /// It is, or was, what runs.
    Deployed,
    /// It did not come up.
    Failed,
    /// It was a canary, and was taken back.
    Undone,
}

impl Status {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Applying, "applying"),
        (Self::Canary, "canary"),
        (Self::Deployed, "deployed"),
        (Self::Failed, "failed"),
        (Self::Undone, "undone"),
    ];

    /// The word for it.
    pub fn word(self) -> &'static str {
        let found = Self::ALL.iter().find(|(status, _)| *status == self);
        found.map_or("", |(_, word)| word)
    }

    fn of(word: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(_, known)| *known == word);
        found.map(|(status, _)| *status)
    }
}

/// What a release is deployed for. How far it came is another question: one that was cut off has its purpose still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To get every request.
    Deploy,
    /// To get a part of the requests.
    Canary,
    /// To get every request after it had a part of them.
    Promotion,
    /// To bring the release of this number back.
    Rollback(u32),
}

impl Purpose {
    fn word(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Canary => "canary",
            Self::Promotion => "promotion",
            Self::Rollback(_) => "rollback",
        }
    }

    /// The purpose of this word, and of this number of a release.
    fn of(word: &str, number: &str) -> Option<Self> {
        match word {
            "deploy" => Some(Self::Deploy),
            "canary" => Some(Self::Canary),
            "promotion" => Some(Self::Promotion),
            "rollback" => number.parse().ok().map(Self::Rollback),
            // A build before this one did not say.
            "" => Some(Self::Deploy),
            _ => None,
        }
    }
}

/// A release in the cluster's memory.
#[derive(Clone, Debug)]
pub struct Record {
    /// Counts up from 1.
    pub number: u32,
    /// How far it came.
    pub status: Status,
    /// What it was deployed for.
    pub purpose: Purpose,
    /// When it was last written, RFC 3339, UTC.
    pub time: String,
    /// What was deployed.
    pub release: Release,
    fingerprint: String,
}

impl Record {
    /// Whether it is under way, or was when it was cut off or failed.
    pub(super) fn is_unfinished(&self) -> bool {
        matches!(self.status, Status::Applying | Status::Failed)
    }

    /// Whether it is a canary that nobody has decided on, however far it or its promotion came.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.purpose, Purpose::Canary | Purpose::Promotion)
            && (self.is_unfinished() || self.status == Status::Canary)
    }

    /// Whether this is what is in there.
    pub(super) fn is(&self, release: &Release) -> bool {
        self.fingerprint == release.fingerprint()
    }
}

/// All releases that the cluster remembers, the newest last.
///
/// # Errors
///
/// The cluster does not answer or denies it; a record that cannot be read.
pub async fn records(
    client: &Client,
    app: &str,
    namespace: &str,
) -> Result<Vec<Record>, Diagnostic> {
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), namespace);
    let selector = ListParams::default().labels(&format!("{APP}={app},{NUMBER}"));
    let found = patiently(|| maps.list(&selector)).await;
    let found = found.map_err(|error| failed("cannot read the earlier releases", &error))?;
    let mut records = found
        .items
        .iter()
        .map(read)
        .collect::<Result<Vec<_>, _>>()?;
    records.sort_by_key(|record| record.number);
    Ok(records)
}

/// What runs: the newest release that was deployed.
pub fn current(records: &[Record]) -> Option<&Record> {
    let mut newest = records.iter().rev();
    newest.find(|record| record.status == Status::Deployed)
}

/// The canary that is neither promoted nor undone.
pub(super) fn canary(records: &[Record]) -> Option<&Record> {
    let mut newest = records.iter().rev();
    let decided = |record: &&Record| record.status == Status::Deployed || record.is_open();
    newest.find(decided).filter(|record| record.is_open())
}

/// What is written down of a release, beside how far it came.
pub(super) struct Entry<'a> {
    pub(super) number: u32,
    pub(super) purpose: Purpose,
    pub(super) release: &'a Release,
}

/// Writes a release down, under the next number, or again under the one it has.
pub(super) async fn write(
    client: &Client,
    entry: &Entry<'_>,
    status: Status,
) -> Result<(), Diagnostic> {
    let Entry {
        number,
        purpose,
        release,
    } = *entry;
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), &release.namespace);
    let doing = "cannot note the release in the cluster";
    let packed = pack(release)
        .map_err(|error| Diagnostic::error(codes::CLUSTER_REFUSED, format!("{doing}: {error}")))?;
    if packed.len() > LARGEST {
        return Err(Diagnostic::error(
            codes::CLUSTER_REFUSED,
            format!(
                "{doing}: it has {} bytes packed, and {LARGEST} are the most",
                packed.len()
            ),
        )
        .help("an application of this size belongs in several: split it"));
    }
    let name = name(&release.app, number);
    let mut map = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": name,
            "labels": {
                APP: release.app,
                NUMBER: number.to_string(),
                "app.kubernetes.io/managed-by": "cloudc",
            },
            "annotations": {
                STATUS: status.word(),
                PURPOSE: purpose.word(),
                TIME: Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
                FINGERPRINT: release.fingerprint(),
                "cloudc.dev/image": release.image,
            },
        },
        "binaryData": {DATA: ByteString(packed)},
    });
    if let Purpose::Rollback(to) = purpose {
        map["metadata"]["annotations"][ROLLBACK_TO] = json!(to.to_string());
    }
    let parameters = PatchParams::apply(MANAGER).force();
    patiently(async || maps.patch(&name, &parameters, &Patch::Apply(&map)).await)
        .await
        .map(drop)
        .map_err(|error| failed(doing, &error))
}

/// Forgets all but the last ten releases that were deployed, and the last ten attempts that were not.
pub(super) async fn forget(client: &Client, records: &[Record]) -> Result<(), Diagnostic> {
    // Attempts that came to nothing must not push out what one can go back to.
    for came in [true, false] {
        let alike = records.iter().rev();
        let alike = alike.filter(|record| (record.status == Status::Deployed) == came);
        for record in alike.skip(KEPT) {
            remove(client, record).await?;
        }
    }
    Ok(())
}

/// Forgets one release.
pub(super) async fn remove(client: &Client, record: &Record) -> Result<(), Diagnostic> {
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), &record.release.namespace);
    let name = name(&record.release.app, record.number);
    let answer = patiently(async || maps.delete(&name, &DeleteParams::default()).await).await;
    gone(answer, "cannot forget an old release")
}

fn name(app: &str, number: u32) -> String {
    format!("cloudc-{app}-{number}")
}

fn read(map: &ConfigMap) -> Result<Record, Diagnostic> {
    let note = |key: &str| map.annotations().get(key).cloned().unwrap_or_default();
    let parsed = || {
        let number = map.labels().get(NUMBER)?.parse().ok()?;
        let status = Status::of(&note(STATUS))?;
        let data = map.binary_data.as_ref()?.get(DATA)?;
        Some(Record {
            number,
            status,
            purpose: Purpose::of(&note(PURPOSE), &note(ROLLBACK_TO))?,
            time: note(TIME),
            release: unpack(&data.0)?,
            fingerprint: note(FINGERPRINT),
        })
    };
    parsed().ok_or_else(|| {
        Diagnostic::error(
            codes::NO_RELEASE,
            format!(
                "the ConfigMap {} is no release that this cloudc can read",
                map.name_any()
            ),
        )
        .help("a newer cloudc may have written it; or somebody changed it: then delete it")
    })
}

fn pack(release: &Release) -> std::io::Result<Vec<u8>> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(&serde_json::to_vec(release)?)?;
    packed.finish()
}

fn unpack(packed: &[u8]) -> Option<Release> {
    let mut text = Vec::new();
    let mut unpacked = GzDecoder::new(packed).take(LARGEST_UNPACKED);
    unpacked.read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}
