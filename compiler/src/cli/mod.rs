//! The command line: the one layer that touches files, processes and the terminal.

mod arguments;
mod build;
mod check;
mod child;
mod cluster;
mod completions;
mod confirm;
mod explain;
mod graph;
mod image;
mod man;
mod new;
mod open;
mod output;
mod push;
mod queue;
mod shim;
mod signals;
mod test;
mod whole;
mod why;

use std::process::ExitCode;

use clap::Parser as _;

use arguments::{Cli, Command};

/// Done.
const DONE: u8 = 0;
/// The user's code said no.
const REFUSED: u8 = 1;

/// The arguments are wrong, as clap has it.
const WRONG_USAGE: u8 = 2;

/// Runs `cloudc`. Exit codes: 0 done, 1 the user's code said no, 2 wrong usage, 101 a bug in cloudc.
pub fn main() -> ExitCode {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        default(panic);
        eprintln!(
            "\nThis is a bug in cloudc {}. What was begun can be run again.",
            env!("CARGO_PKG_VERSION")
        );
    }));
    let cli = Cli::parse();
    let code = match cli.command {
        Command::New(arguments) => new::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Graph(arguments) => graph::run(&arguments),
        Command::Why(arguments) => why::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Test(arguments) => test::run(&arguments),
        Command::Build(arguments) => build::run(&arguments),
        Command::Deploy(arguments) => cluster::deploy(&arguments),
        Command::Diff(arguments) => cluster::diff(&arguments),
        Command::Promote(arguments) => cluster::promote(&arguments),
        Command::Rollback(arguments) => cluster::rollback(&arguments),
        Command::Destroy(arguments) => cluster::destroy(&arguments),
        Command::Credentials(arguments) => cluster::credentials(&arguments),
        Command::Queue(arguments) => queue::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Man(arguments) => man::run(&arguments),
    };
    ExitCode::from(code)
}
