//! Which permissions boundaries a policy wants on the roles that it lets somebody make.

use serde_json::Value;

use crate::summary::{list, texts};

/// The values of `iam:PermissionsBoundary` in statements that allow making or bounding roles.
pub(crate) fn boundaries(policy: &str) -> Vec<String> {
    let policy: Value = serde_json::from_str(policy).unwrap_or_default();
    let mut found = Vec::new();
    for statement in list(policy.get("Statement")) {
        let allows = statement.get("Effect").and_then(Value::as_str) == Some("Allow");
        if !allows || !texts(statement.get("Action")).iter().any(|action| makes_roles(action)) {
            continue;
        }
        let operators = statement.get("Condition").and_then(Value::as_object);
        let keys = operators.into_iter().flat_map(|all| all.values()).filter_map(Value::as_object).flatten();
        for (_, values) in keys.filter(|(key, _)| key.eq_ignore_ascii_case("iam:PermissionsBoundary")) {
            found.extend(texts(Some(values)));
        }
    }
    found.sort();
    found.dedup();
    found
}

fn makes_roles(action: &str) -> bool {
    ["iam:CreateRole", "iam:PutRolePermissionsBoundary"]
        .iter()
        .any(|known| action.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_are_those_of_statements_that_make_roles() {
        let policy = r#"{"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["iam:CreateRole"], "Resource": "*",
             "Condition": {"StringEquals": {"iam:permissionsboundary": ["arn:b", "arn:a"]}}},
            {"Effect": "Allow", "Action": "iam:DeleteRole", "Resource": "*",
             "Condition": {"StringEquals": {"iam:PermissionsBoundary": "arn:c"}}}]}"#;
        assert_eq!(boundaries(policy), ["arn:a", "arn:b"]);
    }
}
