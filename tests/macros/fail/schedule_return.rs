use cloudc::function;

#[function(schedule = "0 3 * * *")]
async fn refresh() -> Result<u32, cloudc::Error> {
    Ok(3)
}

fn main() {}
