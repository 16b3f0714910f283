//! The shop in a copy of the repository, and the changes that a week of work makes to them.

use std::fs;
use std::path::PathBuf;

use cloudc_tests::app::{App, copy, repository};

const RECEIPTS: &str = "examples/shop/src/receipts.rs";
const PAYMENTS: &str = "examples/shop/src/payments.rs";
const QUEUES: &str = "examples/shop/src/queues.rs";
const SETTINGS: &str = "examples/shop/cloudc.toml";
const SEARCH: &str = "examples/shop/src/search.rs";
const LIB: &str = "examples/shop/src/lib.rs";

/// The sources, in a folder that is removed at the end.
pub(crate) struct Application {
    app: App,
    /// The namespace and the registry, as `cloudc.toml` has them.
    settings: String,
    has_registry: bool,
    program: u32,
}

impl Application {
    /// Copies the sources, and writes the settings for a namespace.
    pub(crate) fn copy(namespace: &str, registry: Option<&str>, is_plain: bool) -> Self {
        let app = App::empty();
        copy(&repository(), &app.path(""));
        let mut settings = format!("namespace = {namespace:?}\n");
        if let Some(registry) = registry {
            settings.push_str(&format!(
                "registry = {registry:?}\nregistry_plain_http = {is_plain}\n"
            ));
        }
        app.write(SETTINGS, format!("{settings}[nats]\nstorage = \"1Gi\"\n"));
        Self {
            app,
            settings,
            has_registry: registry.is_some(),
            program: 1,
        }
    }

    pub(crate) fn settings(&self) -> &str {
        &self.settings
    }

    pub(crate) fn has_registry(&self) -> bool {
        self.has_registry
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.app.path(path)
    }

    /// Writes a file beside the sources.
    pub(crate) fn write(&self, path: &str, text: &str) -> PathBuf {
        self.app.write(path, text);
        self.path(path)
    }

    /// The arguments of a deploy that say which image: none where it is built, else a digest that is the program's own.
    pub(crate) fn image(&self) -> Vec<String> {
        if self.has_registry {
            return Vec::new();
        }
        vec!["--image".to_owned(), made_up(self.program)]
    }

    /// Changes what the program does, and nothing of its graph.
    pub(crate) fn another_program(&mut self) {
        let old = format!("paid. {}", self.thanks());
        self.program += 1;
        self.edit(RECEIPTS, &old, &format!("paid. {}", self.thanks()));
    }

    /// How receipts of this program end.
    pub(crate) fn thanks(&self) -> String {
        let signs = (0..self.program).map(|_| '!');
        format!("Thank you{}", signs.collect::<String>())
    }

    /// Gives `charge` this memory instead of what it has.
    pub(crate) fn memory_of_charge(&self, memory: &str) {
        let text = self.read(PAYMENTS);
        let start = text
            .find("#[function(queue = ORDERS")
            .expect("it is a queue's function");
        let end = start + text[start..].find(")]").expect("an end");
        let with = format!(
            "#[function(queue = ORDERS, timeout = \"20s\", scale = 0..=20, memory = {memory:?}"
        );
        self.app.write(
            PAYMENTS,
            format!("{}{with}{}", &text[..start], &text[end..]),
        );
    }

    /// Gives the service `search` this memory, or takes it back.
    pub(crate) fn memory_of_search(&self, memory: Option<&str>) {
        let start = "#[function(http = \"GET /search\", ";
        let (old, new) = match memory {
            Some(memory) => (String::new(), format!("memory = {memory:?}, ")),
            None => {
                let text = self.read(SEARCH);
                let at = text.find(start).expect("its function") + start.len();
                let end = text[at..].find("service").expect("its service");
                (text[at..at + end].to_owned(), String::new())
            }
        };
        self.edit(SEARCH, &format!("{start}{old}"), &format!("{start}{new}"));
    }

    /// Gives the broker this image.
    pub(crate) fn image_of_the_broker(&self, image: &str) {
        let text = self.read(SETTINGS);
        let lines = text.lines().filter(|line| !line.starts_with("image = "));
        let others: Vec<&str> = lines.collect();
        self.app.write(
            SETTINGS,
            format!("{}\nimage = {image:?}\n", others.join("\n")),
        );
    }

    /// Takes away the queue `restock-requests`, its consumer `restock` and the schedule that sends to it; the sources with them.
    pub(crate) fn without_restocking(&self) -> [(&'static str, String); 2] {
        let with = [LIB, QUEUES].map(|path| (path, self.read(path)));
        self.edit(LIB, "pub mod restocking;\n", "");
        self.edit(QUEUES, "use crate::restocking::Restock;\n", "");
        let text = self.read(QUEUES);
        let start = text.find("/// Pieces that wait").expect("the last queue");
        self.app.write(QUEUES, &text[..start]);
        with
    }

    /// Brings them back.
    pub(crate) fn with_restocking(&self, sources: [(&str, String); 2]) {
        for (path, text) in sources {
            self.app.write(path, text);
        }
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).expect("a source")
    }

    fn edit(&self, path: &str, old: &str, new: &str) {
        let text = self.read(path);
        assert!(text.contains(old), "{path} has no {old:?}");
        self.app.write(path, text.replace(old, new));
    }
}

/// The digest of an image that is nowhere.
pub(crate) fn made_up(number: u32) -> String {
    format!("sha256:{number:064x}")
}
