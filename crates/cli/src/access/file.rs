//! The file of access tests as it is written. An unknown field is refused: a mistyped one must not change a test.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::offline::{Document, Keys};

/// The most bytes of a file.
const LIMIT: u64 = 16 * 1024 * 1024;

/// A whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Documents by name: written here, or the path of a file from here.
    #[serde(default)]
    pub policies: BTreeMap<String, Document>,
    #[serde(default)]
    pub callers: BTreeMap<String, Caller>,
    #[serde(default)]
    pub resources: Vec<Resource>,
    pub tests: Vec<Test>,
}

/// Somebody, with all policies that apply. The texts name documents.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caller {
    pub arn: String,
    #[serde(default)]
    pub policies: Vec<String>,
    pub boundary: Option<String>,
    #[serde(default)]
    pub session_policies: Vec<String>,
    /// Levels, the organization's root first.
    #[serde(default)]
    pub scps: Vec<Vec<String>>,
    #[serde(default)]
    pub context: Keys,
    #[serde(default)]
    pub service_linked_role: bool,
    #[serde(default)]
    pub management_account: bool,
}

/// A resource, and everything below it (`ARN/…`).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    pub arn: String,
    pub account: Option<String>,
    pub policy: Option<String>,
    /// Levels, the organization's root first.
    #[serde(default)]
    pub rcps: Vec<Vec<String>>,
    #[serde(default)]
    pub context: Keys,
}

/// One expectation, of each caller for each action on each resource.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Test {
    pub name: Option<String>,
    pub who: OneOrMany,
    pub does: OneOrMany,
    /// Absent for actions that act on no resource.
    pub on: Option<OneOrMany>,
    #[serde(default)]
    pub with: Keys,
    pub expect: Expectation,
}

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "a text or a list of texts")]
pub enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    pub fn all(&self) -> &[String] {
        match self {
            OneOrMany::One(one) => std::slice::from_ref(one),
            OneOrMany::Many(list) => list,
        }
    }
}

/// What a decision should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Expectation {
    Allowed,
    /// In whatever way.
    Denied,
    ExplicitDeny,
    ImplicitDeny,
}

impl Expectation {
    pub fn word(self) -> &'static str {
        match self {
            Expectation::Allowed => "allowed",
            Expectation::Denied => "denied",
            Expectation::ExplicitDeny => "explicitDeny",
            Expectation::ImplicitDeny => "implicitDeny",
        }
    }

    /// Whether the engine's word is as expected.
    pub fn is(self, decision: &str) -> bool {
        match self {
            Expectation::Denied => decision.ends_with("Deny"),
            exact => exact.word() == decision,
        }
    }
}

impl File {
    /// Reads a file, and the policy documents that it names by path.
    ///
    /// # Errors
    /// A sentence that says what is wrong with which file.
    pub fn open(path: &Path) -> Result<File, String> {
        let text = read(path)?;
        let mut file: File =
            serde_saphyr::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        for Document(document) in file.policies.values_mut() {
            if !document.trim_start().starts_with('{') {
                *document = document_at(&folder.join(&*document))?;
            }
        }
        Ok(file)
    }
}

/// A document's file: JSON, or the same in YAML.
fn document_at(path: &Path) -> Result<String, String> {
    let text = read(path)?;
    let yaml = path.extension().is_some_and(|end| end == "yaml" || end == "yml");
    if !yaml {
        return Ok(text);
    }
    let read: Result<Document, _> = serde_saphyr::from_str(&text);
    read.map(|Document(text)| text).map_err(|error| format!("{}: {error}", path.display()))
}

fn read(path: &Path) -> Result<String, String> {
    let say = |error: &dyn std::fmt::Display| format!("{} cannot be read: {error}", path.display());
    let size = std::fs::metadata(path).map_err(|error| say(&error))?.len();
    if size > LIMIT {
        return Err(say(&format_args!("it is larger than {LIMIT} bytes")));
    }
    std::fs::read_to_string(path).map_err(|error| say(&error))
}
