//! Reads the Service Authorization Reference into sorted rows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::fetch::Sources;

/// Keys that every action takes although they bear a service's prefix; crate `actions` says so by hand.
const GLOBAL: [&str; 2] = ["ec2:RoleDelivery", "ec2:SourceInstanceARN"];

/// Actions that AWS documents and the reference does not list, each with the one whose row it shares.
const UNLISTED: [(&str, &str, &str); 1] = [("iam", "UpdateDelegationRequest", "RejectDelegationRequest")];

/// All services asked for.
pub struct Reference {
    pub services: Vec<Service>,
}

/// One service's rows.
pub struct Service {
    pub prefix: String,
    pub actions: Vec<Action>,
    pub kinds: Vec<Kind>,
    /// Keys that begin with this prefix, and identity providers' keys.
    pub keys: Vec<Key>,
}

/// An action, with all keys of the resource kinds it takes.
#[derive(Clone)]
pub struct Action {
    pub name: String,
    pub access: &'static str,
    pub required: Vec<String>,
    pub optional: Vec<String>,
    pub keys: BTreeSet<String>,
    pub dependent: BTreeSet<String>,
}

impl Action {
    /// S3 marks no resource as required; all its actions with resources need one nevertheless.
    pub fn wildcard(&self, service: &str) -> bool {
        self.required.is_empty() && (self.optional.is_empty() || service != "s3")
    }
}

#[derive(Deserialize, Clone)]
pub struct Kind {
    pub key: String,
    pub arn: String,
    #[serde(default, rename = "conditionKeys")]
    keys: Vec<String>,
}

#[derive(Deserialize, Clone)]
pub struct Key {
    pub key: String,
    #[serde(rename = "type")]
    pub value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawAction {
    name: String,
    access_level: String,
    resource_types: Vec<RawResource>,
    condition_keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawResource {
    name: String,
    required: bool,
    condition_keys: Vec<String>,
}

type Dependents = BTreeMap<String, BTreeSet<String>>;

/// Reads `prefixes`, in that order.
pub fn read(sources: &Sources, prefixes: &[&str]) -> Result<Reference, String> {
    let definition: serde_json::Value = json(&sources.dependents)?;
    let mut services = Vec::new();
    for prefix in prefixes {
        services.push(service(&sources.reference, prefix, &dependents(&definition, prefix))?);
    }
    let of_owners: BTreeSet<String> = services
        .iter()
        .flat_map(|service| service.keys.iter().filter(|key| prefix_of(key) == service.prefix))
        .map(|key| key.key.clone())
        .collect();
    for service in &mut services {
        // A key that its owner does not list (`ec2:osuser`) is that of the one service that uses it.
        let prefix = service.prefix.clone();
        service.keys.retain(|key| prefix_of(key) == prefix || !of_owners.contains(&key.key));
    }
    Ok(Reference { services })
}

fn prefix_of(key: &Key) -> &str {
    key.key.split(':').next().unwrap_or("")
}

fn service(folder: &Path, prefix: &str, dependents: &Dependents) -> Result<Service, String> {
    let file = |kind: &str| folder.join(kind).join(format!("{prefix}.json"));
    let kinds: BTreeMap<String, Kind> = json(&file("resourceTypes"))?;
    let keys: BTreeMap<String, Key> = json(&file("conditionKeys"))?;
    let raw: BTreeMap<String, RawAction> = json(&file("actions"))?;
    let mut actions = Vec::new();
    for found in raw.into_values() {
        actions.push(action(found, &kinds, dependents)?);
    }
    add_unlisted(prefix, &mut actions)?;
    actions.sort_by_key(|action| action.name.to_ascii_lowercase());
    Ok(Service {
        prefix: prefix.to_owned(),
        actions,
        kinds: kinds.into_values().collect(),
        keys: keys.into_values().filter(|key| !key.key.starts_with("aws:")).collect(),
    })
}

fn add_unlisted(prefix: &str, actions: &mut Vec<Action>) -> Result<(), String> {
    for (_, name, like) in UNLISTED.iter().filter(|(service, _, _)| *service == prefix) {
        if actions.iter().any(|action| action.name == *name) {
            return Err(format!("{prefix}:{name} is listed by now"));
        }
        let found = actions.iter().find(|action| action.name == *like);
        let row = found.ok_or_else(|| format!("no action {prefix}:{like}"))?;
        actions.push(Action { name: (*name).to_owned(), ..row.clone() });
    }
    Ok(())
}

/// An action's keys are its own and those of its resources: the list the action gives for the resource when it gives
/// one, else the resource kind's own.
fn action(raw: RawAction, kinds: &BTreeMap<String, Kind>, dependents: &Dependents) -> Result<Action, String> {
    let mut keys: BTreeSet<String> = raw.condition_keys.into_iter().collect();
    let (mut required, mut optional) = (Vec::new(), Vec::new());
    for resource in raw.resource_types {
        let kind = kinds.get(&resource.name).ok_or_else(|| format!("no resource kind {}", resource.name))?;
        let own = resource.condition_keys;
        keys.extend(if own.is_empty() { kind.keys.clone() } else { own });
        let list = if resource.required { &mut required } else { &mut optional };
        // The same kind stands there twice where an action has two ways to be called.
        if !list.contains(&resource.name) {
            list.push(resource.name);
        }
    }
    keys.retain(|key| !GLOBAL.contains(&key.as_str()));
    let access = match raw.access_level.as_str() {
        "List" => "List",
        "Read" => "Read",
        "Write" => "Write",
        "Tagging" | "Tagging, Write" => "Tagging",
        "Permissions management" | "Permissions management, Write" => "PermissionsManagement",
        other => return Err(format!("{}: access level {other}", raw.name)),
    };
    let dependent = dependents.get(&raw.name).cloned().unwrap_or_default();
    Ok(Action { name: raw.name, access, required, optional, keys, dependent })
}

fn dependents(definition: &serde_json::Value, prefix: &str) -> Dependents {
    let mut found = Dependents::new();
    let privileges = definition.get(prefix).and_then(|service| service.get("privileges"));
    for (action, privilege) in privileges.and_then(|p| p.as_object()).into_iter().flatten() {
        let resources = privilege.get("resource_types").and_then(|r| r.as_object());
        for resource in resources.into_iter().flat_map(|r| r.values()) {
            let list = resource.get("dependent_actions").and_then(|list| list.as_array());
            let names = list.into_iter().flatten().filter_map(|name| name.as_str()).map(str::to_owned);
            found.entry(action.clone()).or_default().extend(names);
        }
    }
    found
}

/// Reads one file.
pub fn json<T: DeserializeOwned>(path: &Path) -> Result<T, String> {
    let text = fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    serde_json::from_slice(&text).map_err(|e| format!("{}: {e}", path.display()))
}
