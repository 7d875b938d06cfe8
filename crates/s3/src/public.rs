//! Whether a bucket policy is public: lets in everyone, by S3's definition ("The meaning of public", S3 User Guide).

use serde_json::Value;

/// Condition keys that narrow a wildcard principal when they are held to fixed values.
const NARROWING: [&str; 13] = [
    "aws:sourcearn",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:sourceowner",
    "aws:sourceaccount",
    "aws:userid",
    "aws:principalorgid",
    "aws:principalarn",
    "aws:principalaccount",
    "aws:sourceip",
    "s3:dataaccesspointarn",
    "s3:dataaccesspointaccount",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
];

/// The statements of a document; `None` for what this reader does not take, though the policy engine may: a number beyond
/// its range.
pub fn statements(text: &str) -> Option<Vec<Value>> {
    let mut document: Value = serde_json::from_str(text).ok()?;
    match document.get_mut("Statement")?.take() {
        Value::Array(all) => Some(all),
        one => Some(vec![one]),
    }
}

/// A text or a list of texts.
pub fn texts(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Whether any statement lets in everyone.
pub fn is_public(text: &str) -> bool {
    let Some(statements) = statements(text) else { return true };
    statements.iter().any(|statement| {
        statement.get("Effect").and_then(Value::as_str) == Some("Allow")
            && has_wildcard(statement)
            && !is_narrowed(statement.get("Condition"))
    })
}

fn has_wildcard(statement: &Value) -> bool {
    // Whoever is not among those listed is let in.
    if statement.get("NotPrincipal").is_some() {
        return true;
    }
    match statement.get("Principal") {
        Some(Value::String(text)) => text == "*",
        Some(Value::Object(kinds)) => {
            kinds.values().flat_map(|value| texts(Some(value))).any(|text| text.contains('*'))
        }
        _ => false,
    }
}

fn is_narrowed(condition: Option<&Value>) -> bool {
    let Some(Value::Object(operators)) = condition else { return false };
    operators.iter().any(|(operator, keys)| {
        let operator = operator.to_lowercase();
        let name = operator.rsplit(':').next().unwrap_or_default();
        let positive =
            ["stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike", "ipaddress"]
                .contains(&name);
        // With IfExists, or for none of several values, the condition also holds without the key.
        positive
            && !operator.starts_with("forallvalues:")
            && keys
                .as_object()
                .is_some_and(|keys| keys.iter().any(|(key, value)| is_fixed(key, &texts(Some(value)))))
    })
}

fn is_fixed(key: &str, values: &[&str]) -> bool {
    let key = key.to_lowercase();
    let fixed = |value: &&str| match key.as_str() {
        "aws:sourceip" => is_narrow_block(value),
        "aws:sourcearn" | "aws:principalarn" | "s3:dataaccesspointarn" => {
            // The account must be fixed; resources within it may vary.
            let account = value.split(':').nth(4).unwrap_or_default();
            !account.is_empty() && !account.contains(['*', '?', '$'])
        }
        _ => !value.contains(['*', '?', '$']),
    };
    NARROWING.contains(&key.as_str()) && !values.is_empty() && values.iter().all(fixed)
}

/// Not wider than /8, or /32 for IPv6.
fn is_narrow_block(block: &str) -> bool {
    let (address, length) = block.split_once('/').unwrap_or((block, "128"));
    let Ok(length) = length.parse::<u8>() else { return false };
    length >= if address.contains(':') { 32 } else { 8 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(principal: &str, condition: &str, public: bool) {
        let text = format!(
            r#"{{"Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"s3:GetObject",
            "Resource":"arn:aws:s3:::b/*","Condition":{condition}}}]}}"#
        );
        assert_eq!(is_public(&text), public, "{principal} {condition}");
    }

    #[test]
    fn a_wildcard_principal_is_public_unless_fixed_values_narrow_it() {
        check(r#""*""#, "{}", true);
        check(r#"{"AWS":"*"}"#, "{}", true);
        check(r#"{"AWS":"arn:aws:iam::111111111111:root"}"#, "{}", false);
        check(r#""*""#, r#"{"StringEquals":{"aws:SourceVpc":"vpc-1"}}"#, false);
        check(r#""*""#, r#"{"StringLike":{"aws:SourceVpc":"vpc-*"}}"#, true);
        check(r#""*""#, r#"{"StringNotEquals":{"aws:SourceVpc":"vpc-1"}}"#, true);
        check(r#""*""#, r#"{"StringEqualsIfExists":{"aws:SourceVpc":"vpc-1"}}"#, true);
        check(r#""*""#, r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#, false);
        check(r#""*""#, r#"{"IpAddress":{"aws:SourceIp":["10.0.0.0/8","0.0.0.0/0"]}}"#, true);
        check(r#""*""#, r#"{"StringEquals":{"aws:UserAgent":"x"}}"#, true);
    }

    #[test]
    fn what_can_not_be_read_counts_as_public() {
        check(r#""*""#, r#"{"StringNotEquals":{"aws:UserAgent":1e400}}"#, true);
    }

    #[test]
    fn a_deny_is_never_public() {
        let text =
            r#"{"Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b"}}"#;
        assert!(!is_public(text));
    }
}
