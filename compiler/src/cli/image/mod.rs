//! From an analysed project to an image: cargo builds the program, [`crate::image`] lays the image around it.

mod cargo;
mod flags;
mod stage;
pub(super) mod toolchain;

use super::arguments::ProjectArguments;
use super::open::Opened;
use super::output;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::image::{self, Facts, Image};
use crate::project::About;
use toolchain::Toolchain;

/// Builds the program in release, as a static one, and the image around it. Cargo's own output goes to the standard
/// error. If somebody stops cargo, cloudc ends with it.
///
/// # Errors
///
/// What keeps the stage from being written, or cargo from its end; a program that would not start in an image.
pub(super) fn make(
    opened: &Opened,
    arguments: &ProjectArguments,
    graph: &str,
    toolchain: &Toolchain,
) -> Result<Image, Diagnostic> {
    let name = &opened.analysis.graph.app;
    cargo::lock(&opened.project, toolchain)?;
    let stage = stage::lay(opened, arguments, graph)?;
    let program = cargo::build(&stage, &opened.project, name, toolchain)?;
    let unlocked = cargo::unlocked(&stage, &opened.project);
    if unlocked > 0 {
        output::note(&format!(
            "Cargo.lock lacks {} of the program, and another day may choose other versions: write `shim = [\"cloudc/shim\"]` \
             below [features] in Cargo.toml",
            output::count(unlocked, "package", "packages")
        ));
    }
    let facts = Facts {
        name: name.clone(),
        platform: toolchain.platform,
        labels: labels(name, &opened.project.about),
        components: cargo::components(&stage, &opened.project.folder, toolchain)?,
    };
    image::elf::check(&program, toolchain.platform).map_err(|why| {
        let message = format!("the program cannot run in an image: {why}");
        Diagnostic::error(codes::PROGRAM_FAILED, message).help(
            "an image has no loader and no libraries: leave `-crt-static` out of rustflags, and link C libraries statically",
        )
    })?;
    image::build(&program, &facts)
        .map_err(|error| Diagnostic::error(codes::WRITE_FAILED, error.to_string()))
}

/// What the package says about itself, in the words of the OCI image specification.
fn labels(name: &str, about: &About) -> Vec<(&'static str, String)> {
    let authors = about.authors.join(", ");
    let known = [
        ("org.opencontainers.image.title", Some(name.to_owned())),
        ("org.opencontainers.image.version", about.version.clone()),
        (
            "org.opencontainers.image.description",
            about.description.clone(),
        ),
        ("org.opencontainers.image.licenses", about.license.clone()),
        ("org.opencontainers.image.source", about.repository.clone()),
        ("org.opencontainers.image.url", about.homepage.clone()),
        (
            "org.opencontainers.image.documentation",
            about.documentation.clone(),
        ),
        ("org.opencontainers.image.authors", Some(authors)),
    ];
    known
        .into_iter()
        .filter_map(|(key, value)| Some((key, value.filter(|value| !value.is_empty())?)))
        .collect()
}
