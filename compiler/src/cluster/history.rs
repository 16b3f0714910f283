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

use super::failure::{failed, gone};
use super::members::MANAGER;
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
const NOTE: &str = "cloudc.dev/note";
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

/// A release in the cluster's memory.
#[derive(Clone, Debug)]
pub struct Record {
    /// Counts up from 1.
    pub number: u32,
    /// How far it came.
    pub status: Status,
    /// When it was last written, RFC 3339, UTC.
    pub time: String,
    /// What the deploy was: `rollback to 3`; may be empty.
    pub note: String,
    /// What was deployed.
    pub release: Release,
    fingerprint: String,
}

impl Record {
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
    let newest = records
        .iter()
        .rev()
        .find(|record| matches!(record.status, Status::Deployed | Status::Canary));
    newest.filter(|record| record.status == Status::Canary)
}

/// Writes a release down, under the next number, or again under the one it has.
pub(super) async fn write(
    client: &Client,
    number: u32,
    status: Status,
    note: &str,
    release: &Release,
) -> Result<(), Diagnostic> {
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
    let map = json!({
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
                NOTE: note,
                TIME: Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
                FINGERPRINT: release.fingerprint(),
                "cloudc.dev/image": release.image,
            },
        },
        "binaryData": {DATA: ByteString(packed)},
    });
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
            time: note(TIME),
            note: note(NOTE),
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
