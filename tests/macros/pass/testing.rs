//! The attributes of tests, and `sometimes!`, among names and lints that they could trip over.

#![deny(warnings, unsafe_code, missing_docs, clippy::all, clippy::pedantic)]
#![no_implicit_prelude]

use ::cloudc::{simulate, sometimes};

mod core {}
mod std {}

struct Ok;

/// Its name is that of a macro, too.
#[::cloudc::test(seed = 1)]
async fn test(_: ::cloudc::testing::World) {}

#[simulate(runs = 3)]
async fn simulated(world: ::cloudc::testing::World) {
    let _world = world;
}

fn generic<T: ::core::cmp::PartialOrd>(first: T, second: T) -> bool {
    let site = first < second;
    sometimes!(site);
    if site {
        sometimes!(first > second, "never");
    }
    site
}

fn main() {
    let _ = Ok;
    ::core::assert!(generic(1, 2));
    ::core::assert!(!generic("b", "a"));
}
