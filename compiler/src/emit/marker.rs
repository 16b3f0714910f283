//! The file by which cloudc knows its own output again: the list of what it wrote, with hashes. So it can tell
//! files that a user put or changed there, and leaves them alone.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Tree;

/// The marker's name, at the top of the folder.
pub const MARKER: &str = ".cloudc-tree.json";

/// The format's version.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Marker {
    version: u32,
    /// BLAKE3 in hex, by path.
    files: BTreeMap<String, String>,
}

/// The marker of a tree.
pub(super) fn of(tree: &Tree) -> Result<Vec<u8>, serde_json::Error> {
    let files = tree
        .iter()
        .map(|(path, bytes)| (path.clone(), hash(bytes)))
        .collect();
    let marker = Marker {
        version: VERSION,
        files,
    };
    let mut text = serde_json::to_vec_pretty(&marker)?;
    text.push(b'\n');
    Ok(text)
}

/// What a folder holds that is not as cloudc wrote it, sorted: `notes.md (added)`, `manifests/nats.yaml (changed)`.
/// Without a marker that is everything. A missing file is no loss, so it is not reported.
pub(super) fn foreign(folder: &Path) -> io::Result<Vec<String>> {
    let marker = match fs::read(folder.join(MARKER)) {
        Ok(bytes) => serde_json::from_slice::<Marker>(&bytes)
            .ok()
            .filter(|marker| marker.version == VERSION),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let known = marker.map(|marker| marker.files).unwrap_or_default();
    let mut found = Vec::new();
    visit(folder, "", &mut |path, file| {
        let remark = match known.get(path) {
            // A damaged marker is nobody's loss either.
            None if path == MARKER || is_cargos(path) => return Ok(()),
            None => "added",
            Some(_) if !file.is_file() => "changed",
            Some(_) if is_cargos(path) => return Ok(()),
            Some(expected) if hash(&fs::read(folder.join(path))?) != *expected => "changed",
            Some(_) => return Ok(()),
        };
        found.push(format!("{path} ({remark})"));
        Ok(())
    })?;
    found.sort_unstable();
    Ok(found)
}

/// What cargo puts beside the shim when somebody builds it there.
fn is_cargos(path: &str) -> bool {
    path == "shim/Cargo.lock" || path.starts_with("shim/target/")
}

/// Calls with every file below a folder, and with everything else that is no folder. Links are not followed.
fn visit(
    folder: &Path,
    prefix: &str,
    call: &mut dyn FnMut(&str, fs::FileType) -> io::Result<()>,
) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let path = format!("{prefix}{}", name.to_string_lossy());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            visit(&entry.path(), &format!("{path}/"), call)?;
        } else {
            call(&path, kind)?;
        }
    }
    Ok(())
}

fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}
