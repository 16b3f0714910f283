use cloudc::function;

#[function(htp = "GET /", timeout = 30, scale = 0..3, name = "A", timeout = "1s")]
fn index(self) {}

fn main() {}
