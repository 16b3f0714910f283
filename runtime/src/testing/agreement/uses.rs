//! The uses that happened in this process, each once, and the file where they are written.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::{Key, USES, Use};
use crate::registry::ResourceKind;
use crate::sometimes::Site;

pub(super) struct Uses {
    /// The functions that were called.
    ran: BTreeSet<String>,
    /// Sorted, so that a look-up needs no string of its own.
    seen: Vec<Seen>,
    /// The `sometimes!` that were true.
    held: BTreeSet<&'static Site>,
    /// `None` where nobody asks, and after a failure.
    file: Option<Box<dyn Write + Send>>,
}

struct Seen {
    function: String,
    operation: Use,
    kind: ResourceKind,
    name: String,
}

#[derive(Serialize)]
struct Line<'a> {
    function: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<Use>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<ResourceLine<'a>>,
}

#[derive(Serialize)]
struct ResourceLine<'a> {
    kind: &'static str,
    name: &'a str,
}

#[derive(Serialize)]
struct SiteLine {
    sometimes: &'static Site,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    held: bool,
}

impl Uses {
    /// Writes nothing.
    pub(super) fn nowhere() -> Self {
        Self::to(None)
    }

    /// Writes a file of this process' own in a folder, if that can be.
    pub(super) fn below(folder: &OsStr) -> Self {
        let folder = Path::new(folder);
        // Two processes may have one number: in containers that share the folder.
        let name = format!(
            "{}-{:016x}.jsonl",
            std::process::id(),
            rand::random::<u64>()
        );
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .open(folder.join(name));
        match file {
            Ok(file) => Self::to(Some(Box::new(file))),
            Err(error) => {
                complain(&format!("in {}: {error}", folder.display()));
                Self::nowhere()
            }
        }
    }

    fn to(file: Option<Box<dyn Write + Send>>) -> Self {
        Self {
            ran: BTreeSet::new(),
            seen: Vec::new(),
            held: BTreeSet::new(),
            file,
        }
    }

    /// Notes that a function was called.
    pub(super) fn ran(&mut self, function: &str) {
        if self.ran.contains(function) {
            return;
        }
        self.ran.insert(function.to_owned());
        self.write(&Line {
            function,
            operation: None,
            resource: None,
        });
    }

    /// Notes a `sometimes!` of this program.
    pub(super) fn linked(&mut self, site: &'static Site) {
        self.write(&SiteLine {
            sometimes: site,
            held: false,
        });
    }

    /// Notes that the condition of a `sometimes!` was true.
    pub(super) fn held(&mut self, site: &'static Site) {
        if self.held.insert(site) {
            self.write(&SiteLine {
                sometimes: site,
                held: true,
            });
        }
    }

    /// Whether a use was noted; else the place where [`Uses::insert`] puts it.
    pub(super) fn find(&self, key: Key<'_>) -> Result<(), usize> {
        let found = self.seen.binary_search_by(|seen| seen.key().cmp(&key));
        found.map(drop)
    }

    /// Notes a use, at the place that [`Uses::find`] said.
    pub(super) fn insert(&mut self, place: usize, (function, operation, kind, name): Key<'_>) {
        let seen = Seen {
            function: function.to_owned(),
            operation,
            kind,
            name: name.to_owned(),
        };
        self.seen.insert(place, seen);
        self.write(&Line {
            function,
            operation: Some(operation),
            resource: Some(ResourceLine {
                kind: word(kind),
                name,
            }),
        });
    }

    /// A line in one piece: a process that is killed leaves whole ones.
    fn write(&mut self, line: &impl Serialize) {
        let Some(file) = &mut self.file else { return };
        let written = serde_json::to_vec(line)
            .map_err(io::Error::from)
            .and_then(|mut line| {
                line.push(b'\n');
                file.write_all(&line)
            });
        if let Err(error) = written {
            complain(&error.to_string());
            self.file = None;
        }
    }
}

impl Seen {
    fn key(&self) -> Key<'_> {
        (&self.function, self.operation, self.kind, &self.name)
    }
}

impl fmt::Debug for Uses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Uses").finish_non_exhaustive()
    }
}

/// `queue` or `cache`.
pub(super) fn word(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::Queue => "queue",
        ResourceKind::Cache => "cache",
    }
}

/// Past the test's captured output: the report of `cloudc test` will be wrong, whatever the tests say.
fn complain(why: &str) {
    let _ = writeln!(
        io::stderr(),
        "cloudc: cannot write which uses happened ({USES}): {why}; the report of edges lacks those of this process"
    );
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A disk with room for so many lines.
    struct Disk {
        room: usize,
        tried: Arc<Mutex<usize>>,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut tried = self.tried.lock().expect("one thread");
            *tried += 1;
            if *tried > self.room {
                return Err(io::ErrorKind::StorageFull.into());
            }
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_is_tried_no_more() {
        let tried = Arc::default();
        let disk = Disk {
            room: 2,
            tried: Arc::clone(&tried),
        };
        let mut uses = Uses::to(Some(Box::new(disk)));
        for function in ["a", "b", "c", "d", "e"] {
            uses.ran(function);
        }
        assert_eq!(*tried.lock().expect("one thread"), 3);
    }

    #[test]
    fn uses_that_differ_in_one_part_are_two() {
        let mut uses = Uses::nowhere();
        let all = [
            ("a", Use::Read, ResourceKind::Cache, "x"),
            ("a", Use::Read, ResourceKind::Cache, "y"),
            ("a", Use::Write, ResourceKind::Cache, "x"),
            ("b", Use::Read, ResourceKind::Cache, "x"),
            ("a", Use::Send, ResourceKind::Queue, "x"),
        ];
        for key in all {
            let place = uses.find(key).expect_err("new");
            uses.insert(place, key);
        }
        for key in all {
            assert_eq!(uses.find(key), Ok(()), "{key:?}");
        }
        assert_eq!(uses.seen.len(), all.len());
    }
}
