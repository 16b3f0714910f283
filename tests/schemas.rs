//! Validates manifests against the OpenAPI schemas of a real cluster, unknown fields counted as errors.
//!
//! The schemas are no part of the repository: the environment variable `CLOUDC_SCHEMAS` names the folder
//! with one `<group>_<version>.json` each.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The variable that names the folder.
pub const VARIABLE: &str = "CLOUDC_SCHEMAS";

/// The schemas of a cluster, by `apiVersion` and `kind`.
pub struct Schemas {
    files: Vec<Value>,
    kinds: BTreeMap<(String, String), (usize, String)>,
    built: BTreeMap<(String, String), jsonschema::Validator>,
}

impl Schemas {
    /// The schemas of the folder in [`VARIABLE`]. Without it: `None`, and a note; in CI that is a failure.
    pub fn from_env() -> Option<Self> {
        crate::folder(VARIABLE).map(|folder| Self::load(&folder))
    }

    /// The schemas of a folder.
    pub fn load(folder: &Path) -> Self {
        let mut paths: Vec<_> = std::fs::read_dir(folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "json")
            })
            .collect();
        paths.sort();
        let mut schemas = Self {
            files: Vec::new(),
            kinds: BTreeMap::new(),
            built: BTreeMap::new(),
        };
        for path in paths {
            let text = std::fs::read_to_string(&path).expect("a readable schema");
            let file = serde_json::from_str(&text).expect("a schema in JSON");
            schemas.add(file);
        }
        schemas
    }

    fn add(&mut self, mut file: Value) {
        let index = self.files.len();
        let components = file
            .pointer_mut("/components/schemas")
            .and_then(Value::as_object_mut);
        for (name, schema) in components.into_iter().flatten() {
            for kind in schema["x-kubernetes-group-version-kind"]
                .as_array()
                .into_iter()
                .flatten()
            {
                let text = |key: &str| kind[key].as_str().unwrap_or_default().to_owned();
                let version = match text("group").as_str() {
                    "" => text("version"),
                    group => format!("{group}/{}", text("version")),
                };
                self.kinds
                    .insert((version, text("kind")), (index, name.clone()));
            }
            close(schema);
        }
        self.files.push(file);
    }

    /// What is wrong with an object: a line each.
    pub fn check(&mut self, object: &Value) -> Vec<String> {
        let text = |key: &str| object[key].as_str().unwrap_or_default().to_owned();
        let kind = (text("apiVersion"), text("kind"));
        let Some((file, name)) = self.kinds.get(&kind) else {
            return vec![format!("no schema for {} {}", kind.0, kind.1)];
        };
        let validator = self.built.entry(kind).or_insert_with(|| {
            let schema = json!({
                "$ref": format!("#/components/schemas/{name}"),
                "components": self.files[*file]["components"],
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
