//! Where the server is, and how to log in.

use std::io;
use std::path::Path;

use redis::io::tcp::TcpSettings;
use redis::{
    Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, ProtocolVersion,
    RedisConnectionInfo, TlsCertificates,
};

use crate::backend::Access;

/// What connects to the server. To be made anew for each connection: a Secret that changed has changed its files.
///
/// # Errors
///
/// What is wrong with the address or the credentials, without a word of what they are.
pub(super) fn client(access: &Access) -> Result<Client, String> {
    let address = address(&access.url)?;
    let is_tls = matches!(address, ConnectionAddr::TcpTls { .. });
    let mut redis = RedisConnectionInfo::default()
        // The server says when it hangs up, and there is nothing to ask it but what a pod's user may.
        .set_protocol(ProtocolVersion::RESP3)
        .set_skip_set_lib_name();
    let mut authority = None;
    if let Some(folder) = &access.credentials {
        redis = redis.set_password(required(folder, "password")?);
        if let Some(user) = optional(folder, "username")? {
            redis = redis.set_username(user);
        }
        if is_tls {
            authority = optional(folder, "ca.crt")?;
        }
    }
    let info = address
        .into_connection_info()
        .map_err(|_| NO_ADDRESS.to_owned())?
        // What is written while an answer is under way leaves with it: half the packets, for a wait of one round trip at the most.
        .set_tcp_settings(TcpSettings::default().set_nodelay(false))
        .set_redis_settings(redis);
    if is_tls {
        return with_tls(info, authority, access.credentials.as_deref());
    }
    Client::open(info).map_err(|_| NO_ADDRESS.to_owned())
}

const NO_ADDRESS: &str =
    "the address of the cache server does not read as redis://host:port or rediss://host:port";

/// An address is written into manifests and logs, so it is no place for a password; and it names no database, for
/// the permissions of a pod's user know none.
fn address(url: &str) -> Result<ConnectionAddr, String> {
    let info = url
        .into_connection_info()
        .map_err(|_| NO_ADDRESS.to_owned())?;
    let settings = info.redis_settings();
    if settings.username().is_some() || settings.password().is_some() {
        return Err(
            "the address of the cache server has a user or a password in it: \
                    put them into the files `username` and `password` of its Secret"
                .to_owned(),
        );
    }
    if settings.db() != 0 {
        return Err(
            "the address of the cache server names a database: the keys of an application \
                    start with its name, so leave it out"
                .to_owned(),
        );
    }
    match info.addr() {
        ConnectionAddr::Tcp(..)
        | ConnectionAddr::TcpTls {
            insecure: false, ..
        } => Ok(info.addr().clone()),
        _ => Err(NO_ADDRESS.to_owned()),
    }
}

/// Trusts the authority that the Secret brings, and no other; without one, those that browsers trust.
fn with_tls(
    info: ConnectionInfo,
    authority: Option<String>,
    folder: Option<&Path>,
) -> Result<Client, String> {
    // An application may have another cryptography linked in, and rustls would not know which to take. Where it has chosen
    // one already, that stays.
    let _ = rustls::crypto::ring::default_provider().install_default();
    if let (Some(pem), Some(folder)) = (&authority, folder)
        && !pem.contains("-----BEGIN CERTIFICATE-----")
    {
        return Err(wrong(folder, "ca.crt", "holds no certificate as PEM"));
    }
    let certificates = TlsCertificates {
        client_tls: None,
        root_cert: authority.map(String::into_bytes),
    };
    Client::build_with_tls(info, certificates)
        .map_err(|error| format!("cannot use the certificates of the cache server: {error}"))
}

fn required(folder: &Path, file: &str) -> Result<String, String> {
    optional(folder, file)?.ok_or_else(|| wrong(folder, file, "is missing"))
}

/// The content of a file without the newline at its end; `None` where there is no such file.
fn optional(folder: &Path, file: &str) -> Result<Option<String>, String> {
    let mut text = match std::fs::read_to_string(folder.join(file)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(wrong(folder, file, &format!("cannot be read: {error}"))),
    };
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    if text.is_empty() {
        return Err(wrong(folder, file, "is empty"));
    }
    Ok(Some(text))
}

fn wrong(folder: &Path, file: &str, what: &str) -> String {
    format!(
        "the file `{file}` in {}, the credentials of the cache server, {what}",
        folder.display()
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn access(url: &str, folder: Option<&Path>) -> Access {
        Access {
            url: url.to_owned(),
            credentials: folder.map(Path::to_owned),
        }
    }

    fn settings(files: &[(&str, &str)]) -> Result<(Option<String>, Option<String>), String> {
        let folder = tempfile::tempdir().expect("a folder");
        for (file, text) in files {
            fs::write(folder.path().join(file), text).expect("written");
        }
        let client = client(&access("redis://cache:6379", Some(folder.path())))?;
        let settings = client.get_connection_info().redis_settings();
        Ok((
            settings.username().map(str::to_owned),
            settings.password().map(str::to_owned),
        ))
    }

    #[test]
    fn one_newline_is_none_of_the_password() {
        for (text, password) in [
            ("secret", "secret"),
            ("secret\n", "secret"),
            ("secret\r\n", "secret"),
            (" sec ret \n\n", " sec ret \n"),
        ] {
            let read = settings(&[("password", text), ("username", "shop\n")]);
            let expected = (Some("shop".to_owned()), Some(password.to_owned()));
            assert_eq!(read, Ok(expected));
        }
        let alone = settings(&[("password", "secret")]);
        assert_eq!(alone, Ok((None, Some("secret".to_owned()))));
    }

    #[test]
    fn what_is_wrong_with_a_secret_says_which_file_and_not_what_is_in_it() {
        for (files, file, what) in [
            (&[("username", "shop")][..], "password", "is missing"),
            (&[("password", "\n")], "password", "is empty"),
            (
                &[("password", "hush"), ("username", "")],
                "username",
                "is empty",
            ),
        ] {
            let error = settings(files).expect_err("something is wrong");
            assert!(error.contains(&format!("`{file}`")), "{error}");
            assert!(error.ends_with(what), "{error}");
            assert!(!error.contains("hush"), "{error}");
        }
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("password")).expect("a folder");
        let error = client(&access("redis://cache", Some(folder.path()))).expect_err("no file");
        assert!(error.contains("`password`"), "{error}");
        assert!(
            error.contains(&folder.path().display().to_string()),
            "{error}"
        );
    }

    #[test]
    fn addresses() {
        for url in ["redis://cache", "redis://[::1]:7000", "rediss://cache:6380"] {
            assert!(client(&access(url, None)).is_ok(), "{url}");
        }
        for (url, why) in [
            ("redis://hush@cache", "has a user"),
            ("redis://:hush@cache", "has a user"),
            ("redis://cache/3", "names a database"),
            ("rediss://cache/#insecure", "does not read"),
            ("unix:///tmp/socket", "does not read"),
            ("cache:6379", "does not read"),
            ("", "does not read"),
        ] {
            let error = client(&access(url, None)).expect_err(url);
            assert!(error.contains(why), "{url}: {error}");
            assert!(!error.contains("hush"), "{error}");
        }
    }

    #[test]
    fn an_authority_is_a_certificate() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("password"), "secret").expect("written");
        fs::write(folder.path().join("ca.crt"), "hush").expect("written");
        let error = client(&access("rediss://cache", Some(folder.path()))).expect_err("no PEM");
        assert!(
            error.contains("`ca.crt`") && !error.contains("hush"),
            "{error}"
        );
        // Without TLS nobody looks at it.
        assert!(client(&access("redis://cache", Some(folder.path()))).is_ok());
    }
}
