//! An application so small that cargo builds it in a moment: its crate `cloudc` is a stand-in with the same face.

use crate::app::App;

const MANIFEST: &str = r#"[package]
name = "small"
version = "1.2.3"
edition = "2024"
description = "As small as it gets."
license = "MIT"

[dependencies]
cloudc = { path = "../cloudc" }
part = { path = "../part" }
"#;

/// Its source.
pub const LIB: &str = r#"//! Its panics and a file that its build script makes both know where they are.
include!(concat!(env!("OUT_DIR"), "/made.rs"));

#[cloudc::function(http = "GET /")]
pub async fn answer() -> &'static str {
    part::place(made())
}
"#;

const BUILD: &str = r#"fn main() {
    let out = std::env::var("OUT_DIR").unwrap();
    let text = "pub fn made() -> &'static str { file!() }";
    std::fs::write(format!("{out}/made.rs"), text).unwrap();
}
"#;

/// Does what a program may need of a system: it finds addresses by name, and says who and where it is.
const RUNTIME: &str = r#"pub use attributes::function;

#[cfg(feature = "shim")]
pub mod shim {
    use std::net::ToSocketAddrs;

    pub fn main(graph: &str) -> std::process::ExitCode {
        println!("graph {}", graph.contains("\"small\""));
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let user = status.lines().find(|line| line.starts_with("Uid:"));
        println!("user {}", user.and_then(|line| line.split_whitespace().nth(1)).unwrap_or("?"));
        println!("root {:?}", std::fs::write("/new", "").map_err(|error| error.kind()));
        let roots = std::fs::read_to_string("/etc/ssl/certs/ca-certificates.crt");
        println!("roots {}", roots.unwrap_or_default().contains("BEGIN CERTIFICATE"));
        println!("zone {}", std::fs::read("/usr/share/zoneinfo/Asia/Shanghai").is_ok());
        let found = ("somewhere.test", 80).to_socket_addrs();
        println!("address {:?}", found.map(|mut found| found.next()));
        println!("place {} {}", file!(), line!());
        std::process::ExitCode::SUCCESS
    }
}
"#;

const ATTRIBUTES: &str = r#"use proc_macro::TokenStream;

#[proc_macro_attribute]
pub fn function(_: TokenStream, item: TokenStream) -> TokenStream {
    item
}
"#;

fn package(name: &str, more: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n{more}")
}

/// The application in a folder below a new one.
pub fn small(below: &str) -> App {
    let app = App::empty();
    let write = |path: &str, text: &str| app.write(&format!("{below}/{path}"), text);
    write("small/Cargo.toml", MANIFEST);
    write("small/build.rs", BUILD);
    write("small/src/lib.rs", LIB);
    write("part/Cargo.toml", &package("part", ""));
    write(
        "part/src/lib.rs",
        "pub fn place(made: &'static str) -> &'static str { if made.is_empty() { panic!() } file!() }\n",
    );
    let more = "[features]\nshim = []\n\n[dependencies]\nattributes = { path = \"attributes\" }\n";
    write("cloudc/Cargo.toml", &package("cloudc", more));
    write("cloudc/src/lib.rs", RUNTIME);
    let attributes = package("attributes", "[lib]\nproc-macro = true\n");
    write("cloudc/attributes/Cargo.toml", &attributes);
    write("cloudc/attributes/src/lib.rs", ATTRIBUTES);
    app
}
