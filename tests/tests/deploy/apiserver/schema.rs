//! The schemas of the served kinds, as server-side apply and decoding read them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock};

use cloudc_tests::schemas::{File, Schemas, VARIABLE};
use serde_json::{Map, Value, json};

use super::kinds::{KINDS, Kind};

/// All schemas. A file is read when one of its kinds is asked for: each test may be a process of its own.
pub(crate) struct Registry {
    folder: PathBuf,
    /// The files, by the `apiVersion` of their kinds.
    files: BTreeMap<String, OnceLock<File>>,
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
    /// What the schema refers to.
    referred: Option<&'a Value>,
}

impl Registry {
    /// The registry of `CLOUDC_SCHEMAS`; `None`, with a note, where the folder is not named.
    pub(crate) fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Registry>> = OnceLock::new();
        SHARED
            .get_or_init(|| cloudc_tests::folder(VARIABLE).map(Self::load))
            .as_ref()
    }

    fn load(folder: PathBuf) -> Self {
        let versions = KINDS.iter().map(Kind::api_version);
        Self {
            strict: Mutex::new(Schemas::load(&folder)),
            files: versions.map(|version| (version, OnceLock::new())).collect(),
            folder,
        }
    }

    fn file(&self, api_version: &str) -> &File {
        self.files[api_version].get_or_init(|| match api_version {
            LEASES => File::new(LEASES, lease()),
            _ => File::read(&self.folder, api_version),
        })
    }

    /// The schema of a kind. One without a schema knows its metadata and nothing else.
    pub(crate) fn kind(&self, api_version: &str, kind: &str) -> Node<'_> {
        static BARE: OnceLock<Value> = OnceLock::new();
        let file = self.file(api_version);
        match file.kind(kind) {
            Some(schema) => Node::new(&file.components, Some(schema)),
            None => Node::new(&self.file("v1").components, Some(BARE.get_or_init(bare))),
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

/// What the folder does not describe.
const LEASES: &str = "coordination.k8s.io/v1";

/// The Lease, as a component schema.
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
    json!({"Lease": lease})
}

impl<'a> Node<'a> {
    fn new(components: &'a Value, schema: Option<&'a Value>) -> Self {
        let referred = schema.and_then(|schema| {
            let reference = schema
                .get("$ref")
                .or_else(|| schema.get("allOf")?.get(0)?.get("$ref"));
            components.get(reference?.as_str()?.rsplit('/').next()?)
        });
        Self {
            components,
            schema,
            referred,
        }
    }

    fn at(&self, schema: Option<&'a Value>) -> Self {
        Self::new(self.components, schema)
    }

    /// A keyword of this place: of the schema itself, or of what it refers to.
    pub(crate) fn keyword(&self, key: &str) -> Option<&'a Value> {
        let own = self.schema?.get(key);
        own.or_else(|| self.at(Some(self.referred?)).keyword(key))
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
        self.field_of(&self.shape(), name)
    }

    /// The same, of a place whose shape is known.
    pub(crate) fn field_of(&self, shape: &Shape<'a>, name: &str) -> Option<Self> {
        match shape {
            Shape::Object { fields, others, .. } => fields
                .and_then(|fields| fields.get(name))
                .map(|schema| self.at(Some(schema)))
                .or(*others),
            Shape::Unknown => Some(self.at(None)),
            _ => None,
        }
    }
}

impl Shape<'_> {
    /// Whether a field is declared, and no key of a map.
    pub(crate) fn declares(&self, name: &str) -> bool {
        matches!(self, Self::Object { fields: Some(fields), .. } if fields.contains_key(name))
    }
}
