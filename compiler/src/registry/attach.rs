//! Attaches a document to an image, so that who has the image finds it.

use oci_client::Reference;
use oci_client::manifest::{ImageIndexEntry, OciManifest};

use super::retry;
use super::{Failure, Push};
use crate::image::{Artifact, Blob, CYCLONEDX};

impl Push {
    /// Sends the document, and its manifest under its digest. A registry by version 1.1 of the specification finds it
    /// by its subject; for older ones a tag with the image's digest lists it.
    pub(super) async fn attach(&self, document: &Artifact, image: &Blob) -> Result<(), Failure> {
        for blob in [&document.config, &document.content] {
            if !self.has(blob).await? {
                self.send(blob).await?;
            }
        }
        self.put(&self.by_digest(&document.manifest), &document.manifest)
            .await?;
        let subject = self.by_digest(image);
        let ask = || async {
            match self.client.pull_referrers(&subject, None).await {
                // What is no answer here is no list either.
                Err(error) if retry::status(&error).is_some_and(|code| code < 429) => Ok(None),
                answer => answer.map(Some),
            }
        };
        let listed = self.ask("ask what is attached", 0, ask).await?;
        let Some(mut list) = listed else {
            return Ok(());
        };
        let digest = &document.manifest.digest;
        if list.manifests.iter().any(|entry| entry.digest == *digest) {
            return Ok(());
        }
        list.manifests.push(ImageIndexEntry {
            media_type: document.manifest.media_type.clone(),
            digest: digest.clone(),
            size: i64::try_from(document.manifest.bytes.len()).unwrap_or(i64::MAX),
            platform: None,
            artifact_type: Some(CYCLONEDX.to_owned()),
            annotations: None,
        });
        let (registry, repository) = (self.reference.registry(), self.reference.repository());
        let tag = image.digest.replace(':', "-");
        let place = Reference::with_tag(registry.to_owned(), repository.to_owned(), tag);
        let list = OciManifest::ImageIndex(list);
        let put = || self.client.push_manifest(&place, &list);
        self.ask("list what is attached", 0, put).await?;
        Ok(())
    }

    fn by_digest(&self, manifest: &Blob) -> Reference {
        self.reference.clone_with_digest(manifest.digest.clone())
    }
}
