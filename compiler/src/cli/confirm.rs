//! Asking before something is done that cannot be undone.

use std::io::{self, IsTerminal as _, Write as _};

use clap::CommandFactory as _;
use clap::error::ErrorKind;

use super::WRONG_USAGE;
use super::arguments::Cli;

/// Whether somebody is there to be asked.
pub(super) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks for a word, and says whether it was typed.
pub(super) fn typed(question: &str, word: &str) -> bool {
    let _ = write!(io::stderr(), "{question} Type `{word}` to go on: ");
    let mut line = String::new();
    let read = io::stdin().read_line(&mut line);
    read.is_ok() && line.trim() == word
}

/// Says what is wrong with the arguments of a command, `["queue", "purge"]`, as it is said of all arguments.
pub(super) fn wrong_usage(command: &[&str], message: &str) -> u8 {
    let mut cli = Cli::command();
    cli.build();
    let found = command
        .iter()
        .try_fold(&mut cli, |command, name| command.find_subcommand_mut(name));
    if let Some(command) = found {
        let _ = command
            .error(ErrorKind::MissingRequiredArgument, message)
            .print();
    }
    WRONG_USAGE
}
