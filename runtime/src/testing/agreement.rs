//! The agreement of the graph and the tests. `cloudc test` hands its graph to every test process and
//! asks which uses of queues and caches happened; a use that the graph does not have is refused here.
//!
//! Two environment variables, both optional: `CLOUDC_GRAPH` is the path of a `graph.json`, `CLOUDC_USES`
//! a folder in which each process writes a file of its own, a JSON object a line:
//!
//! ```text
//! {"function":"charge"}                                          it was called in a world
//! {"function":"charge","operation":"send","resource":{"kind":"queue","name":"receipts"}}
//! {"sometimes":{"file":"src/lib.rs","line":7,"column":5,"text":"attempt > 1"}}              it is linked in
//! {"sometimes":{"file":"src/lib.rs","line":7,"column":5,"text":"attempt > 1"},"held":true}  it was true
//! ```
//!
//! Each line stands there once. A process in which no test makes a world writes no file.

mod allowed;
mod uses;

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

use allowed::Allowed;
use uses::Uses;

use crate::registry::ResourceKind;
use crate::sometimes::{self, Site};

const GRAPH: &str = "CLOUDC_GRAPH";
const USES: &str = "CLOUDC_USES";

/// What a function does with a resource.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize, serde::Serialize,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Use {
    /// Puts a message into a queue.
    Send,
    /// Looks into a cache.
    Read,
    /// Changes a cache.
    Write,
}

/// A use, as it is looked up: who, what, and the resource's kind and name.
type Key<'a> = (&'a str, Use, ResourceKind, &'a str);

/// What this process may do, and what it did.
#[derive(Debug)]
pub(crate) struct Agreement {
    /// `None` without a graph: then nothing is refused.
    allowed: Option<Allowed>,
    uses: Mutex<Uses>,
}

/// What `cloudc test` asked of this process; nothing where it was started in some other way. The
/// variables are read once.
///
/// # Errors
///
/// When there is to be a graph, and it cannot be read: then no test can be trusted.
pub(crate) fn agreement() -> Result<Option<&'static Agreement>, &'static str> {
    static AGREEMENT: OnceLock<Result<Option<Agreement>, String>> = OnceLock::new();
    let read = || {
        let (graph, uses) = (std::env::var_os(GRAPH), std::env::var_os(USES));
        Agreement::of(graph, uses, &sometimes::sites())
    };
    match AGREEMENT.get_or_init(read) {
        Ok(agreement) => Ok(agreement.as_ref()),
        Err(reason) => Err(reason),
    }
}

impl Agreement {
    /// From the values of the two variables. An empty one counts as none.
    fn of(
        graph: Option<OsString>,
        uses: Option<OsString>,
        sites: &[&'static Site],
    ) -> Result<Option<Self>, String> {
        let set = |value: &OsString| !value.is_empty();
        let (graph, uses) = (graph.filter(set), uses.filter(set));
        if graph.is_none() && uses.is_none() {
            return Ok(None);
        }
        let allowed = graph.map(|path| {
            let path = Path::new(&path);
            let text = fs::read_to_string(path).map_err(|error| error.to_string());
            text.and_then(|text| Allowed::parse(&text)).map_err(|why| {
                format!(
                    "cannot read the graph {}, which {GRAPH} names: {why}; run `cloudc test`, or unset {GRAPH}",
                    path.display()
                )
            })
        });
        let allowed = allowed.transpose()?;
        let mut uses = uses.map_or_else(Uses::nowhere, |folder| Uses::below(&folder));
        for site in sites {
            uses.linked(site);
        }
        Ok(Some(Self {
            allowed,
            uses: Mutex::new(uses),
        }))
    }

    /// Notes that a function is called.
    pub(crate) fn ran(&self, function: &str) {
        self.uses().ran(function);
    }

    /// Notes a use that is about to happen. Cheap for one that was seen before.
    ///
    /// # Errors
    ///
    /// When the graph does not have it: what is missing, and how to find out why.
    pub(crate) fn used(
        &self,
        function: &str,
        operation: Use,
        kind: ResourceKind,
        name: &str,
    ) -> Result<(), String> {
        let key = (function, operation, kind, name);
        let mut uses = self.uses();
        // What was seen was allowed.
        if let Err(place) = uses.find(key) {
            if let Some(allowed) = &self.allowed {
                allowed.check(key)?;
            }
            uses.insert(place, key);
        }
        Ok(())
    }

    /// Notes that the condition of a `sometimes!` was true.
    pub(crate) fn held(&self, site: &'static Site) {
        self.uses().held(site);
    }

    fn uses(&self) -> std::sync::MutexGuard<'_, Uses> {
        // A panic in between leaves at worst a use that is noted and not written.
        self.uses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    const CHARGE: &str = r#"{"version": 1,
        "functions": [{"name": "charge", "path": "shop::charge"}],
        "queues": [{"name": "receipts", "path": "shop::RECEIPTS"}, {"name": "orders", "path": "shop::ORDERS"}],
        "caches": [],
        "edges": [{"function": "charge", "operation": "send", "resource": {"kind": "queue", "name": "receipts"}}]
    }"#;

    /// A folder that goes at the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let name = format!("cloudc-agreement-{name}-{}", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::create_dir_all(&path).expect("a folder");
            Self(path)
        }

        fn files(&self) -> Vec<String> {
            let entries = fs::read_dir(&self.0).expect("a folder");
            let read = |entry: std::io::Result<fs::DirEntry>| {
                fs::read_to_string(entry.expect("an entry").path()).expect("text")
            };
            entries.map(read).collect()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn agreement(graph: Option<&Path>, uses: Option<&Path>) -> Result<Option<Agreement>, String> {
        Agreement::of(graph.map(Into::into), uses.map(Into::into), &[])
    }

    #[test]
    fn without_variables_there_is_none() {
        assert!(agreement(None, None).expect("nothing to read").is_none());
        let empty = Path::new("");
        let found = agreement(Some(empty), Some(empty));
        assert!(found.expect("nothing to read").is_none());
    }

    #[test]
    fn a_graph_that_cannot_be_read_is_an_error_that_names_the_variable() {
        let folder = Folder::new("unreadable");
        let missing = folder.0.join("graph.json");
        let error = agreement(Some(&missing), None).expect_err("no graph");
        assert!(error.contains("which CLOUDC_GRAPH names: "), "{error}");
        fs::write(&missing, "{").expect("written");
        let error = agreement(Some(&missing), None).expect_err("no graph");
        assert!(error.contains("EOF while parsing"), "{error}");
        assert!(
            error.ends_with("run `cloudc test`, or unset CLOUDC_GRAPH"),
            "{error}"
        );
    }

    #[test]
    fn each_use_is_written_once_and_a_refused_one_is_not() {
        let (folder, uses) = (Folder::new("graph"), Folder::new("uses"));
        let graph = folder.0.join("graph.json");
        fs::write(&graph, CHARGE).expect("written");
        let agreement = agreement(Some(&graph), Some(&uses.0)).expect("a graph");
        let agreement = agreement.expect("variables");
        let send = |queue| agreement.used("charge", Use::Send, ResourceKind::Queue, queue);
        agreement.ran("charge");
        assert_eq!(send("receipts"), Ok(()));
        agreement.ran("charge");
        assert_eq!(send("receipts"), Ok(()));
        let first = send("orders").expect_err("no edge");
        assert_eq!(send("orders"), Err(first), "each time");
        assert_eq!(
            uses.files(),
            [concat!(
                "{\"function\":\"charge\"}\n",
                "{\"function\":\"charge\",\"operation\":\"send\",\"resource\":{\"kind\":\"queue\",\"name\":\"receipts\"}}\n",
            )]
        );
    }

    #[test]
    fn each_sometimes_is_written_and_once_that_it_was_true() {
        const fn site(line: u32) -> Site {
            Site {
                file: "src/lib.rs",
                line,
                column: 5,
                text: "a > 1",
            }
        }
        static SITES: [Site; 2] = [site(7), site(9)];
        let uses = Folder::new("sometimes");
        let linked: Vec<&'static Site> = SITES.iter().collect();
        let agreement = Agreement::of(None, Some(uses.0.clone().into()), &linked);
        let agreement = agreement.expect("nothing to read").expect("a variable");
        agreement.held(&SITES[1]);
        agreement.held(&SITES[1]);
        let line = |line: u32, held: &str| {
            format!(
                "{{\"sometimes\":{{\"file\":\"src/lib.rs\",\"line\":{line},\"column\":5,\"text\":\"a > 1\"}}{held}}}\n"
            )
        };
        let expected = line(7, "") + &line(9, "") + &line(9, ",\"held\":true");
        assert_eq!(uses.files(), [expected]);
    }

    #[test]
    fn without_a_graph_nothing_is_refused() {
        let uses = Folder::new("no-graph");
        let agreement = agreement(None, Some(&uses.0)).expect("nothing to read");
        let agreement = agreement.expect("a variable");
        assert_eq!(uses.files(), [""], "there is a world in this process");
        let used = |operation| agreement.used("f", operation, ResourceKind::Cache, "c");
        assert_eq!(used(Use::Write), Ok(()));
        assert_eq!(used(Use::Read), Ok(()));
        assert_eq!(uses.files()[0].lines().count(), 2);
    }

    #[test]
    fn without_a_folder_nothing_is_written_and_the_graph_still_holds() {
        let folder = Folder::new("no-uses");
        let graph = folder.0.join("graph.json");
        fs::write(&graph, CHARGE).expect("written");
        // A file is no folder to write in.
        for uses in [None, Some(graph.as_path())] {
            let agreement = agreement(Some(&graph), uses).expect("a graph");
            let agreement = agreement.expect("a variable");
            let send = |queue| agreement.used("charge", Use::Send, ResourceKind::Queue, queue);
            assert_eq!(send("receipts"), Ok(()));
            assert!(send("orders").is_err());
        }
    }
}
