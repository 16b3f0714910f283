//! Names of the user's that an expansion could trip over, and lints that it must not.

#![deny(warnings, unsafe_code, missing_docs, clippy::all, clippy::pedantic)]
#![no_implicit_prelude]

use ::cloudc::{Json, Path, Queue, function, queue};
use ::std::string::String;

mod core {}
mod std {}

struct Result;
struct Some;

/// Messages.
#[queue]
pub static r#TYPE: Queue<String>;

#[function(http = "POST /a/{a}/{b}")]
async fn request(parameter_0: Path<String>, Json(head): Json<String>) -> String {
    drop(parameter_0);
    head
}

#[function(http = "GET /b")]
async fn handle() {}

#[function(queue = TYPE)]
async fn input(delivered: String) {
    drop(delivered);
}

#[function(http = "GET /c")]
async fn r#move() {}

fn drop<T>(_: T) {
    let _ = (Result, Some);
}

fn main() {
    let functions = ::cloudc::__private::functions();
    ::std::assert_eq!(functions[2].name, "move");
    ::std::assert!(functions[2].path.ends_with("::move"));
}
