//! A static program becomes an OCI image: two layers, a configuration, a manifest, and the folder that holds them.
//!
//! No base image and no daemon: the lower layer has what programs expect of a system ([`base`]), the upper one the program.
//! The same program and facts give the same digest: times are zero, the order is fixed, and what is compressed on
//! several cores is cut at fixed places.
//!
//! The formats are those of the OCI image specification 1.1.

mod base;
mod describe;
pub mod elf;
mod gzip;
mod layer;
mod layout;
mod platform;
mod sbom;

use std::sync::Arc;

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

pub use platform::{PLATFORMS, Platform};
pub use sbom::{Artifact, CYCLONEDX, Component};

/// Who the program runs as: no user of any node, and the one that distroless images have too.
pub const USER: u32 = 65532;

/// What an image is made from.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The application's name, which is the program's.
    pub name: String,
    /// The platform that the program was compiled for.
    pub platform: Platform,
    /// Labels of the configuration, and annotations of the manifest: `org.opencontainers.image.title` and so on.
    pub labels: Vec<(&'static str, String)>,
    /// The packages that are linked into the program.
    pub components: Vec<Component>,
}

/// An image, whole and in memory.
#[derive(Clone, Debug)]
pub struct Image {
    /// What it runs on.
    pub platform: Platform,
    /// The manifest: its digest is the image's.
    pub manifest: Blob,
    /// The configuration.
    pub config: Blob,
    /// The layers, the lowest first.
    pub layers: Vec<Blob>,
    /// What the program is made of, for a registry to attach. No part of the image: its digest is the same without.
    pub sbom: Artifact,
}

/// Bytes with a name of their own: the digest.
#[derive(Clone, Debug)]
pub struct Blob {
    /// What they are.
    pub media_type: String,
    /// `sha256:` and 64 digits.
    pub digest: String,
    /// The bytes.
    pub bytes: Arc<[u8]>,
}

/// What keeps an image from being made: nothing that a user writes leads there.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The archive or its compression.
    #[error("cannot pack a layer: {0}")]
    Layer(#[from] std::io::Error),
    /// A value that the specification's types refuse.
    #[error("cannot describe the image: {0}")]
    Description(#[from] oci_spec::OciSpecError),
    /// JSON.
    #[error("cannot write JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Makes the image of a static program. Uses all cores.
///
/// # Errors
///
/// [`ImageError`].
pub fn build(program: &[u8], facts: &Facts) -> Result<Image, ImageError> {
    let (base, program) = rayon::join(
        || layer::pack(&base::files()),
        || layer::pack(&program_files(program, &facts.name)),
    );
    describe::image(facts, &[base?, program?])
}

/// Where the program is: in a folder of its own, as an application may be called `tmp`.
fn path(name: &str) -> String {
    format!("app/{name}")
}

fn program_files<'a>(program: &'a [u8], name: &str) -> Vec<layer::File<'a>> {
    vec![
        layer::File::folder("app", 0o755),
        layer::File::new(path(name), 0o555, program),
    ]
}

impl Blob {
    fn new(media_type: &impl ToString, bytes: Vec<u8>) -> Self {
        Self {
            media_type: media_type.to_string(),
            digest: digest(&bytes),
            bytes: bytes.into(),
        }
    }
}

impl Image {
    /// The digest by which manifests name it.
    pub fn digest(&self) -> &str {
        &self.manifest.digest
    }

    /// A tag that never moves: the first twelve digits of the digest. Some registries throw away what has none.
    pub fn tag(&self) -> &str {
        let digits = self.digest().trim_start_matches("sha256:");
        digits.get(..12).unwrap_or(digits)
    }

    /// Everything but the manifest, in the order in which a registry wants it.
    pub fn blobs(&self) -> impl Iterator<Item = &Blob> {
        self.layers.iter().chain([&self.config])
    }
}

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", HEXLOWER.encode(&Sha256::digest(bytes)))
}

#[cfg(test)]
mod tests;
