//! Encrypted connections.

use std::path::Path;
use std::process::{Command, Stdio};

use cloudc::backend::valkey::Valkey;
use cloudc::backend::{Access, Connection, Store};

use crate::server::{Server, program};
use crate::{CACHE, secret};

/// Writes an authority, and a certificate of it for this machine.
fn certificates(folder: &Path) {
    for arguments in [
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=authority \
         -keyout ca.key -out ca.crt",
        "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=cache -keyout cache.key -out cache.csr",
        "x509 -req -in cache.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out cache.crt",
    ] {
        std::fs::write(folder.join("names"), "subjectAltName=IP:127.0.0.1").expect("written");
        let status = Command::new("openssl")
            .args(arguments.split_whitespace())
            .current_dir(folder)
            .stderr(Stdio::null())
            .status()
            .expect("openssl starts");
        assert!(status.success(), "openssl {arguments}");
    }
}

async fn connect(server: &Server, folder: &Path) -> Valkey {
    let access = Access {
        url: format!("rediss://127.0.0.1:{}", server.port()),
        credentials: Some(folder.to_owned()),
    };
    Valkey::connect(&access, "shop", "charge")
        .await
        .expect("credentials")
}

#[tokio::test]
async fn the_authority_of_the_secret_is_trusted_and_no_stranger() {
    if program().is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    certificates(folder.path());
    let file = |name: &str| folder.path().join(name).display().to_string();
    let server = Server::start_tls(&[
        "--requirepass",
        "secret",
        "--tls-auth-clients",
        "no",
        "--tls-ca-cert-file",
        &file("ca.crt"),
        "--tls-cert-file",
        &file("cache.crt"),
        "--tls-key-file",
        &file("cache.key"),
    ]);
    let authority = std::fs::read_to_string(folder.path().join("ca.crt")).expect("a certificate");
    let own = secret(&[("password", "secret"), ("ca.crt", &authority)]);
    let valkey = connect(&server, own.path()).await;
    assert_eq!(valkey.ready(), Ok(()));
    assert_eq!(valkey.get(CACHE, b"tea").await, Ok(None));

    let none = secret(&[("password", "secret")]);
    let stranger = connect(&server, none.path()).await;
    let reason = stranger.ready().expect_err("nobody knows its authority");
    for part in [
        "certificate",
        "`ca.crt` of the Secret `charge-valkey`",
        "CLOUDC_VALKEY_CREDENTIALS",
    ] {
        assert!(reason.contains(part), "{part}: {reason}");
    }
}
