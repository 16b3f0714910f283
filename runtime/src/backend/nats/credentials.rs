//! How to log in: files in a folder, as Kubernetes mounts a Secret.

use std::fmt;
use std::path::Path;

use async_nats::Auth;
use async_nats::rustls::RootCertStore;
use async_nats::rustls::pki_types::CertificateDer;
use async_nats::rustls::pki_types::pem::PemObject as _;
use nkeys::KeyPair;

/// A way to log in.
pub(super) enum Login {
    /// The server lets everybody in.
    Nobody,
    /// An nkey's seed: the server knows the public key.
    Seed(String),
    /// A user's JWT and the seed of its key.
    Creds(String, String),
    /// A secret that all clients share.
    Token(String),
    /// A name and its password.
    User(String, String),
}

/// Reads how to log in: the first of `seed`, `creds`, `token`, and `user` with `password` that is in the folder.
///
/// # Errors
///
/// When there is none, or one that cannot be read, is empty, or is not what it should be. The text has the names of
/// the file and of its folder, and nothing of what is in it.
pub(super) fn login(folder: Option<&Path>) -> Result<Login, String> {
    let Some(folder) = folder else {
        return Ok(Login::Nobody);
    };
    if let Some(seed) = read(folder, "seed")? {
        KeyPair::from_seed(&seed).map_err(|_| bad(folder, "seed", "is not the seed of an nkey"))?;
        return Ok(Login::Seed(seed));
    }
    if let Some(creds) = read(folder, "creds")? {
        let login = decorated(&creds);
        return login.ok_or_else(|| bad(folder, "creds", "is not a JWT with its seed"));
    }
    if let Some(token) = read(folder, "token")? {
        return Ok(Login::Token(token));
    }
    match (read(folder, "user")?, read(folder, "password")?) {
        (Some(user), Some(password)) => Ok(Login::User(user, password)),
        (Some(_), None) => Err(bad(folder, "password", "is missing beside the file `user`")),
        (None, Some(_)) => Err(bad(folder, "user", "is missing beside the file `password`")),
        (None, None) => Err(format!(
            "the folder {} has no credentials for the broker: none of the files `seed`, `creds`, `token`, or \
             `user` with `password`",
            folder.display()
        )),
    }
}

impl Login {
    /// The files that it is in.
    pub(super) fn files(&self) -> &'static str {
        match self {
            Self::Nobody => "no file",
            Self::Seed(_) => "the file `seed`",
            Self::Creds(..) => "the file `creds`",
            Self::Token(_) => "the file `token`",
            Self::User(..) => "the files `user` and `password`",
        }
    }

    /// What the server is told. It sends a nonce, which whoever has a key signs.
    ///
    /// # Errors
    ///
    /// When the key does not sign.
    pub(super) fn answer(self, nonce: &[u8]) -> Result<Auth, nkeys::error::Error> {
        let mut auth = Auth::new();
        match self {
            Self::Nobody => {}
            Self::Seed(seed) => {
                let key = KeyPair::from_seed(&seed)?;
                auth.nkey = Some(key.public_key());
                auth.signature = Some(key.sign(nonce)?);
            }
            Self::Creds(jwt, seed) => {
                auth.jwt = Some(jwt);
                auth.signature = Some(KeyPair::from_seed(&seed)?.sign(nonce)?);
            }
            Self::Token(token) => auth.token = Some(token),
            Self::User(user, password) => {
                auth.username = Some(user);
                auth.password = Some(password);
            }
        }
        Ok(auth)
    }
}

/// Reads a file as `nsc` writes it: the JWT, and then the seed, each in a line of its own between one that begins and one that
/// ends it.
fn decorated(creds: &str) -> Option<Login> {
    let lines: Vec<&str> = creds.lines().map(str::trim).collect();
    let mut inside = lines.windows(3).filter_map(|lines| match lines {
        [before, inside, after] => {
            let framed = before.starts_with("---") && before.contains("BEGIN");
            (framed && after.starts_with("---")).then_some(*inside)
        }
        _ => None,
    });
    let (jwt, seed) = (inside.next()?, inside.next()?);
    KeyPair::from_seed(seed).ok()?;
    Some(Login::Creds(jwt.to_owned(), seed.to_owned()))
}

/// The certificates of authorities that a server's is checked against: those in the folder's file `ca.crt` if it has one, and
/// no other; else those that browsers trust.
///
/// # Errors
///
/// When that file cannot be read, or has no certificate.
pub(super) fn authorities(folder: Option<&Path>) -> Result<RootCertStore, String> {
    let public = || RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let Some(folder) = folder else {
        return Ok(public());
    };
    let Some(text) = read(folder, "ca.crt")? else {
        return Ok(public());
    };
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    let mut roots = RootCertStore::empty();
    let (known, _) = roots.add_parsable_certificates(certificates.unwrap_or_default());
    if known == 0 {
        return Err(bad(folder, "ca.crt", "has no certificate in PEM"));
    }
    Ok(roots)
}

/// What a file says, without the space around it; `None` where there is no such file.
fn read(folder: &Path, name: &str) -> Result<Option<String>, String> {
    match std::fs::read_to_string(folder.join(name)) {
        Ok(text) if text.trim().is_empty() => Err(bad(folder, name, "is empty")),
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(bad(
            folder,
            name,
            &format!("cannot be read: {}", error.kind()),
        )),
    }
}

fn bad(folder: &Path, file: &str, what: &str) -> String {
    format!(
        "the file `{file}` of the broker's credentials in {} {what}",
        folder.display()
    )
}

/// Says which way it is, and no secret.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nobody => "nobody",
            Self::Seed(_) => "seed",
            Self::Creds(..) => "creds",
            Self::Token(_) => "token",
            Self::User(..) => "user",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with these files.
    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, content) in files {
            std::fs::write(folder.path().join(name), content).expect("written");
        }
        folder
    }

    fn seed() -> String {
        KeyPair::new_user().seed().expect("a seed")
    }

    fn way(files: &[(&str, &[u8])]) -> String {
        format!("{:?}", login(Some(folder(files).path())))
    }

    #[test]
    fn the_first_that_is_there() {
        let seed = format!("{}\n", seed());
        let seed = ("seed", seed.as_bytes());
        let token = ("token", &b"s3cret"[..]);
        let user = ("user", &b"shop"[..]);
        let password = ("password", &b"s3cret"[..]);
        assert_eq!(way(&[seed, token, user, password]), "Ok(seed)");
        assert_eq!(way(&[token, user, password]), "Ok(token)");
        assert_eq!(way(&[user, password]), "Ok(user)");
        assert_eq!(format!("{:?}", login(None)), "Ok(nobody)");
    }

    #[test]
    fn a_jwt_and_its_seed() {
        let seed = seed();
        let creds = format!(
            "-----BEGIN NATS USER JWT-----\r\na.b.c\r\n------END NATS USER JWT------\r\n\r\n\
             *** IMPORTANT ***\r\n-----BEGIN USER NKEY SEED-----\r\n{seed}\r\n------END USER NKEY SEED------\r\n"
        );
        let folder = folder(&[("creds", creds.as_bytes())]);
        let login = login(Some(folder.path())).expect("a login");
        assert_eq!(login.files(), "the file `creds`");
        let auth = login.answer(b"nonce").expect("signed");
        assert_eq!(auth.jwt.as_deref(), Some("a.b.c"));
        let key = KeyPair::from_seed(&seed).expect("a key");
        let signature = auth.signature.expect("a signature");
        assert!(key.verify(b"nonce", &signature).is_ok());
    }

    #[test]
    fn a_mistake_names_the_file_and_not_its_content() {
        for (files, named) in [
            (&[][..], "none of the files `seed`"),
            (&[("seed", &b"s3cret"[..])], "`seed`"),
            (&[("seed", b" \n")], "`seed`"),
            (&[("seed", b"\xff\xfe")], "`seed`"),
            (&[("creds", b"s3cret")], "`creds`"),
            (
                &[("creds", b"-BEGIN-\ns3cret\n-END-\n---BEGIN\ns3cret\n---")],
                "`creds`",
            ),
            (&[("user", b"s3cret")], "`password`"),
            (&[("password", b"s3cret")], "`user`"),
        ] {
            let folder = folder(files);
            let error = login(Some(folder.path())).expect_err("a mistake");
            assert!(error.contains(named), "{error}");
            let place = folder.path().display().to_string();
            assert!(error.contains(&place), "{error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn authorities_are_added() {
        let known = authorities(None).expect("roots").len();
        assert!(known > 50);
        let empty = folder(&[]);
        assert_eq!(
            authorities(Some(empty.path())).map(|roots| roots.len()),
            Ok(known)
        );
        let garbage = folder(&[("ca.crt", b"s3cret")]);
        let error = authorities(Some(garbage.path())).expect_err("a mistake");
        assert!(
            error.contains("`ca.crt`") && !error.contains("s3cret"),
            "{error}"
        );
    }
}
