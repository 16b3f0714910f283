//! Debian's registry, on a free port.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::authority::{Authority, ISSUER};
use crate::process::Process;
use crate::program;

/// The only user of one that asks for a login.
pub const USER: &str = "pusher";
/// That user's password, and below what `htpasswd -B` makes of it.
pub const PASSWORD: &str = "a-password";
const HASH: &str = "$2b$04$cloudcpushtestsaltxx.uoUxOr44yV6giRsc3zQtLUJe7vl/Rpw6";

/// A registry that lives as long as this.
pub struct Registry {
    folder: TempDir,
    _process: Process,
    port: String,
    authority: Option<Authority>,
}

/// How a registry is set up.
#[derive(Clone, Copy, Default)]
pub struct Setup {
    /// Only for [`USER`].
    pub login: bool,
    /// By TLS, with a certificate of an authority that nobody knows: `ca.crt` in its folder.
    pub tls: bool,
    /// Only with access tokens, of which its authorization service says that they hold for so many seconds.
    pub tokens: Option<u64>,
}

impl Registry {
    /// Starts one; nothing where there is none to start.
    pub fn start(setup: Setup) -> Option<Self> {
        let registry = program("DOCKER_REGISTRY", &["docker-registry", "registry"])?;
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        let mut config = format!(
            "version: 0.1\nlog: {{level: info, accesslog: {{disabled: true}}}}\n\
             storage: {{filesystem: {{rootdirectory: {:?}}}}}\nhttp:\n  addr: 127.0.0.1:0\n",
            path("data")
        );
        if setup.tls || setup.tokens.is_some() {
            certificates(folder.path());
        }
        if setup.tls {
            let (crt, key) = (path("server.crt"), path("server.key"));
            config.push_str(&format!("  tls: {{certificate: {crt:?}, key: {key:?}}}\n"));
        }
        if setup.login {
            fs::write(path("users"), format!("{USER}:{HASH}\n")).expect("written");
            let users = path("users");
            config.push_str(&format!(
                "auth: {{htpasswd: {{realm: tests, path: {users:?}}}}}\n"
            ));
        }
        let authority = setup
            .tokens
            .map(|seconds| Authority::start(folder.path(), seconds));
        if let Some(authority) = &authority {
            let (realm, roots) = (&authority.realm, path("ca.crt"));
            config.push_str(&format!(
                "auth: {{token: {{realm: {realm:?}, service: {ISSUER}, issuer: {ISSUER}, rootcertbundle: {roots:?}}}}}\n"
            ));
        }
        fs::write(path("config.yml"), config).expect("written");
        let mut command = Command::new(registry);
        command.arg("serve").arg(path("config.yml"));
        let (process, lines) = Process::start(&mut command, "listening on");
        let line = lines.last().expect("a line");
        let (_, rest) = line.split_once("127.0.0.1:").expect("an address");
        let port = rest.chars().take_while(char::is_ascii_digit).collect();
        Some(Self {
            folder,
            _process: process,
            port,
            authority,
        })
    }

    /// Host and port.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Who gives tokens for it.
    ///
    /// # Panics
    ///
    /// Where it was set up without.
    pub fn authority(&self) -> &Authority {
        self.authority.as_ref().expect("a setup with tokens")
    }

    /// Its folder: certificates, and what was pushed.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Takes away a blob, as if it had never come.
    pub fn forget(&self, repository: &str, digest: &str) {
        let hex = digest.trim_start_matches("sha256:");
        let below = self.folder.path().join("data/docker/registry/v2");
        let link = below.join(format!("repositories/{repository}/_layers/sha256/{hex}"));
        fs::remove_dir_all(link).expect("a link to the blob");
        let data = below.join(format!("blobs/sha256/{}/{hex}", &hex[..2]));
        fs::remove_dir_all(data).expect("a blob");
    }
}

/// Docker's configuration with a login, in a folder of its own below.
pub fn log_in(folder: &Path, host: &str, user: &str, password: &str) {
    let login = data_encoding::BASE64.encode(format!("{user}:{password}").as_bytes());
    let config = serde_json::json!({ "auths": { host: { "auth": login } } });
    fs::create_dir_all(folder).expect("a folder");
    fs::write(folder.join("config.json"), config.to_string()).expect("written");
}

/// Docker's configuration with an identity token in place of a password.
pub fn log_in_by_identity(folder: &Path, host: &str, identity: &str) {
    let config = serde_json::json!({ "auths": { host: { "identitytoken": identity } } });
    fs::create_dir_all(folder).expect("a folder");
    fs::write(folder.join("config.json"), config.to_string()).expect("written");
}

fn certificates(folder: &Path) {
    let openssl = |arguments: &str| {
        let status = Command::new("openssl")
            .args(arguments.split(' '))
            .current_dir(folder)
            .output()
            .expect("openssl");
        assert!(status.status.success(), "{status:?}");
    };
    fs::write(folder.join("names"), "subjectAltName=IP:127.0.0.1\n").expect("written");
    openssl("req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 2 -subj /CN=tests");
    openssl("req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=127.0.0.1");
    openssl(
        "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.crt",
    );
}
