//! The `kustomization.yaml` on top of the tree.

use serde::Serialize;

use crate::config::UNBUILT_TAG;

use super::context::Context;
use super::object::Manifest;
use super::secrets;

/// `kustomize.config.k8s.io/v1beta1` `Kustomization`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Kustomization {
    api_version: &'static str,
    kind: &'static str,
    /// The namespace of everything.
    pub namespace: String,
    /// The tree's files.
    pub resources: Vec<String>,
    /// The application's image: an overlay puts another registry, tag or digest in its place.
    pub images: Vec<Image>,
}

/// An image and what it becomes.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Image {
    /// The name that the manifests use.
    pub name: String,
    /// The tag, where there is no digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_tag: Option<String>,
    /// The digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// The file that lists all others.
pub(super) fn manifest(cx: Context<'_>, others: &[Manifest]) -> Manifest {
    let digest = cx.settings.image_digest.clone();
    let kustomization = Kustomization {
        api_version: "kustomize.config.k8s.io/v1beta1",
        kind: "Kustomization",
        namespace: cx.namespace().to_owned(),
        resources: others
            .iter()
            .map(|manifest| manifest.file.clone())
            .collect(),
        images: vec![Image {
            name: cx.settings.image_name(cx.app()),
            new_tag: digest.is_none().then(|| UNBUILT_TAG.to_owned()),
            digest,
        }],
    };
    let mut comment = format!(
        "The application `{}` for the target `{}`.\n\n\
         An overlay names this folder under `resources:` and may change anything but names and the namespace:\n\
         addresses contain both. The namespace is set in cloudc.toml.",
        cx.app(),
        cx.settings.target,
    );
    let needed = [secrets::list(cx), secrets::operator(cx)];
    for part in needed.into_iter().flatten() {
        comment.push_str("\n\n");
        comment.push_str(&part);
    }
    Manifest {
        file: "kustomization.yaml".to_owned(),
        comment,
        objects: vec![kustomization.into()],
    }
}
