//! The cache server as a pod uses it: with a user that may do what the compiler permits, and with a server that comes and
//! goes. What caches do is in the suite `conformance`.
#![cfg(feature = "shim")]

mod connection;
#[expect(dead_code, reason = "the suite `conformance` asks it for more")]
mod server;
mod tls;
mod user;

use std::path::Path;

use cloudc::backend::Access;
use cloudc::backend::valkey::Valkey;
use server::Server;

/// The one cache of these tests.
const CACHE: &str = "prices";

/// A folder with the files of a Secret.
fn secret(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (file, text) in files {
        std::fs::write(folder.path().join(file), text).expect("written");
    }
    folder
}

async fn connect(server: &Server, folder: Option<&Path>) -> Valkey {
    let access = Access {
        url: server.url(),
        credentials: folder.map(Path::to_owned),
    };
    Valkey::connect(&access, "shop", "charge")
        .await
        .expect("an address and credentials")
}
