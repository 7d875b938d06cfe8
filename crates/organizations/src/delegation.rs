//! The organization's resource policy: which of its operations member accounts may call.

use std::collections::BTreeMap;

use rolecall_base::{AccountId, Fault};
use rolecall_identity::records::{DelegationPolicy, Members, Organization};
use rolecall_identity::{saved_principal, shown_principals};
use rolecall_policy::{Effect, Kind, Policy, PrincipalEntry, PrincipalType, ResourceKind};
use rolecall_store::Reader;

use crate::model;
use crate::refusal::invalid;

const KIND: Kind = Kind::Resource(ResourceKind::Other);

/// What a resource policy may be about: reading, and managing policies.
const ACTIONS: [&str; 33] = [
    "AttachPolicy",
    "CreatePolicy",
    "DeletePolicy",
    "DescribeAccount",
    "DescribeCreateAccountStatus",
    "DescribeEffectivePolicy",
    "DescribeHandshake",
    "DescribeOrganization",
    "DescribeOrganizationalUnit",
    "DescribePolicy",
    "DescribeResourcePolicy",
    "DetachPolicy",
    "DisablePolicyType",
    "EnablePolicyType",
    "ListAccounts",
    "ListAccountsForParent",
    "ListAccountsWithInvalidEffectivePolicy",
    "ListAWSServiceAccessForOrganization",
    "ListChildren",
    "ListCreateAccountStatus",
    "ListDelegatedAdministrators",
    "ListDelegatedServicesForAccount",
    "ListEffectivePolicyValidationErrors",
    "ListHandshakesForOrganization",
    "ListOrganizationalUnitsForParent",
    "ListParents",
    "ListPolicies",
    "ListPoliciesForTarget",
    "ListRoots",
    "ListTagsForResource",
    "ListTargetsForPolicy",
    "TagResource",
    "UntagResource",
];

/// A document as it is stored, with users and roles among its principals by unique id.
///
/// # Errors
/// InvalidInputException for what is no policy, grants to nobody of the organization, or is about other actions.
pub(crate) fn stored(db: &Reader, organization: &Organization, text: &str) -> Result<String, Fault> {
    let malformed = |_| invalid("INVALID_RESOURCE_POLICY_JSON", "The provided resource policy is not valid.");
    let policy = Policy::parse(text, KIND).map_err(malformed)?;
    check_actions(text)?;
    let mut words = BTreeMap::new();
    for entry in policy.principals() {
        let word = principal(db, organization, entry)?.ok_or_else(|| {
            invalid("INVALID_PRINCIPAL", "You specified an invalid principal in the resource policy.")
        })?;
        words.insert(entry.value.clone(), word);
    }
    Ok(policy
        .text_with_principals(&|entry| words.get(&entry.value).filter(|word| **word != entry.value).cloned()))
}

fn check_actions(text: &str) -> Result<(), Fault> {
    let document: serde_json::Value = serde_json::from_str(text).map_err(Fault::internal)?;
    let statements = match document.get("Statement") {
        Some(serde_json::Value::Array(list)) => list.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    };
    for statement in statements {
        let allows = statement.get("Effect").and_then(|effect| effect.as_str()) == Some("Allow");
        let actions = match statement.get("Action") {
            Some(serde_json::Value::Array(list)) => list.clone(),
            Some(one) => vec![one.clone()],
            None => Vec::new(),
        };
        let known = |action: &serde_json::Value| action.as_str().is_some_and(is_known);
        if allows && (actions.is_empty() || !actions.iter().all(known)) {
            let text = "You specified an action in the resource policy that isn't supported.";
            return Err(invalid("UNSUPPORTED_ACTION_IN_RESOURCE_POLICY", text));
        }
    }
    Ok(())
}

/// Whether an action, perhaps with a wildcard at its end, is only about what may be delegated.
fn is_known(action: &str) -> bool {
    let Some(name) = action.strip_prefix("organizations:") else { return false };
    match name.strip_suffix('*') {
        Some("Describe" | "List") => true,
        Some(_) => false,
        None => ACTIONS.iter().any(|known| known.eq_ignore_ascii_case(name)),
    }
}

/// A principal's word in the stored document; `None` for one that may not be named.
fn principal(
    db: &Reader,
    organization: &Organization,
    entry: &PrincipalEntry,
) -> Result<Option<String>, Fault> {
    // Anybody's name may stand in a Deny, and anybody's at all where a condition narrows it to the organization.
    if entry.kind == PrincipalType::Everyone || entry.value == "*" {
        return Ok(Some(entry.value.clone()));
    }
    if entry.kind != PrincipalType::Aws {
        return Ok(None);
    }
    let inside = |account: AccountId| -> Result<bool, Fault> {
        let member = db.get::<Members>(&account)?;
        Ok(member.is_some_and(|member| member.organization == organization.id)
            || entry.effect == Effect::Deny)
    };
    saved_principal(db, &entry.value, &inside)
}

/// The policy as clients see it: ARNs for the unique ids of those who still exist.
pub(crate) fn shown(
    db: &Reader,
    organization: &Organization,
    row: &DelegationPolicy,
) -> Result<model::ResourcePolicy, Fault> {
    let policy = Policy::load(&row.content, KIND).map_err(Fault::internal)?;
    let arns = shown_principals(db, &policy)?;
    Ok(model::ResourcePolicy {
        resource_policy_summary: Some(model::ResourcePolicySummary {
            id: Some(row.id.clone()),
            arn: Some(organization.arn_of("resourcepolicy", &row.id)),
        }),
        content: Some(policy.text_with_principals(&|entry| arns.get(&entry.value).cloned())),
    })
}
