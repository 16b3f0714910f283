use cloudc::{cache, function, queue};

#[function(http = "GET /")]
struct Index;

#[queue]
fn orders() {}

#[cache]
mod prices {}

fn main() {}
