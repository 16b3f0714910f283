//! `cloudc build`

use std::path::{Path, PathBuf};

use super::arguments::{Build, MessageFormat, ProjectArguments};
use super::image::toolchain::{self, Toolchain};
use super::open::{self, Opened};
use super::{REFUSED, image, output, push, shim};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::emit::{self, Tree};
use crate::graph::{Graph, WorkloadKind};
use crate::image::Image;
use crate::lower::{self, Manifest};
use crate::registry::Pushed;
use crate::render;
use crate::span::Sources;

pub(super) fn run(arguments: &Build) -> u8 {
    let format = arguments.project.message_format;
    let (toolchain, mut opened) = match open(arguments) {
        Ok(opened) => opened,
        Err(found) => return output::report(&[found], &Sources::default(), format),
    };
    let out = out(&arguments.project, arguments.out.as_deref(), &opened);
    let built = if opened.is_refused() {
        Err(Vec::new())
    } else {
        write(arguments, &opened, toolchain.as_ref(), &out)
    };
    let built = built.map_err(|found| opened.analysis.diagnostics.extend(found));
    let analysis = &opened.analysis;
    let code = output::report(&analysis.diagnostics, &analysis.sources, format);
    let Ok(built) = built else { return code };
    if code != REFUSED && format == MessageFormat::Text {
        output::note(&summary(&analysis.graph, built.tree.len(), &out));
        if let Some(image) = &built.image {
            output::note(&about(image, &analysis.graph.app));
        }
    }
    let Some(image) = built.image.as_ref().filter(|_| code != REFUSED) else {
        return code;
    };
    let pushed = match arguments.push.then(|| sent(image, &opened)) {
        None => None,
        Some(Ok(pushed)) => Some(pushed),
        Some(Err(found)) => return output::report(&[found], &Sources::default(), format),
    };
    match (format, &pushed) {
        (MessageFormat::Json, _) => {
            let object = serde_json::json!({
                "version": 1,
                "app": opened.analysis.graph.app,
                "digest": image.digest(),
                "pushed": pushed.map(|pushed| pushed.reference),
            });
            output::print(&format!("{object}\n"));
        }
        (MessageFormat::Text, Some(pushed)) => output::note(&push::summary(pushed)),
        (MessageFormat::Text, None) => {}
    }
    code
}

fn open(arguments: &Build) -> Result<(Option<Toolchain>, Opened), Diagnostic> {
    let project = &arguments.project;
    let toolchain = if arguments.image {
        let platform = arguments.platform.unwrap_or_default();
        Some(toolchain::choose(platform, &project.folder)?)
    } else {
        None
    };
    let target = toolchain.as_ref().map(|toolchain| toolchain.triple);
    let mut opened = open::open_for(project, target)?;
    if arguments.push {
        push::look(&mut opened);
    }
    Ok((toolchain, opened))
}

/// The folder that a build replaces.
pub(super) fn out(arguments: &ProjectArguments, given: Option<&Path>, opened: &Opened) -> PathBuf {
    let environment = arguments.env.as_deref().unwrap_or("default");
    match given {
        Some(out) => out.to_owned(),
        None => open::folder(&opened.project).join(environment),
    }
}

/// All that a build makes, before it is written.
pub(super) struct Built {
    /// The objects, with the image's digest in them where there is an image.
    #[expect(dead_code, reason = "for those who apply what was built")]
    pub(super) manifests: Vec<Manifest>,
    /// The text of `graph.json`.
    #[expect(dead_code, reason = "for those who compare what was built")]
    pub(super) graph: String,
    /// The image, if one was asked for.
    pub(super) image: Option<Image>,
    /// Every file.
    pub(super) tree: Tree,
}

/// Makes everything, and with a toolchain the program and its image. Writes nothing to `out`.
///
/// # Errors
///
/// What cannot be lowered, built or expressed.
pub(super) fn make(
    opened: &Opened,
    arguments: &ProjectArguments,
    toolchain: Option<&Toolchain>,
    out: &Path,
) -> Result<Built, Vec<Diagnostic>> {
    let (graph, sources) = (&opened.analysis.graph, &opened.analysis.sources);
    // Before cargo takes its minutes: what cannot be lowered needs no program.
    let mut manifests = lower::lower(graph, &opened.settings)?;
    let json = render::json(graph, sources);
    let mut image = None;
    if let Some(toolchain) = toolchain {
        let made = image::make(opened, arguments, &json, toolchain).map_err(|found| vec![found])?;
        let mut settings = opened.settings.clone();
        settings.image_digest = Some(made.digest().to_owned());
        manifests = lower::lower(graph, &settings)?;
        image = Some(made);
    }
    let tree = tree(opened, arguments, &manifests, &json, image.as_ref(), out)?;
    Ok(Built {
        manifests,
        graph: json,
        image,
        tree,
    })
}

fn tree(
    opened: &Opened,
    arguments: &ProjectArguments,
    manifests: &[Manifest],
    graph: &str,
    image: Option<&Image>,
    out: &Path,
) -> Result<Tree, Vec<Diagnostic>> {
    let internal = |error: String| {
        vec![Diagnostic::error(
            codes::WRITE_FAILED,
            format!("cannot express the output: {error}"),
        )]
    };
    let mut tree: Tree =
        emit::yaml::manifests(manifests).map_err(|error| internal(error.to_string()))?;
    let input =
        shim::input(opened, arguments, graph, &shim::from(out)).map_err(|found| vec![found])?;
    tree.extend(emit::shim::shim(&input).map_err(|error| internal(error.to_string()))?);
    tree.insert("graph.json".to_owned(), graph.as_bytes().to_vec());
    if let Some(image) = image {
        let files = image
            .layout()
            .map_err(|error| internal(error.to_string()))?;
        let below = |(path, bytes)| (format!("image/{path}"), bytes);
        tree.extend(files.into_iter().map(below));
        tree.insert(
            "sbom.cdx.json".to_owned(),
            image.sbom.content.bytes.to_vec(),
        );
    }
    Ok(tree)
}

fn write(
    arguments: &Build,
    opened: &Opened,
    toolchain: Option<&Toolchain>,
    out: &Path,
) -> Result<Built, Vec<Diagnostic>> {
    emit::check(out, arguments.force).map_err(|found| vec![found])?;
    let built = make(opened, &arguments.project, toolchain, out)?;
    emit::write(&built.tree, out, arguments.force).map_err(|found| vec![found])?;
    Ok(built)
}

fn sent(image: &Image, opened: &Opened) -> Result<Pushed, Diagnostic> {
    push::push(image, &push::destination(opened)?)
}

/// `image shop@sha256:…: 8.1 MB`
fn about(image: &Image, app: &str) -> String {
    let bytes: usize = image.blobs().map(|blob| blob.bytes.len()).sum();
    let (whole, tenth) = (bytes / 1_000_000, bytes / 100_000 % 10);
    let (digest, platform) = (image.digest(), image.platform);
    format!("image {app}@{digest}: {whole}.{tenth} MB for {platform}")
}

fn summary(graph: &Graph, files: usize, out: &Path) -> String {
    let of = |kind: WorkloadKind| {
        let workloads = graph.workloads.iter();
        workloads.filter(|workload| workload.kind == kind).count()
    };
    // Relative to where the user stands, if it is below.
    let here = std::env::current_dir().unwrap_or_default();
    let shown = out.strip_prefix(&here).unwrap_or(out);
    format!(
        "{}: {}, {}, {}, {}, {}\nwrote {} to {}",
        graph.app,
        output::count(of(WorkloadKind::Service), "service", "services"),
        output::count(of(WorkloadKind::Consumer), "consumer", "consumers"),
        output::count(of(WorkloadKind::Schedule), "schedule", "schedules"),
        output::count(graph.queues.len(), "queue", "queues"),
        output::count(graph.caches.len(), "cache", "caches"),
        output::count(files, "file", "files"),
        shown.display(),
    )
}
