//! The seam through which the compiler reads source files.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// Files to read.
pub trait Files: Sync {
    /// The bytes of a file.
    ///
    /// # Errors
    ///
    /// The system's own; `NotFound` is a file that is not there. A file larger than `limit` bytes is
    /// `FileTooLarge`, and is not read.
    fn read(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>>;

    /// Whether there is a file.
    fn exists(&self, path: &Path) -> bool;
}

/// The files on disk.
#[derive(Clone, Copy, Debug)]
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        use io::Read as _;
        let file = std::fs::File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        // One byte more than the limit, for files that grow, or tell no length.
        let mut bytes = Vec::with_capacity(metadata.len().min(limit as u64) as usize + 1);
        file.take(limit as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.len() > limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(bytes)
    }

    fn exists(&self, path: &Path) -> bool {
        path.is_file()
    }
}

/// Files in memory, for tests and tools.
#[derive(Clone, Debug, Default)]
pub struct Memory(pub BTreeMap<PathBuf, Vec<u8>>);

impl Files for Memory {
    fn read(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        match self.0.get(path) {
            Some(bytes) if bytes.len() > limit => Err(io::ErrorKind::FileTooLarge.into()),
            Some(bytes) => Ok(bytes.clone()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn exists(&self, path: &Path) -> bool {
        self.0.contains_key(path)
    }
}
