use cloudc::{Queue, queue};

#[queue]
pub static ORDERS: Queue<&'static str>;

fn main() {}
