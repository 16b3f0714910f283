//! The program of the shop's pods, as `cloudc build` writes it. Here it is built with the rest of the workspace.

use shop as _;

fn main() -> std::process::ExitCode {
    cloudc::shim::main(include_str!("../snapshots/shop/graph.json"))
}
