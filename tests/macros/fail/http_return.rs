use cloudc::{Json, function};

struct Receipt;

#[function(http = "GET /one")]
async fn one() -> Receipt {
    Receipt
}

#[function(http = "GET /two")]
async fn two() -> Json<Receipt> {
    Json(Receipt)
}

#[function(http = "GET /three")]
async fn three() -> Result<String, Receipt> {
    Err(Receipt)
}

fn main() {}
