//! Validates manifests against the OpenAPI schemas of a real cluster, unknown fields counted as errors.
//!
//! The schemas are no part of the repository: the environment variable `CLOUDC_SCHEMAS` names the folder
//! with one `<group>_<version>.json` each.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The variable that names the folder.
pub const VARIABLE: &str = "CLOUDC_SCHEMAS";

/// The schemas of a cluster, by `apiVersion` and `kind`.
pub struct Schemas {
    folder: PathBuf,
    /// The files that were needed so far, by `apiVersion`.
    files: BTreeMap<String, File>,
    built: BTreeMap<(String, String), jsonschema::Validator>,
}

impl Schemas {
    /// The schemas of the folder in [`VARIABLE`]. Without it: `None`, and a note; in CI that is a failure.
    pub fn from_env() -> Option<Self> {
        crate::folder(VARIABLE).map(|folder| Self::load(&folder))
    }

    /// The schemas of a folder, each file of which is read when one of its kinds is checked.
    pub fn load(folder: &Path) -> Self {
        assert!(folder.is_dir(), "{} is no folder", folder.display());
        Self {
            folder: folder.to_owned(),
            files: BTreeMap::new(),
            built: BTreeMap::new(),
        }
    }

    /// What is wrong with an object: a line each.
    pub fn check(&mut self, object: &Value) -> Vec<String> {
        let text = |key: &str| object[key].as_str().unwrap_or_default().to_owned();
        let (version, kind) = (text("apiVersion"), text("kind"));
        let file = self.files.entry(version.clone()).or_insert_with(|| {
            let mut file = File::read(&self.folder, &version);
            let schemas = file.components.as_object_mut();
            schemas
                .into_iter()
                .flat_map(Map::values_mut)
                .for_each(close);
            file
        });
        let Some(name) = file.kinds.get(&kind) else {
            return vec![format!("no schema for {version} {kind}")];
        };
        let validator = self.built.entry((version, kind)).or_insert_with(|| {
            let schema = json!({
                "$ref": format!("#/components/schemas/{name}"),
                "components": {"schemas": file.components},
            });
            jsonschema::options()
                .with_draft(jsonschema::Draft::Draft202012)
                .build(&schema)
                .expect("a schema")
        });
        validator
            .iter_errors(object)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect()
    }

    /// What is wrong with the documents of a file: a line each, with the object's kind and name in front. A
    /// kustomization is no object of a cluster and is left out.
    pub fn check_file(&mut self, text: &str) -> Vec<String> {
        let objects = documents(text);
        let on_cluster = objects
            .iter()
            .filter(|object| object["kind"] != "Kustomization");
        let mut found = Vec::new();
        for object in on_cluster {
            let name = format!("{} {}", object["kind"], object["metadata"]["name"]);
            found.extend(
                self.check(object)
                    .into_iter()
                    .map(|error| format!("{name}: {error}")),
            );
        }
        found
    }
}

/// The schemas of one `apiVersion`.
pub struct File {
    /// The component schemas, by name.
    pub components: Value,
    /// The names of the kinds' schemas.
    kinds: BTreeMap<String, String>,
}

impl File {
    /// Reads the file of a folder that describes an `apiVersion`; without kinds where there is none.
    pub fn read(folder: &Path, api_version: &str) -> Self {
        let (group, version) = api_version.split_once('/').unwrap_or(("core", api_version));
        let path = folder.join(format!("{group}_{version}.json"));
        if !path.is_file() {
            return Self::new(api_version, json!({}));
        }
        let text = std::fs::read_to_string(&path).expect("a readable schema");
        let mut file: Value = serde_json::from_str(&text).expect("a schema in JSON");
        Self::new(api_version, file["components"]["schemas"].take())
    }

    /// Component schemas, some of which are those of an `apiVersion`'s kinds.
    pub fn new(api_version: &str, components: Value) -> Self {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let mut kinds = BTreeMap::new();
        for (name, schema) in components.as_object().into_iter().flatten() {
            let of = schema["x-kubernetes-group-version-kind"].as_array();
            let of = of.into_iter().flatten();
            for kind in of.filter(|kind| kind["group"] == group && kind["version"] == version) {
                kinds.insert(
                    kind["kind"].as_str().unwrap_or_default().to_owned(),
                    name.clone(),
                );
            }
        }
        Self { components, kinds }
    }

    /// The schema of a kind.
    pub fn kind(&self, kind: &str) -> Option<&Value> {
        self.components.get(self.kinds.get(kind)?)
    }
}

/// The documents of a YAML file.
pub fn documents(text: &str) -> Vec<Value> {
    serde_yaml::Deserializer::from_str(text)
        .map(|document| Value::deserialize(document).expect("YAML"))
        .filter(|document| !document.is_null())
        .collect()
}

/// Makes a schema refuse the fields that it does not know, as a strict API server does.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(node) => {
            for (key, child) in node.iter_mut() {
                // Under `properties` a key is a field's name and no keyword.
                if let ("properties", Value::Object(fields)) = (key.as_str(), &mut *child) {
                    fields.values_mut().for_each(close);
                } else {
                    close(child);
                }
            }
            if node.get("x-kubernetes-int-or-string") == Some(&Value::Bool(true)) {
                node.insert("type".to_owned(), json!(["integer", "string"]));
            }
            if is_open(node) {
                node.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

fn is_open(node: &Map<String, Value>) -> bool {
    let preserves = node.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(true));
    node.get("properties").is_some_and(Value::is_object)
        && !node.contains_key("additionalProperties")
        && !preserves
}
