//! `cloudc completions`

use clap::CommandFactory as _;
use clap_complete::generate;

use super::arguments::{Cli, Completions};
use super::{DONE, output};

pub(super) fn run(arguments: &Completions) -> u8 {
    let mut script = Vec::new();
    generate(arguments.shell, &mut Cli::command(), "cloudc", &mut script);
    output::print(&String::from_utf8_lossy(&script));
    DONE
}
