//! A service model as botocore publishes it, in the order it was written, with our patches applied.

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::path::Path;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

/// A JSON object in its own order.
#[derive(Debug, Clone)]
pub struct Ordered<T>(pub Vec<(String, T)>);

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Ordered(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Pairs<T> {
            type Value = Ordered<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered<T>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Ordered(pairs))
            }
        }
        deserializer.deserialize_map(Pairs(PhantomData))
    }
}

#[derive(Debug, Deserialize)]
pub struct Model {
    pub metadata: Metadata,
    pub operations: Ordered<Operation>,
    shapes: HashMap<String, Shape>,
    #[serde(skip)]
    pub patches: Patches,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    pub api_version: String,
    pub protocol: String,
    pub json_version: Option<String>,
    pub target_prefix: Option<String>,
    pub xml_namespace: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct Operation {
    pub http: Http,
    pub input: Option<Io>,
    pub output: Option<Io>,
    /// `none`: the caller brings its own proof instead of a signature.
    pub authtype: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Http {
    pub method: String,
    pub request_uri: String,
    pub response_code: Option<u16>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Io {
    pub shape: String,
    pub result_wrapper: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Shape {
    #[serde(rename = "type")]
    pub kind: String,
    pub members: Ordered<Member>,
    pub required: Vec<String>,
    pub member: Option<Member>,
    pub key: Option<Member>,
    pub value: Option<Member>,
    #[serde(rename = "enum")]
    pub values: Vec<String>,
    pub min: Option<serde_json::Number>,
    pub max: Option<serde_json::Number>,
    pub pattern: Option<String>,
    pub sensitive: bool,
    pub exception: bool,
    pub error: Option<ErrorFacts>,
    pub payload: Option<String>,
    pub location_name: Option<String>,
    pub flattened: bool,
    pub streaming: bool,
    pub timestamp_format: Option<String>,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Member {
    pub shape: String,
    pub location: Option<String>,
    pub location_name: Option<String>,
    pub query_name: Option<String>,
    pub flattened: bool,
    pub xml_attribute: bool,
    pub streaming: bool,
    pub timestamp_format: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorFacts {
    pub code: Option<String>,
    pub http_status_code: Option<u16>,
}

/// What we change of one service's model, and why, from `codegen/model-patches.json`.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Patches {
    /// Operations left out, each with its reason.
    pub without: HashMap<String, String>,
    /// Root elements of rest-xml answers where the service's differ from the shape's name.
    pub roots: HashMap<String, String>,
    /// Enumerations whose values the operations check, since the service has a code of its own for them.
    pub open_enums: Vec<String>,
    /// Members that may be absent although the model requires them: `Shape.Member`.
    pub optional: Vec<String>,
    /// Patterns that need lookaround in Java's dialect, in ours.
    pub patterns: HashMap<String, String>,
    /// Patterns of shapes whose documentation allows more than the model's.
    pub shape_patterns: HashMap<String, String>,
    /// Outputs whose only member is the text of the root element itself.
    pub bare_roots: Vec<String>,
    /// Operations that take bytes in before they run although their input is no stream, each with its reason.
    pub staged: HashMap<String, String>,
    /// Structures that records keep, or that are turned into each other: with all they lead to they can be
    /// (de)serialized.
    pub kept: Vec<String>,
}

impl Model {
    /// Reads a model and its patches.
    pub fn read(path: &Path, patches: Patches) -> Result<Model, String> {
        let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let mut model: Model = serde_json::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?;
        model.operations.0.retain(|(name, _)| !patches.without.contains_key(name));
        for spec in &patches.optional {
            let (shape, member) = spec.split_once('.').ok_or_else(|| format!("patch {spec}: no dot"))?;
            let shape = model.shapes.get_mut(shape).ok_or_else(|| format!("patch {spec}: no such shape"))?;
            shape.required.retain(|required| required != member);
        }
        for name in &patches.open_enums {
            let shape = model.shapes.get_mut(name).ok_or_else(|| format!("patch {name}: no such shape"))?;
            shape.values.clear();
        }
        for (name, pattern) in &patches.shape_patterns {
            let shape = model.shapes.get_mut(name).ok_or_else(|| format!("patch {name}: no such shape"))?;
            shape.pattern = Some(pattern.clone());
        }
        model.patches = patches;
        Ok(model)
    }

    /// The model of one suite of botocore's protocol tests.
    pub fn of_suite(value: serde_json::Value) -> Result<Model, String> {
        serde_json::from_value(value).map_err(|e| e.to_string())
    }

    /// Takes out the regular expressions, of which some would need a translation by hand.
    pub fn forget_patterns(&mut self) {
        self.shapes.values_mut().for_each(|shape| shape.pattern = None);
    }

    pub fn shape(&self, name: &str) -> Result<&Shape, String> {
        self.shapes.get(name).ok_or_else(|| format!("shape {name} is not in the model"))
    }

    /// All exceptions, by name.
    pub fn exceptions(&self) -> Vec<(&String, &Shape)> {
        let mut all: Vec<_> = self.shapes.iter().filter(|(_, shape)| shape.exception).collect();
        all.sort_by_key(|(name, _)| *name);
        all
    }
}
