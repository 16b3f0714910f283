//! The program of the pods of `hello`, as `cloudc build` writes it.

use hello as _;

fn main() -> std::process::ExitCode {
    cloudc::shim::main(include_str!("../snapshots/hello/graph.json"))
}
