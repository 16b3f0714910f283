//! A cfg on the item counts for its registration, above the attribute and below it.

#![allow(unexpected_cfgs)]

use cloudc::{Queue, function, queue};

#[cfg(never)]
#[queue]
static ABOVE: Queue<Missing>;

#[queue]
#[cfg(never)]
static BELOW: Queue<Missing>;

#[cfg(never)]
#[function(http = "GET /above")]
async fn above() {}

#[function(http = "GET /below")]
#[cfg(never)]
async fn below() {}

#[function(http = "GET /attr")]
#[cfg_attr(all(), cfg(never))]
async fn attr() {}

#[cfg_attr(all(), function(http = "GET /kept"))]
#[cfg(not(never))]
async fn kept() {}

fn main() {
    let names: Vec<_> = cloudc::__private::functions().iter().map(|function| function.name).collect();
    assert_eq!(names, ["kept"]);
    assert!(cloudc::__private::resources().is_empty());
}
