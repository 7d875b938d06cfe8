//! The syntax of management policies: what they begin with by type, and where inheritance operators may stand.

use serde_json::{Map, Value};

const ALLOWED: &str = "@@operators_allowed_for_child_policies";
const SETTERS: [&str; 3] = ["@@assign", "@@append", "@@remove"];
const WORDS: [&str; 5] = ["@@all", "@@none", "@@assign", "@@append", "@@remove"];

/// What a document of a type begins with, where AWS documents it.
fn top(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "TAG_POLICY" => "tags",
        "BACKUP_POLICY" => "plans",
        "AISERVICES_OPT_OUT_POLICY" => "services",
        "CHATBOT_POLICY" => "chatbot",
        "DECLARATIVE_POLICY_EC2" => "ec2_attributes",
        "SECURITYHUB_POLICY" => "securityhub",
        "INSPECTOR_POLICY" => "inspector",
        "UPGRADE_ROLLOUT_POLICY" => "upgrade_rollout",
        "BEDROCK_POLICY" => "bedrock",
        "S3_POLICY" => "s3_attributes",
        _ => return None,
    })
}

/// Whether a document may be a policy of this type: one object that begins with what its type begins with, operators with
/// values that they can have, and none beside plain members.
pub(crate) fn is_well_formed(kind: &str, policy: &Value) -> bool {
    let Some(members) = policy.as_object().filter(|members| !members.is_empty()) else { return false };
    let begins_well = top(kind).is_none_or(|top| members.keys().all(|key| key == top || key == ALLOWED));
    begins_well && members.keys().any(|key| !key.starts_with("@@")) && is_node(members)
}

fn is_node(members: &Map<String, Value>) -> bool {
    let sets = members.keys().any(|key| SETTERS.contains(&key.as_str()));
    let is_plain = |key: &String| !key.starts_with("@@");
    if sets && members.keys().any(is_plain) {
        return false;
    }
    members.iter().all(|(key, value)| match key.as_str() {
        ALLOWED => is_word_list(value),
        key if SETTERS.contains(&key) => is_value(value),
        key if key.starts_with("@@") => false,
        _ => value.as_object().map_or_else(|| is_value(value), is_node),
    })
}

fn is_word_list(value: &Value) -> bool {
    let Value::Array(words) = value else { return false };
    let known = |word: &Value| word.as_str().is_some_and(|word| WORDS.contains(&word));
    let alone = words.iter().any(|word| matches!(word.as_str(), Some("@@all" | "@@none")));
    !words.is_empty() && words.iter().all(known) && (!alone || words.len() == 1)
}

/// A text, number or truth, or a list of such.
fn is_value(value: &Value) -> bool {
    let is_single = |value: &Value| !matches!(value, Value::Array(_) | Value::Object(_) | Value::Null);
    match value {
        Value::Array(list) => list.iter().all(is_single),
        single => is_single(single),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn policies_begin_with_what_their_type_begins_with() {
        let tags = json!({"tags": {"team": {"tag_key": {"@@assign": "Team", ALLOWED: ["@@none"]},
            "tag_value": {"@@append": ["a", "b"]}}}});
        assert!(is_well_formed("TAG_POLICY", &tags));
        assert!(!is_well_formed("BACKUP_POLICY", &tags));
        assert!(is_well_formed("GUARDDUTY_POLICY", &tags));
        for none in [json!({}), json!([]), json!({ALLOWED: ["@@none"]})] {
            assert!(!is_well_formed("GUARDDUTY_POLICY", &none), "{none}");
        }
    }

    #[test]
    fn operators_stand_alone_and_have_values() {
        for node in [
            json!({"@@put": "a"}),
            json!({"@@assign": {"a": 1}}),
            json!({"@@append": [["a"]]}),
            json!({"@@assign": "a", "more": "b"}),
            json!({ALLOWED: "@@none"}),
            json!({ALLOWED: ["@@none", "@@assign"]}),
            json!({ALLOWED: ["@@both"]}),
            json!(null),
        ] {
            assert!(!is_well_formed("TAG_POLICY", &json!({"tags": {"x": {"tag_value": node}}})), "{node}");
        }
    }
}
