//! What the user can write.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::cluster::{Credentials, Deploy, Destroy, Diff, Promote, Rollback};
use super::queue::Queue;
use crate::image::Platform;

/// Write locally, compile to the cloud.
///
/// cloudc reads Rust handlers marked with #[function], #[queue] and #[cache], builds the exact graph
/// of who uses what, and writes plain Kubernetes manifests with least privilege.
#[derive(Debug, Parser)]
#[command(name = "cloudc", version, propagate_version = true)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    New(New),
    Check(Check),
    Graph(Graph),
    Why(Why),
    Explain(Explain),
    Test(Test),
    Build(Build),
    Deploy(Deploy),
    Diff(Diff),
    Promote(Promote),
    Rollback(Rollback),
    Destroy(Destroy),
    Credentials(Credentials),
    Queue(Queue),
    Completions(Completions),
    Man(Man),
}

/// Make a new application.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  cloudc new shop --template worker\n  cd shop && cargo test && cloudc build"
)]
pub(super) struct New {
    /// The folder to make; its last part is the application's name.
    pub(super) folder: PathBuf,
    /// What to start from.
    #[arg(long, value_enum, default_value = "hello")]
    pub(super) template: TemplateName,
    /// Take the runtime from this folder instead of the registry: the `runtime` folder of cloudc's source.
    #[arg(long, value_name = "DIR")]
    pub(super) runtime: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum TemplateName {
    /// One function that answers a request.
    Hello,
    /// A request that leaves a job in a queue, the function that does it, and a schedule.
    Worker,
}

/// Say everything that is wrong, and write nothing.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cloudc check examples/shop -D warnings")]
pub(super) struct Check {
    #[command(flatten)]
    pub(super) project: ProjectArguments,
}

/// Show the graph of functions, queues and caches.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cloudc graph examples/shop --format svg --output shop.svg")]
pub(super) struct Graph {
    #[command(flatten)]
    pub(super) project: ProjectArguments,
    /// The form.
    #[arg(long, value_enum, default_value = "tree")]
    pub(super) format: GraphFormat,
    /// Write to this file instead of the standard output.
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum GraphFormat {
    /// For a terminal.
    Tree,
    /// For programs; versioned.
    Json,
    /// For Markdown.
    Mermaid,
    /// For Graphviz.
    Dot,
    /// A picture.
    Svg,
}

/// Show the calls that make a function use a queue or cache.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cloudc why place_order ORDERS examples/shop")]
pub(super) struct Why {
    /// The function: its name, identifier or path.
    pub(super) function: String,
    /// The queue or cache: its name, identifier or path.
    pub(super) resource: String,
    #[command(flatten)]
    pub(super) project: ProjectArguments,
}

/// Explain a diagnostic, with a wrong and a right example.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cloudc explain CC305")]
pub(super) struct Explain {
    /// The code; without one, every code and its title.
    pub(super) code: Option<String>,
}

/// Run the tests, held against the graph.
///
/// A test in whose world a function uses a queue or cache that the graph does not give it, fails. Afterwards
/// the edges are listed that no test exercised.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cloudc test examples/shop --deny-unexercised\n  cloudc test --nextest -- an_order_is_charged\n  cloudc test -- --test orders -- --nocapture"
)]
pub(super) struct Test {
    #[command(flatten)]
    pub(super) project: ProjectArguments,
    /// Fail if an edge of the graph is left that no test exercised.
    #[arg(long)]
    pub(super) deny_unexercised: bool,
    /// Run `cargo nextest run` instead of `cargo test`.
    #[arg(long)]
    pub(super) nextest: bool,
    /// Further arguments for cargo.
    #[arg(last = true, value_name = "CARGO TEST ARGUMENTS")]
    pub(super) arguments: Vec<OsString>,
}

/// Write the manifests, the graph, the shim and the image.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cloudc build examples/shop --env staging\n  kubectl kustomize examples/shop/target/cloudc/staging/manifests\n  cloudc build examples/shop --image --push"
)]
pub(super) struct Build {
    #[command(flatten)]
    pub(super) project: ProjectArguments,
    /// Where to write: a folder of its own. [default: target/cloudc/<ENV> in the package's folder,
    /// `default` without --env]
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Replace what was changed or added in a folder that cloudc wrote.
    #[arg(long)]
    pub(super) force: bool,
    /// Build the program in release and lay an image around it: an OCI layout in the output's folder `image`. The
    /// manifests name its digest.
    #[arg(long)]
    pub(super) image: bool,
    /// What the image runs on. [default: linux/amd64]
    #[arg(long, value_name = "PLATFORM", requires = "image")]
    pub(super) platform: Option<Platform>,
    /// Push the image to the registry that cloudc.toml names, with Docker's credentials.
    #[arg(long, requires = "image")]
    pub(super) push: bool,
}

/// Print what makes a shell complete `cloudc`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cloudc completions bash > ~/.local/share/bash-completion/completions/cloudc\n  cloudc completions fish > ~/.config/fish/completions/cloudc.fish"
)]
pub(super) struct Completions {
    /// The shell.
    pub(super) shell: Shell,
}

/// Write the manual: a page for cloudc and one for each of its commands.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cloudc man | man -l -\n  cloudc man --out ~/.local/share/man/man1 && man cloudc-build"
)]
pub(super) struct Man {
    /// Write every page into this folder. [default: the page of cloudc alone, to the standard output]
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ProjectArguments {
    /// The package's folder.
    #[arg(default_value = ".")]
    pub(super) folder: PathBuf,
    /// The package to take, in a workspace.
    #[arg(long, short, value_name = "NAME")]
    pub(super) package: Option<String>,
    /// Features to turn on, separated by commas or spaces.
    #[arg(long, short = 'F', value_name = "FEATURES", value_delimiter = ',')]
    pub(super) features: Vec<String>,
    /// Turn on every feature.
    #[arg(long)]
    pub(super) all_features: bool,
    /// Turn off the default features.
    #[arg(long)]
    pub(super) no_default_features: bool,
    /// The environment: a table [env.NAME] of cloudc.toml.
    #[arg(long, value_name = "NAME")]
    pub(super) env: Option<String>,
    /// What to refuse besides errors.
    #[arg(long, short = 'D', value_name = "WHAT", value_enum)]
    pub(super) deny: Vec<Deny>,
    /// How to print diagnostics: for a person, to the standard error; or one JSON object a line, to the
    /// standard output (to the standard error where a command prints something else).
    #[arg(long, value_enum, default_value = "text", value_name = "FORM")]
    pub(super) message_format: MessageFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Deny {
    /// Warnings.
    Warnings,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum MessageFormat {
    /// For a person.
    Text,
    /// For a program.
    Json,
}
