//! The folder that holds an image: the OCI image layout, which skopeo, crane and podman read.

use std::collections::BTreeMap;

use oci_spec::image::{Arch, ImageIndexBuilder, MediaType, OciLayoutBuilder, Os, PlatformBuilder};

use super::{Blob, Image, ImageError, describe};

impl Image {
    /// The files of an OCI image layout, by their paths.
    ///
    /// # Errors
    ///
    /// [`ImageError`].
    pub fn layout(&self) -> Result<BTreeMap<String, Vec<u8>>, ImageError> {
        let mut platform = PlatformBuilder::default()
            .os(Os::Linux)
            .architecture(Arch::from(self.platform.architecture));
        if let Some(variant) = self.platform.variant {
            platform = platform.variant(variant);
        }
        let mut manifest = describe::descriptor(&self.manifest)?;
        manifest.set_platform(Some(platform.build()?));
        let index = ImageIndexBuilder::default()
            .schema_version(oci_spec::image::SCHEMA_VERSION)
            .media_type(MediaType::ImageIndex)
            .manifests(vec![manifest])
            .build()?;
        let version = OciLayoutBuilder::default()
            .image_layout_version("1.0.0")
            .build()?;
        let mut files = BTreeMap::from([
            ("index.json".to_owned(), describe::json(&index)?),
            ("oci-layout".to_owned(), describe::json(&version)?),
        ]);
        let blobs = self.blobs().chain([&self.manifest]);
        files.extend(blobs.map(|blob| (file(blob), blob.bytes.to_vec())));
        Ok(files)
    }
}

fn file(blob: &Blob) -> String {
    format!("blobs/{}", blob.digest.replace(':', "/"))
}
