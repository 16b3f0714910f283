//! The `cloudc` command for the tests of this package: the same `main`.

use std::process::ExitCode;

fn main() -> ExitCode {
    cloudc_compiler::cli::main()
}
