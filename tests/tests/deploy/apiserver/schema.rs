//! The schemas of the served kinds, as server-side apply and decoding read them.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock};

use cloudc_tests::schemas::{Schemas, VARIABLE};
use serde_json::{Map, Value, json};

/// All schemas, read once for all tests.
pub(crate) struct Registry {
    files: Vec<Value>,
    /// File and name of a kind's schema, by `apiVersion` and `kind`.
    kinds: BTreeMap<(String, String), (usize, String)>,
    /// The file of the core group, where the metadata of kinds without a file of their own is described.
    core: usize,
    /// What checks bounds and patterns of custom resources.
    strict: Mutex<Schemas>,
}

/// How a list is merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ListKind {
    /// Whole.
    Atomic,
    /// By value.
    Set,
    /// By these keys, each with its default.
    Map(Vec<(String, Option<Value>)>),
}

/// What stands at a place of an object.
#[derive(Clone, Debug)]
pub(crate) enum Shape<'a> {
    /// A value of one of these types; none known where the list is empty.
    Scalar(Vec<&'a str>),
    /// A list.
    List(ListKind, Node<'a>),
    /// A struct, a map, or both.
    Object {
        /// Whether it has one owner alone.
        atomic: bool,
        /// The declared fields.
        fields: Option<&'a Map<String, Value>>,
        /// What stands at other keys; `None` where there may be none.
        others: Option<Node<'a>>,
    },
    /// Not described: maps are merged by key, lists are atomic.
    Unknown,
}

/// A place of a schema.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node<'a> {
    /// The component schemas that references name.
    components: &'a Value,
    schema: Option<&'a Value>,
}

impl Registry {
    /// The registry of `CLOUDC_SCHEMAS`; `None`, with a note, where the folder is not named.
    pub(crate) fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Registry>> = OnceLock::new();
        SHARED
            .get_or_init(|| cloudc_tests::folder(VARIABLE).map(|folder| Self::load(&folder)))
            .as_ref()
    }

    fn load(folder: &std::path::Path) -> Self {
        let mut registry = Self {
            files: vec![lease()],
            kinds: BTreeMap::new(),
            core: 0,
            strict: Mutex::new(Schemas::load(folder)),
        };
        let entries = std::fs::read_dir(folder).expect("the folder of schemas");
        let mut paths: Vec<_> = entries
            .map(|entry| entry.expect("an entry").path())
            .collect();
        paths.sort();
        for path in paths.iter().filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        }) {
            if path.ends_with("core_v1.json") {
                registry.core = registry.files.len();
            }
            let text = std::fs::read_to_string(path).expect("a readable schema");
            registry
                .files
                .push(serde_json::from_str(&text).expect("a schema in JSON"));
        }
        for (index, file) in registry.files.iter().enumerate() {
            for (name, schema) in file["components"]["schemas"]
                .as_object()
                .into_iter()
                .flatten()
            {
                for kind in schema["x-kubernetes-group-version-kind"]
                    .as_array()
                    .into_iter()
                    .flatten()
                {
                    let text = |key: &str| kind[key].as_str().unwrap_or_default().to_owned();
                    let version = super::kinds::api_version(&text("group"), &text("version"));
                    registry
                        .kinds
                        .entry((version, text("kind")))
                        .or_insert((index, name.clone()));
                }
            }
        }
        registry
    }

    /// The schema of a kind. One without a schema knows its metadata and nothing else.
    pub(crate) fn kind(&self, api_version: &str, kind: &str) -> Node<'_> {
        static BARE: OnceLock<Value> = OnceLock::new();
        match self.kinds.get(&(api_version.to_owned(), kind.to_owned())) {
            Some((file, name)) => {
                let components = &self.files[*file]["components"]["schemas"];
                Node {
                    components,
                    schema: components.get(name),
                }
            }
            None => Node {
                components: &self.files[self.core]["components"]["schemas"],
                schema: Some(BARE.get_or_init(bare)),
            },
        }
    }

    /// What a custom resource's bounds and patterns say against an object: a line each.
    pub(crate) fn bounds(&self, object: &Value) -> Vec<String> {
        self.strict
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .check(object)
    }
}

fn bare() -> Value {
    json!({
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": true,
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"},
        },
    })
}

/// The Lease of coordination.k8s.io/v1, which the folder does not describe.
fn lease() -> Value {
    let mut lease = bare();
    lease["x-kubernetes-preserve-unknown-fields"] = json!(false);
    lease["x-kubernetes-group-version-kind"] =
        json!([{"group": "coordination.k8s.io", "version": "v1", "kind": "Lease"}]);
    lease["properties"]["metadata"] =
        json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    lease["properties"]["spec"] = json!({"type": "object", "properties": {
        "acquireTime": {"type": "string"},
        "holderIdentity": {"type": "string"},
        "leaseDurationSeconds": {"type": "integer"},
        "leaseTransitions": {"type": "integer"},
        "preferredHolder": {"type": "string"},
        "renewTime": {"type": "string"},
        "strategy": {"type": "string"},
    }});
    json!({"components": {"schemas": {"Lease": lease}}})
}

impl<'a> Node<'a> {
    /// A keyword of this place: of the schema itself, or of what it refers to.
    pub(crate) fn keyword(&self, key: &str) -> Option<&'a Value> {
        let mut schema = self.schema?;
        loop {
            if let Some(value) = schema.get(key) {
                return Some(value);
            }
            let reference = schema
                .get("$ref")
                .or_else(|| schema.get("allOf")?.get(0)?.get("$ref"));
            let name = reference?.as_str()?.rsplit('/').next()?;
            schema = self.components.get(name)?;
        }
    }

    fn at(&self, schema: Option<&'a Value>) -> Self {
        Self {
            components: self.components,
            schema,
        }
    }

    fn says(&self, key: &str, value: &str) -> bool {
        self.keyword(key).and_then(Value::as_str) == Some(value)
    }

    /// What stands here.
    pub(crate) fn shape(&self) -> Shape<'a> {
        if self.keyword("x-kubernetes-int-or-string").is_some() {
            return Shape::Scalar(vec!["integer", "string"]);
        }
        if let Some(choices) = self
            .keyword("oneOf")
            .or_else(|| self.keyword("anyOf"))
            .and_then(Value::as_array)
        {
            let types: Vec<&str> = choices
                .iter()
                .filter_map(|choice| choice.get("type")?.as_str())
                .collect();
            if types.len() == choices.len() {
                return Shape::Scalar(types);
            }
        }
        match self.keyword("type").and_then(Value::as_str) {
            Some("array") => Shape::List(self.list_kind(), self.at(self.keyword("items"))),
            Some("object") => self.object(),
            Some(scalar) => Shape::Scalar(vec![scalar]),
            None if self.keyword("properties").is_some() => self.object(),
            None => Shape::Unknown,
        }
    }

    fn object(&self) -> Shape<'a> {
        let fields = self.keyword("properties").and_then(Value::as_object);
        let open = self.keyword("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(true));
        let others = match self.keyword("additionalProperties") {
            Some(Value::Object(_)) => Some(self.at(self.keyword("additionalProperties"))),
            Some(Value::Bool(true)) => Some(self.at(None)),
            _ if open => Some(self.at(None)),
            _ => None,
        };
        if fields.is_none() && others.is_none() {
            return Shape::Unknown;
        }
        Shape::Object {
            atomic: self.says("x-kubernetes-map-type", "atomic"),
            fields,
            others,
        }
    }

    fn list_kind(&self) -> ListKind {
        if self.says("x-kubernetes-list-type", "set") {
            return ListKind::Set;
        }
        let keys = self
            .keyword("x-kubernetes-list-map-keys")
            .and_then(Value::as_array);
        match keys {
            Some(keys) if self.says("x-kubernetes-list-type", "map") => {
                let items = self.at(self.keyword("items"));
                let names = keys.iter().filter_map(Value::as_str);
                let with_default = |name: &str| {
                    let default = items
                        .field(name)
                        .and_then(|field| field.keyword("default"))
                        .cloned();
                    // An empty text stands for 'none' in the published schemas.
                    (name.to_owned(), default.filter(|default| default != ""))
                };
                ListKind::Map(names.map(with_default).collect())
            }
            _ => ListKind::Atomic,
        }
    }

    /// The place of a field: a declared one, or one of the others.
    pub(crate) fn field(&self, name: &str) -> Option<Self> {
        match self.shape() {
            Shape::Object { fields, others, .. } => fields
                .and_then(|fields| fields.get(name))
                .map(|schema| self.at(Some(schema)))
                .or(others),
            Shape::Unknown => Some(self.at(None)),
            _ => None,
        }
    }

    /// Whether the field is declared, and no key of a map.
    pub(crate) fn declares(&self, name: &str) -> bool {
        matches!(self.shape(), Shape::Object { fields: Some(fields), .. } if fields.contains_key(name))
    }
}
