//! Where a person sits who deploys by the program itself, which finds the cluster by a kubeconfig.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use cloudc_tests::app::{App, Done};
use tokio::task::spawn_blocking;

use crate::apiserver::{Builder, Cluster};

/// An application, and the cluster that it goes to.
pub(crate) struct Desk {
    pub(crate) cluster: Cluster,
    pub(crate) app: App,
    /// Where the application's package is.
    pub(crate) package: PathBuf,
}

impl Desk {
    /// With an application whose package is in this folder of it. None, with a note, without the schemas.
    pub(crate) async fn at(cluster: Builder, app: App, package: &str) -> Option<Self> {
        let cluster = cluster.start()?;
        cluster.listen(&app.path("")).await;
        let package = app.path(package);
        let desk = Self {
            cluster,
            app,
            package,
        };
        let real = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        desk.cargo_does(&format!("exec {real} \"$@\""));
        Some(desk)
    }

    /// What cargo does from now on, as a shell's command. What it is asked for is noted.
    pub(crate) fn cargo_does(&self, command: &str) {
        let log = self.app.path("cargo.log");
        let script = format!("#!/bin/sh\necho \"$@\" >> {}\n{command}\n", log.display());
        self.app.write("cargo", script);
        fs::set_permissions(self.app.path("cargo"), fs::Permissions::from_mode(0o755))
            .expect("permitted");
    }

    /// What cloudc finds in its environment.
    pub(crate) fn variables(&self) -> [(&'static str, PathBuf); 4] {
        [
            ("KUBECONFIG", self.app.path("kubeconfig")),
            ("CARGO", self.app.path("cargo")),
            ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0".into()),
            ("DOCKER_CONFIG", self.app.path("logins")),
        ]
    }

    /// Starts cloudc in a group of its own, as a shell does.
    pub(crate) fn start(&self, words: &[&str]) -> Child {
        self.start_with(words, &[])
    }

    fn start_with(&self, words: &[&str], variables: &[(&str, OsString)]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_cloudc-under-test"))
            .args(words)
            .current_dir(&self.package)
            .envs(self.variables())
            .env("COLUMNS", "1000")
            .envs(variables.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("it starts")
    }

    pub(crate) async fn run(&self, words: &[&str]) -> Done {
        end(self.start(words)).await
    }

    /// Runs it with other variables.
    pub(crate) async fn run_with(&self, words: &[&str], variables: &[(&str, OsString)]) -> Done {
        end(self.start_with(words, variables)).await
    }

    /// What cargo was asked for.
    pub(crate) fn cargo(&self) -> String {
        fs::read_to_string(self.app.path("cargo.log")).unwrap_or_default()
    }
}

/// How it ended.
pub(crate) async fn end(child: Child) -> Done {
    let output = spawn_blocking(move || child.wait_with_output());
    output.await.expect("no panic").expect("it ran").into()
}
