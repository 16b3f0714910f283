//! The JSON of an image: configuration and manifest.

use std::collections::{BTreeMap, HashMap};

use oci_spec::image::{
    Arch, ConfigBuilder, Descriptor, Digest, History, HistoryBuilder, ImageConfigurationBuilder,
    ImageManifestBuilder, MediaType, Os, RootFsBuilder, SCHEMA_VERSION,
};
use serde::Serialize;
use serde_json::Value;

use super::layer::Layer;
use super::{Blob, Facts, Image, ImageError, USER, base, path, sbom};

/// The time of everything, so that the same program is the same image.
const EPOCH: &str = "1970-01-01T00:00:00Z";

pub(super) fn image(facts: &Facts, layers: &[Layer]) -> Result<Image, ImageError> {
    let config = Blob::new(&MediaType::ImageConfig, configuration(facts, layers)?);
    let mut described = Vec::new();
    for layer in layers {
        described.push(descriptor(&layer.blob)?);
    }
    let manifest = ImageManifestBuilder::default()
        .schema_version(SCHEMA_VERSION)
        .media_type(MediaType::ImageManifest)
        .config(descriptor(&config)?)
        .layers(described)
        .annotations(labels(facts))
        .build()?;
    let manifest = Blob::new(&MediaType::ImageManifest, json(&manifest)?);
    Ok(Image {
        platform: facts.platform,
        sbom: sbom::attach(facts, &manifest)?,
        manifest,
        config,
        layers: layers.iter().map(|layer| layer.blob.clone()).collect(),
    })
}

fn configuration(facts: &Facts, layers: &[Layer]) -> Result<Vec<u8>, ImageError> {
    let config = ConfigBuilder::default()
        .user(format!("{USER}:{USER}"))
        .entrypoint(vec![format!("/{}", path(&facts.name))])
        .working_dir("/")
        .env(vec![format!("SSL_CERT_FILE=/{}", base::CERTIFICATES)])
        .labels(labels(facts))
        .build()?;
    let diff_ids: Vec<String> = layers.iter().map(|layer| layer.diff_id.clone()).collect();
    let mut configuration = ImageConfigurationBuilder::default()
        .created(EPOCH)
        .architecture(Arch::from(facts.platform.architecture))
        .os(Os::Linux)
        .config(config)
        .rootfs(
            RootFsBuilder::default()
                .typ("layers")
                .diff_ids(diff_ids)
                .build()?,
        )
        .history(vec![
            history("certificates, time zones and users")?,
            history("the program")?,
        ]);
    if let Some(variant) = facts.platform.variant {
        configuration = configuration.variant(variant);
    }
    json(&configuration.build()?)
}

fn history(what: &str) -> Result<History, ImageError> {
    Ok(HistoryBuilder::default()
        .created(EPOCH)
        .created_by(format!("cloudc: {what}"))
        .build()?)
}

fn labels(facts: &Facts) -> HashMap<String, String> {
    let labels = facts.labels.iter();
    labels
        .map(|(key, value)| ((*key).to_owned(), value.clone()))
        .collect()
}

pub(super) fn descriptor(blob: &Blob) -> Result<Descriptor, ImageError> {
    Ok(Descriptor::new(
        MediaType::from(blob.media_type.as_str()),
        u64::try_from(blob.bytes.len()).unwrap_or(u64::MAX),
        Digest::try_from(blob.digest.as_str())?,
    ))
}

/// JSON in one form only: the types keep labels in hash maps.
pub(super) fn json(value: &impl Serialize) -> Result<Vec<u8>, ImageError> {
    Ok(serde_json::to_vec(&sorted(serde_json::to_value(value)?))?)
}

/// The keys of every object in order, however serde_json was compiled to keep them.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields: BTreeMap<String, Value> = fields.into_iter().collect();
            let fields = fields.into_iter();
            fields.map(|(key, value)| (key, sorted(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}
