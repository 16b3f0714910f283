//! An application in a folder of its own, for tests that run the real binary.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A manifest for an application of one package; cargo never looks for the runtime.
pub const MANIFEST: &str = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\ncloudc = \"0.1\"\n";

/// A folder that is removed at the end.
pub struct App {
    folder: TempDir,
}

/// What a command did.
#[derive(Debug)]
pub struct Done {
    /// The exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// The standard output.
    pub out: String,
    /// The standard error.
    pub err: String,
}

impl App {
    /// A package with a manifest and this `src/lib.rs`.
    ///
    /// # Panics
    ///
    /// Where the disk refuses.
    pub fn new(lib: impl AsRef<[u8]>) -> Self {
        let app = Self::empty();
        app.write("Cargo.toml", MANIFEST);
        app.write("src/lib.rs", lib);
        app
    }

    /// An empty folder.
    ///
    /// # Panics
    ///
    /// Where the disk refuses.
    pub fn empty() -> Self {
        let folder = tempfile::Builder::new().prefix("app-").tempdir();
        Self {
            folder: folder.expect("a folder"),
        }
    }

    /// The folder, or what is in it.
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Writes a file, and the folders that it needs.
    ///
    /// # Panics
    ///
    /// Where the disk refuses.
    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder around")).expect("a folder");
        fs::write(path, bytes).expect("written");
    }

    /// Runs a shell's command in the folder; in it `cloudc` is this binary.
    ///
    /// # Panics
    ///
    /// Where there is no bash.
    pub fn run(&self, cloudc: &str, command: &str) -> Done {
        let output = Command::new("bash")
            .arg("-c")
            .arg(format!(
                "cloudc() {{ (exec -a cloudc {cloudc:?} \"$@\"); }}; {command}"
            ))
            .current_dir(self.folder.path())
            // No line is broken because of how long the folder's name is.
            .env("COLUMNS", "1000")
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null())
            .output()
            .expect("bash");
        output.into()
    }
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            code: output.status.code(),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }
}

/// The top of this repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Copies a folder: all that is in it but what was built.
///
/// # Panics
///
/// Where the disk refuses.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let (name, to) = (entry.file_name(), to.join(entry.file_name()));
        if name == "target" || name == ".git" {
            continue;
        }
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("copied");
        }
    }
}

/// Every file below a folder, with its bytes: all but what was built.
///
/// # Panics
///
/// Where something cannot be read.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn read(folder: &Path, prefix: &str, into: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let entry = entry.expect("an entry");
            if entry.file_name() == "target" {
                continue;
            }
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type().expect("a type").is_dir() {
                read(&entry.path(), &format!("{name}/"), into);
            } else {
                into.insert(name, fs::read(entry.path()).expect("a file"));
            }
        }
    }
    let mut found = BTreeMap::new();
    read(folder, "", &mut found);
    found
}
