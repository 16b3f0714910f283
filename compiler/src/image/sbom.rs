//! What a program is made of: a CycloneDX document, and the artifact by which it is attached to an image.

use std::collections::BTreeMap;

use oci_spec::image::{ImageManifestBuilder, MediaType, SCHEMA_VERSION};
use serde::Serialize;

use super::{Blob, Facts, ImageError, describe};

/// The document's media type, and the artifact's.
pub const CYCLONEDX: &str = "application/vnd.cyclonedx+json";

/// A package that is linked into the program.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Component {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its licence, an SPDX expression.
    pub license: Option<String>,
    /// Whether it is of crates.io, so that others find it by its name.
    pub published: bool,
}

/// A document that is attached to an image: a manifest whose subject is the image's.
#[derive(Clone, Debug)]
pub struct Artifact {
    /// Its manifest.
    pub manifest: Blob,
    /// What the specification wants in place of a configuration.
    pub config: Blob,
    /// The document.
    pub content: Blob,
}

pub(super) fn attach(facts: &Facts, image: &Blob) -> Result<Artifact, ImageError> {
    let config = Blob::new(&MediaType::EmptyJSON, b"{}".to_vec());
    let kind = MediaType::from(CYCLONEDX);
    let content = Blob::new(&kind, document(facts)?);
    let manifest = ImageManifestBuilder::default()
        .schema_version(SCHEMA_VERSION)
        .media_type(MediaType::ImageManifest)
        .artifact_type(kind)
        .config(describe::descriptor(&config)?)
        .layers(vec![describe::descriptor(&content)?])
        .subject(describe::descriptor(image)?)
        .build()?;
    Ok(Artifact {
        manifest: Blob::new(&MediaType::ImageManifest, describe::json(&manifest)?),
        config,
        content,
    })
}

/// Version 1.5, without a time and a serial number: the same program has the same document.
fn document(facts: &Facts) -> Result<Vec<u8>, ImageError> {
    let labels: BTreeMap<_, _> = facts.labels.iter().cloned().collect();
    let version = labels.get("org.opencontainers.image.version");
    let mut components: Vec<&Component> = facts.components.iter().collect();
    components.sort_unstable();
    components.dedup();
    describe::json(&Document {
        bom_format: "CycloneDX",
        spec_version: "1.5",
        version: 1,
        metadata: Metadata {
            component: Described {
                kind: "application",
                name: &facts.name,
                version: version.map_or("", String::as_str),
                purl: None,
                licenses: Vec::new(),
            },
        },
        components: components.into_iter().map(described).collect(),
    })
}

fn described(component: &Component) -> Described<'_> {
    let Component { name, version, .. } = component;
    // The one character of a version that means something else in an address.
    let purl = || format!("pkg:cargo/{name}@{}", version.replace('+', "%2B"));
    let license = component.license.as_ref();
    Described {
        kind: "library",
        name,
        version,
        purl: component.published.then(purl),
        // Cargo's older way of writing `OR`.
        licenses: license
            .map(|license| License {
                expression: license.replace('/', " OR "),
            })
            .into_iter()
            .collect(),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    bom_format: &'static str,
    spec_version: &'static str,
    version: u32,
    metadata: Metadata<'a>,
    components: Vec<Described<'a>>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    component: Described<'a>,
}

#[derive(Serialize)]
struct Described<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'a str,
    version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    licenses: Vec<License>,
}

#[derive(Serialize)]
struct License {
    expression: String,
}
