//! The `cloudc` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    cloudc_compiler::cli::main()
}
