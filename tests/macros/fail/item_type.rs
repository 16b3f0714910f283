use cloudc::{Queue, cache, queue};

#[queue]
static ORDERS: Vec<String>;

#[queue]
static PARCELS: &'static Queue<String>;

#[cache]
static PRICES: Queue<String>;

#[cache]
static NAMES: cloudc::Cache<String>;

fn main() {}
