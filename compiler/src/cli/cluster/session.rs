//! One conversation with a cluster, from the connection to the exit code.

use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kube::Client;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{SigId, flag, low_level};

use super::arguments::Waiting;
use crate::cli::arguments::{MessageFormat, ProjectArguments};
use crate::cli::image::toolchain::{self, Toolchain};
use crate::cli::open::{self, Opened};
use crate::cli::signals::{Held, hold};
use crate::cli::{DONE, REFUSED, output, push};
use crate::cluster::{self, Event, Options, Problems, Record, Stop};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::image::Platform;
use crate::span::Sources;

use super::shown::Shown;

/// How often it is looked for a Ctrl-C.
const LOOK: Duration = Duration::from_millis(50);
/// How long it may take to give a Lease back after one.
const PARTING: Duration = Duration::from_secs(3);

/// Connects and talks, on this thread. What went wrong is reported, and the exit code given back.
///
/// A Ctrl-C or a SIGTERM drops the work where it stands: every step can be repeated, and what others have to know is in the
/// cluster. A Lease is given back first. The second one ends it at once.
pub(super) fn talk<T, F>(
    context: Option<&str>,
    format: MessageFormat,
    work: impl FnOnce(Client, Shown) -> F,
) -> Result<T, u8>
where
    F: Future<Output = Result<T, Problems>>,
{
    let one = |problem| vec![problem];
    let failed = |error: std::io::Error| {
        one(Diagnostic::error(
            codes::CLUSTER_UNREACHABLE,
            format!("cannot open connections: {error}"),
        ))
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let done = runtime.map_err(failed).and_then(|runtime| {
        let stop: Arc<AtomicBool> = Arc::default();
        let _signals = Signals::listen(&stop).map_err(failed)?;
        let stopped = async {
            while !stop.load(Ordering::Relaxed) {
                tokio::time::sleep(LOOK).await;
            }
        };
        runtime.block_on(async {
            let wish = Stop::default();
            let shown = Shown::new(format, wish.clone());
            let talking = async {
                let client = cluster::connect::connect(context).await.map_err(one)?;
                work(client, shown.clone()).await
            };
            tokio::pin!(talking);
            tokio::select! {
                done = &mut talking => return done,
                () = stopped => wish.now(),
            }
            if wish.is_heard()
                && let Ok(done) = tokio::time::timeout(PARTING, talking).await
            {
                return done;
            }
            Err(one(cluster::stopped()))
        })
    });
    done.map_err(|problems| report(&problems, format))
}

/// The earlier releases. None for a user who may not see them: the checks of a deploy say so, beside all else that is denied.
pub(super) async fn records(
    client: &Client,
    app: &str,
    namespace: &str,
) -> Result<Vec<Record>, Problems> {
    match cluster::records(client, app, namespace).await {
        Err(problem) if problem.code == codes::CLUSTER_DENIED => Ok(Vec::new()),
        records => records.map_err(|problem| vec![problem]),
    }
}

/// Handlers of signals, which are gone with it: nobody looks at the flag while cargo builds or a question is open.
struct Signals {
    ours: Vec<SigId>,
    _held: Held,
}

impl Signals {
    fn listen(stop: &Arc<AtomicBool>) -> std::io::Result<Self> {
        const BOTH: [i32; 2] = [SIGINT, SIGTERM];
        let mut signals = Self {
            _held: hold(&BOTH)?,
            ours: Vec::new(),
        };
        for signal in BOTH {
            // Before the one that sets the flag, so that the first signal does not find it set.
            let ends = flag::register_conditional_default(signal, Arc::clone(stop))?;
            signals.ours.push(ends);
            signals.ours.push(flag::register(signal, Arc::clone(stop))?);
        }
        Ok(signals)
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for id in self.ours.drain(..) {
            low_level::unregister(id);
        }
    }
}

/// A project for the target of its image and with somewhere to push to, and the toolchain that makes the image. With `is_built` it
/// was made elsewhere, and no toolchain is needed.
pub(super) fn deployable(
    project: &ProjectArguments,
    platform: Option<Platform>,
    is_built: bool,
) -> Result<(Option<Toolchain>, Opened), Diagnostic> {
    let toolchain = match toolchain::choose(platform.unwrap_or_default(), &project.folder) {
        Err(_) if is_built => None,
        chosen => Some(chosen?),
    };
    let triple = toolchain.as_ref().map(|toolchain| toolchain.triple);
    let mut opened = open::open_for(project, triple)?;
    push::look(&mut opened);
    Ok((toolchain.filter(|_| !is_built), opened))
}

/// A project that may be deployed. What there is to say of it has been reported, also when this returns an exit code.
pub(super) fn accept(
    opened: Result<Opened, Diagnostic>,
    format: MessageFormat,
) -> Result<Opened, u8> {
    let opened = opened.map_err(|found| report(&[found], format))?;
    let analysis = &opened.analysis;
    match output::report_beside(&analysis.diagnostics, &analysis.sources, format) {
        REFUSED => Err(REFUSED),
        _ => Ok(opened),
    }
}

/// Reports beside what a command prints.
pub(super) fn report(problems: &[Diagnostic], format: MessageFormat) -> u8 {
    match output::report_beside(problems, &Sources::default(), format) {
        // Nothing of what was asked for was done, even if all that there is to say is a warning.
        DONE => REFUSED,
        code => code,
    }
}

impl From<&Waiting> for Options {
    fn from(waiting: &Waiting) -> Self {
        Self {
            wait: !waiting.no_wait,
            timeout: waiting.timeout,
            force_conflicts: waiting.force_conflicts,
            holder: holder(),
            ..Self::default()
        }
    }
}

/// Who deploys, for those who wait: `user@host`.
pub(super) fn holder() -> String {
    let name = |variables: &[&str], file: Option<&str>| {
        let mut set = variables.iter().filter_map(|name| env::var(name).ok());
        let name = set.find(|name| !name.is_empty());
        let name = name.or_else(|| std::fs::read_to_string(file?).ok());
        let name: String = name
            .unwrap_or_default()
            .trim()
            .chars()
            .filter(|c| c.is_ascii_graphic())
            .collect();
        if name.is_empty() {
            "unknown".to_owned()
        } else {
            name
        }
    };
    format!(
        "{}@{}",
        name(&["USER", "LOGNAME", "GITHUB_ACTOR"], None),
        name(&["HOSTNAME"], Some("/etc/hostname"))
    )
}

/// What is told while nobody listens.
pub(super) fn silent(_: Event) {}
