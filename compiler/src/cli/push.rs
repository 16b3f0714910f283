//! Pushes an image, and shows how far it has come.

use std::io::{self, IsTerminal as _};
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::open::Opened;
use super::output;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::image::Image;
use crate::registry::{self, Destination, Progress, Pushed};

/// Where the image of an application goes.
///
/// # Errors
///
/// `cloudc.toml` names no registry.
pub(super) fn destination(opened: &Opened) -> Result<Destination, Diagnostic> {
    let settings = &opened.settings;
    if settings.registry.is_none() {
        let message = "there is no registry to push the image to";
        return Err(Diagnostic::error(codes::CONFIG_VALUE, message)
            .help("name one in cloudc.toml: registry = \"registry.example.com/team\""));
    }
    Ok(Destination {
        name: settings.image_name(&opened.analysis.graph.app),
        plain_http: settings.registry_plain_http,
    })
}

/// Adds that there is no registry to what there is to say of the application, unless that says already what is wrong with
/// `cloudc.toml`. To be known before cargo takes its minutes.
pub(super) fn look(opened: &mut Opened) {
    let found = &mut opened.analysis.diagnostics;
    if found.iter().any(|known| known.code == codes::CONFIG_VALUE) {
        return;
    }
    if let Err(missing) = destination(opened) {
        opened.analysis.diagnostics.push(missing);
    }
}

/// Pushes, with bars on a terminal.
///
/// # Errors
///
/// What the registry or the network has against it.
pub(super) fn push(image: &Image, to: &Destination) -> Result<Pushed, Diagnostic> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            let message = format!("cannot open connections: {error}");
            Diagnostic::error(codes::REGISTRY_UNREACHABLE, message)
        })?;
    let pushing = registry::push(image, to, progress());
    runtime.block_on(pushing).map_err(Diagnostic::from)
}

/// Bars on a terminal, nothing elsewhere.
pub(super) fn progress() -> Arc<dyn Progress> {
    Arc::new(Bar::new())
}

/// `pushed registry.example.com/team/shop:0123456789ab: 1 blob sent, 2 there already`
pub(super) fn summary(pushed: &Pushed) -> String {
    let mut text = format!(
        "pushed {}: {} sent, {} there already",
        pushed.reference,
        output::count(pushed.sent, "blob", "blobs"),
        pushed.there
    );
    if let Some(why) = &pushed.unattached {
        text.push_str(&format!("\nits sbom.cdx.json is not attached: {why}"));
    }
    text
}

/// A bar for the blob that is under way; nothing where no terminal is.
struct Bar(ProgressBar);

impl Bar {
    fn new() -> Self {
        let template = "sending {msg} [{bar:30}] {bytes} of {total_bytes}, {bytes_per_sec}";
        let bar = match ProgressStyle::with_template(template) {
            _ if !io::stderr().is_terminal() => ProgressBar::hidden(),
            Ok(style) => ProgressBar::no_length().with_style(style.progress_chars("=> ")),
            Err(_) => ProgressBar::no_length(),
        };
        Self(bar)
    }
}

impl Progress for Bar {
    fn begins(&self, digest: &str, bytes: u64) {
        self.0.reset();
        self.0.set_length(bytes);
        self.0
            .set_message(digest.chars().take(19).collect::<String>());
    }

    fn sent(&self, bytes: u64) {
        self.0.inc(bytes);
    }

    fn ends(&self) {
        self.0.finish_and_clear();
    }

    fn again(&self, what: &str, why: &str, wait: Duration) {
        let seconds = wait.as_secs_f32();
        self.0.suspend(|| {
            output::note(&format!("could not {what}: {why}; again in {seconds:.1} s"));
        });
    }
}
