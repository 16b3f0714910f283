//! Sets of fields: who owns what, in the tree form of `FieldsV1`.
//!
//! The rules are those of structured-merge-diff: a key is `f:<field>`, `k:<keys of a list item>` or `v:<value of a
//! set>`, and `.` says that the node itself is in the set.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// A field of a struct or a key of a map.
    Field(String),
    /// The item of a list with these keys, as JSON text with sorted keys.
    Item(String),
    /// The item of a set, as JSON text.
    Member(String),
}

impl Step {
    /// A field's step.
    pub(crate) fn field(name: &str) -> Self {
        Self::Field(name.to_owned())
    }

    fn key(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Item(keys) => format!("k:{keys}"),
            Self::Member(value) => format!("v:{value}"),
        }
    }

    fn parse(key: &str) -> Option<Self> {
        let (kind, rest) = key.split_once(':')?;
        Some(match kind {
            "f" => Self::field(rest),
            "k" => Self::Item(rest.to_owned()),
            "v" => Self::Member(rest.to_owned()),
            _ => return None,
        })
    }

    /// The step as messages write it: `.spec`, `[name="app"]`, `[="x"]`.
    fn shown(&self) -> String {
        match self {
            Self::Field(name) => format!(".{name}"),
            Self::Member(value) => format!("[={value}]"),
            Self::Item(keys) => {
                let keys: Map<String, Value> = serde_json::from_str(keys).unwrap_or_default();
                let pairs: Vec<String> = keys
                    .iter()
                    .map(|(key, value)| format!("{key}={value}"))
                    .collect();
                format!("[{}]", pairs.join(","))
            }
        }
    }
}

/// A path as messages write it: `.spec.template.spec.containers[name="app"].image`.
pub(crate) fn shown(path: &[Step]) -> String {
    path.iter().map(Step::shown).collect()
}

/// A set of fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields {
    /// Whether the node itself is in the set.
    pub(crate) member: bool,
    /// What is in the set below it.
    pub(crate) children: BTreeMap<Step, Fields>,
}

impl Fields {
    /// The set of one path and nothing else; adds it.
    pub(crate) fn insert(&mut self, path: &[Step]) {
        let mut node = self;
        for step in path {
            node = node.children.entry(step.clone()).or_default();
        }
        node.member = true;
    }

    /// Whether nothing is in the set.
    pub(crate) fn is_empty(&self) -> bool {
        !self.member && self.children.values().all(Self::is_empty)
    }

    /// The subset at a child.
    pub(crate) fn child(&self, step: &Step) -> Option<&Self> {
        self.children.get(step)
    }

    /// What is in either.
    pub(crate) fn union(&self, other: &Self) -> Self {
        let mut both = self.clone();
        both.member |= other.member;
        for (step, child) in &other.children {
            let merged = both
                .children
                .get(step)
                .map_or_else(|| child.clone(), |own| own.union(child));
            both.children.insert(step.clone(), merged);
        }
        both
    }

    /// What is in both.
    pub(crate) fn intersection(&self, other: &Self) -> Self {
        self.keep(Some(other), |own, theirs| own && theirs)
    }

    /// What is in this one alone.
    pub(crate) fn difference(&self, other: &Self) -> Self {
        self.keep(Some(other), |own, theirs| own && !theirs)
    }

    fn keep(&self, other: Option<&Self>, rule: fn(bool, bool) -> bool) -> Self {
        let mut kept = Self {
            member: rule(self.member, other.is_some_and(|other| other.member)),
            ..Self::default()
        };
        for (step, child) in &self.children {
            let child = child.keep(other.and_then(|other| other.child(step)), rule);
            if !child.is_empty() {
                kept.children.insert(step.clone(), child);
            }
        }
        kept
    }

    /// The set with the named fields above its members as members too: who owns `a.b` owns `a`, unless `a` is an item.
    pub(crate) fn with_named_parents(&self) -> Self {
        let mut all = self.clone();
        for (step, child) in &mut all.children {
            *child = child.with_named_parents();
            child.member |= matches!(step, Step::Field(_)) && !child.is_empty();
        }
        all
    }

    /// Without a path and all below it.
    pub(crate) fn remove(&mut self, path: &[Step]) {
        if let [step, rest @ ..] = path {
            if rest.is_empty() {
                self.children.remove(step);
            } else if let Some(child) = self.children.get_mut(step) {
                child.remove(rest);
                if child.is_empty() {
                    self.children.remove(step);
                }
            }
        }
    }

    /// All members, in order.
    pub(crate) fn paths(&self) -> Vec<Vec<Step>> {
        let mut found = Vec::new();
        self.collect(&mut Vec::new(), &mut found);
        found
    }

    fn collect(&self, path: &mut Vec<Step>, found: &mut Vec<Vec<Step>>) {
        if self.member {
            found.push(path.clone());
        }
        for (step, child) in &self.children {
            path.push(step.clone());
            child.collect(path, found);
            path.pop();
        }
    }

    /// The set as `fieldsV1`.
    pub(crate) fn to_json(&self) -> Value {
        let mut tree = Map::new();
        if self.member && !self.children.is_empty() {
            tree.insert(".".to_owned(), json!({}));
        }
        for (step, child) in &self.children {
            tree.insert(step.key(), child.to_json());
        }
        Value::Object(tree)
    }

    /// The set of a `fieldsV1`.
    pub(crate) fn from_json(tree: &Value) -> Self {
        let mut set = Self::read(tree);
        set.member = false;
        set
    }

    fn read(tree: &Value) -> Self {
        let keys = tree.as_object();
        let mut set = Self {
            member: keys.is_none_or(|keys| keys.is_empty() || keys.contains_key(".")),
            ..Self::default()
        };
        for (key, child) in keys.into_iter().flatten() {
            if let Some(step) = Step::parse(key) {
                set.children.insert(step, Self::read(child));
            }
        }
        set
    }
}
