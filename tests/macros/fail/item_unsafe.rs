use cloudc::function;

#[function(http = "GET /")]
async unsafe fn index() {}

#[function(http = "GET /two")]
async extern "C" fn two() {}

fn main() {}
