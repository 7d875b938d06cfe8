//! `PolicyExclusionList`: policies that a simulation of a principal leaves out.

use rolecall_base::{Arn, Fault};
use rolecall_policy::{Owner, PolicyId};

use crate::model::{PolicyIdentifier, fault};

/// What is left out.
#[derive(Debug, Default)]
pub(crate) struct Exclusions(Vec<Exclusion>);

#[derive(Debug)]
enum Exclusion {
    /// `inline`, `aws-managed`, `user-managed`, `permission-boundary`, `scp`, `rcp`.
    Type(String),
    /// With wildcards in the name.
    Managed(String),
    Inline {
        policy: String,
        owner: String,
        entity: String,
    },
}

impl Exclusions {
    /// # Errors
    /// InvalidInput for an identifier that is not exactly one thing, a malformed ARN, a wildcard where none may be.
    pub fn read(list: Option<&[PolicyIdentifier]>) -> Result<Exclusions, Fault> {
        list.unwrap_or_default().iter().map(read).collect::<Result<_, _>>().map(Exclusions)
    }

    /// Whether a policy of the principal or of a group of it is left out.
    pub fn identity(&self, id: &PolicyId) -> bool {
        self.0.iter().any(|exclusion| match (exclusion, id) {
            (Exclusion::Type(word), PolicyId::Inline { .. }) => word == "inline",
            (Exclusion::Type(word), PolicyId::Managed(arn)) => word == managed_type(arn),
            (Exclusion::Managed(pattern), PolicyId::Managed(arn)) => is_like(arn, pattern),
            (
                Exclusion::Inline { policy, owner, entity },
                PolicyId::Inline { owner: of, entity: name, name: own },
            ) => policy == own && owner == word(*of) && is_like(name, entity),
            _ => false,
        })
    }

    pub fn boundary(&self) -> bool {
        self.has("permission-boundary")
    }

    pub fn scps(&self) -> bool {
        self.has("scp")
    }

    fn has(&self, wanted: &str) -> bool {
        self.0.iter().any(|exclusion| matches!(exclusion, Exclusion::Type(word) if word == wanted))
    }
}

fn managed_type(arn: &str) -> &'static str {
    let of_aws = Arn::parse(arn).is_ok_and(|arn| arn.account == "aws");
    if of_aws { "aws-managed" } else { "user-managed" }
}

fn word(owner: Owner) -> &'static str {
    match owner {
        Owner::User => "user",
        Owner::Group => "group",
        Owner::Role => "role",
    }
}

fn read(identifier: &PolicyIdentifier) -> Result<Exclusion, Fault> {
    let PolicyIdentifier { policy_type, policy_arn, inline_policy_identifier } = identifier;
    match (policy_type, policy_arn, inline_policy_identifier) {
        (Some(word), None, None) => Ok(Exclusion::Type(word.clone())),
        (None, Some(arn), None) => {
            let parsed = Arn::parse(arn).ok();
            let name = parsed.as_ref().and_then(|arn| arn.resource.strip_prefix("policy/"));
            let head = name.and_then(|name| arn.strip_suffix(name));
            if !name.is_some_and(is_pattern) || head.is_some_and(|head| head.contains(['*', '?'])) {
                return Err(fault::invalid_input(format!(
                    "Invalid policy ARN in PolicyExclusionList: {arn}"
                )));
            }
            Ok(Exclusion::Managed(arn.clone()))
        }
        (None, None, Some(inline)) => {
            if !is_pattern(&inline.attachment_name) || inline.policy_name.contains(['*', '?']) {
                return Err(fault::invalid_input(format!(
                    "Invalid inline policy identifier in PolicyExclusionList: {} of {} {}",
                    inline.policy_name, inline.attachment_type, inline.attachment_name
                )));
            }
            Ok(Exclusion::Inline {
                policy: inline.policy_name.clone(),
                owner: inline.attachment_type.to_lowercase(),
                entity: inline.attachment_name.clone(),
            })
        }
        _ => Err(fault::invalid_input(
            "A policy identifier must have exactly one of PolicyType, PolicyArn and InlinePolicyIdentifier.",
        )),
    }
}

/// At most one `*`.
fn is_pattern(text: &str) -> bool {
    !text.is_empty() && text.matches('*').count() <= 1
}

fn is_like(text: &str, pattern: &str) -> bool {
    let same = |text: &str, pattern: &str| {
        text.chars().count() == pattern.chars().count()
            && text.chars().zip(pattern.chars()).all(|(own, wanted)| wanted == '?' || own == wanted)
    };
    let Some((head, tail)) = pattern.split_once('*') else { return same(text, pattern) };
    // IAM's names are ASCII; so are their patterns.
    let cut = text.len().checked_sub(tail.len()).filter(|cut| *cut >= head.len());
    let parts = cut.and_then(|cut| Some((text.get(..head.len())?, text.get(cut..)?)));
    parts.is_some_and(|(front, back)| same(front, head) && same(back, tail))
}

#[cfg(test)]
mod tests {
    use super::is_like;

    #[test]
    fn a_pattern_has_one_star_and_any_number_of_question_marks() {
        for (text, pattern, like) in [
            ("reader", "reader", true),
            ("reader", "re*", true),
            ("reader", "*er", true),
            ("reader", "r?ad*r", true),
            ("reader", "reader*", true),
            ("aba", "ab*ba", false),
            ("reader", "Re*", false),
            ("reader", "reade", false),
        ] {
            assert_eq!(is_like(text, pattern), like, "{text} {pattern}");
        }
    }
}
