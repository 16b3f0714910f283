//! An image's root, and a program in it: by crun, as Kubernetes would run it, or with nothing but that root.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use cloudc_tests::program;
use serde_json::{Value, json};
use tempfile::TempDir;

use cloudc_tests::process::Process;

/// The layers of an image, one over the other, in a folder.
pub(crate) struct Root {
    folder: TempDir,
    config: Value,
}

/// What crun may want: it refuses the mixture of both versions of cgroups that some machines have, so it sees only the
/// newer one, in a mount namespace of its own.
const SCRIPT: &str = "mount -t cgroup2 none /sys/fs/cgroup 2>/dev/null; \
                      exec \"$1\" --cgroup-manager=disabled --root=\"$2/state\" run --no-new-keyring --bundle=\"$2\" \"$3\"";

impl Root {
    /// Unpacks an image layout.
    pub(crate) fn unpack(layout: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("rootfs");
        fs::create_dir(&root).expect("a folder");
        let blob = |digest: &Value| {
            let digest = digest["digest"].as_str().expect("a digest");
            layout.join("blobs").join(digest.replace(':', "/"))
        };
        let read = |path: &Path| -> Value {
            serde_json::from_slice(&fs::read(path).expect("a blob")).expect("JSON")
        };
        let index = read(&layout.join("index.json"));
        let manifest = read(&blob(&index["manifests"][0]));
        for layer in manifest["layers"].as_array().expect("layers") {
            let unpacked = Command::new("tar")
                .args(["--extract", "--gzip", "--same-permissions", "--file"])
                .arg(blob(layer))
                .arg("--directory")
                .arg(&root)
                .output()
                .expect("tar");
            assert!(unpacked.status.success(), "{unpacked:?}");
        }
        let config = read(&blob(&manifest["config"]))["config"].clone();
        Self { folder, config }
    }

    /// Puts a file there, as the kubelet does with some.
    pub(crate) fn write(&self, path: &str, text: &str) {
        fs::write(self.folder.path().join("rootfs").join(path), text).expect("written");
    }

    /// The image's variables, and these.
    fn variables(&self, more: &[String]) -> Vec<String> {
        let own = self.config["Env"].as_array().expect("variables").iter();
        let own = own.map(|variable| variable.as_str().expect("a text").to_owned());
        own.chain(more.iter().cloned()).collect()
    }

    /// The numbers of the image's user and group.
    fn user(&self) -> (&str, &str) {
        let user = self.config["User"].as_str().expect("a user");
        user.split_once(':').expect("user and group")
    }

    /// Starts the image's entry point as its user, with these variables beside its own, on a root that cannot be
    /// written. It shares the machine's network. Nothing where no runtime is.
    pub(crate) fn run(&self, variables: &[String]) -> Option<Container> {
        let crun = program("CRUN", &["crun"])?;
        if !rustix::process::geteuid().is_root() {
            cloudc_tests::note(None, "only root starts a container here");
            return None;
        }
        let (uid, gid) = self.user();
        let number = |text: &str| text.parse::<u32>().expect("a number");
        let namespaces = ["pid", "ipc", "uts", "mount"].map(|kind| json!({ "type": kind }));
        let bundle = json!({
            "ociVersion": "1.0.0",
            "process": {
                "user": { "uid": number(uid), "gid": number(gid) },
                "args": self.config["Entrypoint"],
                "env": self.variables(variables),
                "cwd": self.config["WorkingDir"],
                "noNewPrivileges": true,
            },
            "root": { "path": "rootfs", "readonly": true },
            "mounts": [
                { "destination": "/proc", "type": "proc", "source": "proc" },
                { "destination": "/dev", "type": "tmpfs", "source": "tmpfs" },
                { "destination": "/tmp", "type": "tmpfs", "source": "tmpfs" },
            ],
            "linux": { "namespaces": namespaces },
        });
        let file = self.folder.path().join("config.json");
        fs::write(file, bundle.to_string()).expect("written");
        let folder = self.folder.path();
        let mut command = Command::new("unshare");
        command
            // All of it ends with its first process.
            .args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"])
            .args(["sh", "-c", SCRIPT, "sh"])
            .arg(&crun)
            .arg(folder)
            .arg(folder.file_name().expect("a name"));
        Some(Container { command })
    }

    /// Starts it with nothing of a system: no runtime, no `/proc`, no devices. Nothing where only root may.
    pub(crate) fn bare(&self, variables: &[String]) -> Option<Container> {
        let (uid, gid) = self.user();
        let user = if rustix::process::geteuid().is_root() {
            vec![format!("--setgid={gid}"), format!("--setuid={uid}")]
        } else {
            let mapped = [format!("--map-user={uid}"), format!("--map-group={gid}")];
            ["--user".to_owned()].into_iter().chain(mapped).collect()
        };
        let tried = Command::new("unshare").args(&user).arg("true").output();
        if !tried.expect("unshare").status.success() {
            cloudc_tests::note(None, "this user may not be another one here");
            return None;
        }
        let root = self.folder.path().join("rootfs");
        let mut command = Command::new("unshare");
        command
            .args(&user)
            .arg("--wd=/")
            .arg(format!("--root={}", root.display()));
        for word in self.config["Entrypoint"].as_array().expect("words") {
            command.arg(word.as_str().expect("a text"));
        }
        let variables = self.variables(variables);
        let pairs = variables
            .iter()
            .filter_map(|variable| variable.split_once('='));
        command.env_clear().envs(pairs);
        Some(Container { command })
    }
}

/// A program in a root.
pub(crate) struct Container {
    command: Command,
}

impl Container {
    /// Lets it come to its end; what it wrote.
    pub(crate) fn wait(mut self) -> String {
        let output = self.command.stdin(Stdio::null()).output().expect("unshare");
        let text = [&output.stdout[..], &output.stderr[..]].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        assert!(output.status.success(), "{text}");
        text
    }

    /// Lets it run until it has written this, and on until it is dropped.
    pub(crate) fn until(mut self, ready: &str) -> (Process, Vec<String>) {
        Process::start(&mut self.command, ready)
    }
}
