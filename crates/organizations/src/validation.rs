//! What is wrong with an effective policy although each of its policies is well formed: what their merging made of them.

use rolecall_base::{Fault, Time};
use rolecall_identity::path_of;
use rolecall_identity::records::{Member, Organization};
use rolecall_store::Reader;
use serde_json::Value;

use crate::effective::Effective;
use crate::model::EffectivePolicyValidationError;
use crate::policies::{self, Found};
use crate::policy_type::PolicyType;

/// An effective policy with what it was made of.
#[derive(Debug, Default)]
pub(crate) struct Merged {
    /// `None` when nothing is in it.
    pub policy: Option<Value>,
    /// When a policy in it was last changed.
    pub updated: Time,
    /// The policies, root's first.
    pub from: Vec<(String, Value)>,
}

/// Merges an account's policies of a type, level by level.
///
/// # Errors
/// When the store can't be read.
pub(crate) fn merge(
    db: &Reader,
    organization: &Organization,
    member: &Member,
    kind: &PolicyType,
) -> Result<Merged, Fault> {
    let path = path_of(db, organization, &member.parent)?;
    let mut levels: Vec<String> = path.split('/').skip(1).map(str::to_owned).collect();
    levels.push(member.account.to_string());
    let (mut effective, mut merged) = (Effective::default(), Merged::default());
    for level in levels.iter().filter(|_| organization.is_enabled(kind.name)) {
        let mut documents = Vec::new();
        for id in policies::on_target(db, organization, kind.name, level)? {
            let found = policies::get(db, organization, &id)?;
            if let Found::Own(policy) = &found {
                merged.updated = merged.updated.max(policy.updated);
            }
            let document: Value = serde_json::from_str(found.content()).map_err(Fault::internal)?;
            merged.from.push((id, document.clone()));
            documents.push(document);
        }
        effective.merge_level(&documents);
    }
    merged.policy = effective.finish();
    Ok(merged)
}

/// A limit of a type: how many members an element may have, by its path; `*` is any name.
struct Most(&'static str, &'static [&'static str], usize);

/// Limits that each policy may keep and their merging break. AWS does not list them in one place; these are AWS Backup's.
const LIMITS: [Most; 3] = [
    Most("BACKUP_POLICY", &["plans"], 20),
    Most("BACKUP_POLICY", &["plans", "*", "rules"], 10),
    Most("BACKUP_POLICY", &["plans", "*", "selections", "tags"], 30),
];

/// What an element of a type must have, by its path.
struct Needed(&'static str, &'static [&'static str], &'static str);

const NEEDED: [Needed; 4] = [
    Needed("BACKUP_POLICY", &["plans", "*"], "rules"),
    Needed("BACKUP_POLICY", &["plans", "*"], "regions"),
    Needed("BACKUP_POLICY", &["plans", "*"], "selections"),
    Needed("BACKUP_POLICY", &["plans", "*", "rules", "*"], "target_backup_vault_name"),
];

/// All that is wrong with a merged policy.
pub(crate) fn errors(kind: &PolicyType, merged: &Merged) -> Vec<EffectivePolicyValidationError> {
    let Some(policy) = &merged.policy else { return Vec::new() };
    let mut found = Vec::new();
    for Most(_, path, most) in LIMITS.iter().filter(|limit| limit.0 == kind.name) {
        for (place, element) in elements(policy, path) {
            let count =
                element.as_object().map_or_else(|| element.as_array().map_or(0, Vec::len), |all| all.len());
            if count > *most {
                let text = format!("The element has {count} members, which is more than {most}.");
                found.push(error(merged, "ELEMENTS_TOO_MANY", text, &place));
            }
        }
    }
    for Needed(_, path, name) in NEEDED.iter().filter(|needed| needed.0 == kind.name) {
        for (place, element) in elements(policy, path) {
            if element.get(name).is_none() {
                let text = format!("The element has no {name}.");
                found.push(error(merged, "REQUIRED_ELEMENT_MISSING", text, &place));
            }
        }
    }
    found
}

/// The elements at a path, with their places.
fn elements<'v>(policy: &'v Value, path: &[&str]) -> Vec<(Vec<String>, &'v Value)> {
    let mut all = vec![(Vec::new(), policy)];
    for step in path {
        let mut next = Vec::new();
        for (place, element) in all {
            let members = element.as_object().into_iter().flatten();
            for (name, member) in members.filter(|(name, _)| *step == "*" || name == step) {
                let place: Vec<String> = place.iter().cloned().chain([name.clone()]).collect();
                next.push((place, member));
            }
        }
        all = next;
    }
    all
}

fn error(merged: &Merged, code: &str, text: String, place: &[String]) -> EffectivePolicyValidationError {
    let reaches = |document: &Value| {
        let mut at = Some(document);
        for name in place {
            at = at.and_then(|element| element.get(name));
        }
        at.is_some()
    };
    let from = merged.from.iter().filter(|(_, document)| reaches(document)).map(|(id, _)| id.clone());
    EffectivePolicyValidationError {
        error_code: Some(code.to_owned()),
        error_message: Some(text),
        path_to_error: Some(place.join("/")),
        contributing_policies: Some(from.collect()),
    }
}
