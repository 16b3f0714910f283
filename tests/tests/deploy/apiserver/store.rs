//! What the server keeps.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::faults::Fault;
use super::history::Entry;
use super::kinds::Kind;
use super::pods::Hang;
use super::schema::Registry;
use super::settings::Settings;

/// Where an object is kept: group, plural, namespace and name.
pub(crate) type Key = (&'static str, &'static str, String, String);

/// Objects, and what decides over requests.
pub(crate) struct State {
    /// The objects.
    pub(crate) objects: BTreeMap<Key, Value>,
    /// What a test chose when it made the cluster.
    pub(crate) settings: Settings,
    /// The schemas of the kinds.
    pub(crate) schemas: &'static Registry,
    /// All requests so far.
    pub(crate) history: Vec<Entry>,
    /// The rights that somebody asked for, verb and resource, and those that were used.
    pub(crate) asked: BTreeSet<(String, String)>,
    pub(crate) used: BTreeSet<(String, String)>,
    /// What goes wrong, and when.
    pub(crate) faults: Vec<Fault>,
    /// What containers wrote, by namespace, pod, container, and whether it was the run before.
    pub(crate) logs: BTreeMap<(String, String, String, bool), String>,
    /// What Jobs write before they end, by namespace and the start of their names.
    pub(crate) says: BTreeMap<(String, String), String>,
    /// The workloads that do not come up, by namespace and name.
    pub(crate) hangs: BTreeMap<(String, String), Hang>,
    /// The images that no node can pull.
    pub(crate) unpullable: BTreeSet<String>,
    /// Whether there are writes that the controllers have yet to act on.
    pub(crate) unsettled: bool,
    revision: u64,
    identities: u64,
    seconds: i64,
    addresses: u8,
}

/// The first second of every cluster.
const START: i64 = 1_767_225_600;

impl State {
    /// An empty cluster, with the namespaces that every cluster has.
    pub(crate) fn new(settings: Settings, schemas: &'static Registry) -> Self {
        let mut state = Self {
            objects: BTreeMap::new(),
            settings,
            schemas,
            history: Vec::new(),
            asked: BTreeSet::new(),
            used: BTreeSet::new(),
            faults: Vec::new(),
            logs: BTreeMap::new(),
            says: BTreeMap::new(),
            hangs: BTreeMap::new(),
            unpullable: BTreeSet::new(),
            unsettled: false,
            revision: 100,
            identities: 0,
            seconds: 0,
            addresses: 0,
        };
        let kind = super::kinds::by_name("v1", "Namespace");
        for name in ["default", "kube-system", "kube-public", "kube-node-lease"] {
            let mut namespace =
                json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
            super::prepare::identify(&mut state, &kind, "", &mut namespace);
            super::defaults::complete(&kind, &mut namespace);
            state.put(&kind, namespace);
        }
        state
    }

    /// The time, in RFC 3339. It goes on a second with every write, and by nothing else.
    pub(crate) fn now(&self) -> String {
        let time = jiff::Timestamp::from_second(START + self.seconds).expect("a time");
        time.to_string()
    }

    /// A new UID.
    pub(crate) fn identity(&mut self) -> String {
        self.identities += 1;
        format!("00000000-0000-4000-8000-{:012x}", self.identities)
    }

    /// A free address for a Service.
    pub(crate) fn address(&mut self) -> String {
        self.addresses = self.addresses.wrapping_add(1);
        format!("10.96.0.{}", u16::from(self.addresses) + 9)
    }

    /// The version of the whole store.
    pub(crate) fn revision(&self) -> String {
        self.revision.to_string()
    }

    /// An object.
    pub(crate) fn get(&self, kind: &Kind, namespace: &str, name: &str) -> Option<&Value> {
        self.objects.get(&key(kind, namespace, name))
    }

    /// The objects of a kind, of one namespace or of all.
    pub(crate) fn of_kind<'a>(
        &'a self,
        kind: &Kind,
        namespace: &'a str,
    ) -> impl Iterator<Item = &'a Value> {
        let first = (kind.group, kind.plural, namespace.to_owned(), String::new());
        let place = (kind.group, kind.plural);
        self.objects
            .range(first..)
            .take_while(move |(key, _)| {
                (key.0, key.1) == place && (namespace.is_empty() || key.2 == namespace)
            })
            .map(|(_, object)| object)
    }

    /// The same, as they are now.
    pub(crate) fn list(&self, kind: &Kind, namespace: &str) -> Vec<Value> {
        self.of_kind(kind, namespace).cloned().collect()
    }

    /// Keeps an object as its next version.
    pub(crate) fn put(&mut self, kind: &Kind, mut object: Value) -> Value {
        self.revision += 1;
        self.seconds += 1;
        object["metadata"]["resourceVersion"] = json!(self.revision.to_string());
        let key = key(
            kind,
            &text(&object["metadata"]["namespace"]),
            &text(&object["metadata"]["name"]),
        );
        self.objects.insert(key, object.clone());
        object
    }

    /// Takes an object away.
    pub(crate) fn take(&mut self, kind: &Kind, namespace: &str, name: &str) -> Option<Value> {
        let taken = self.objects.remove(&key(kind, namespace, name));
        self.revision += u64::from(taken.is_some());
        taken
    }
}

fn key(kind: &Kind, namespace: &str, name: &str) -> Key {
    (
        kind.group,
        kind.plural,
        namespace.to_owned(),
        name.to_owned(),
    )
}

/// A text, empty where there is none.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
