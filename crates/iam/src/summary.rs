//! What a delegation request asks for, in plain English.

use rolecall_identity::records::DelegationRequest;
use serde_json::Value;

/// Characters of an answer.
const LONGEST: usize = 10_000;

pub(crate) fn of_request(request: &DelegationRequest) -> String {
    let minutes = request.duration / 60;
    let span =
        if minutes % 60 == 0 { format!("{} hours", minutes / 60) } else { format!("{minutes} minutes") };
    let mut lines = vec![format!(
        "{} (account {}) asks for access to the account for {span}, within the rights of whoever accepts this.",
        request.requestor_name, request.requestor
    )];
    let policy: Value = serde_json::from_str(&request.policy).unwrap_or_default();
    lines.extend(list(policy.get("Statement")).into_iter().map(statement));
    if !request.boundaries.is_empty() {
        lines.push(format!("Roles that it makes are limited by {}.", join(&request.boundaries)));
    }
    lines.join("\n").chars().take(LONGEST).collect()
}

fn statement(statement: &Value) -> String {
    let verb =
        if statement.get("Effect").and_then(Value::as_str) == Some("Deny") { "may not" } else { "may" };
    let actions = match statement.get("NotAction") {
        Some(except) => format!("anything but {}", join(&texts(Some(except)))),
        None => join(&texts(statement.get("Action"))),
    };
    let resources = match statement.get("NotResource") {
        Some(except) => format!("anything but {}", join(&texts(Some(except)))),
        None => join(&texts(statement.get("Resource"))),
    };
    let resources = if resources == "*" { "anything".to_owned() } else { resources };
    let keys: Vec<String> = statement
        .get("Condition")
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(|operators| operators.values())
        .filter_map(Value::as_object)
        .flat_map(|keys| keys.keys().cloned())
        .collect();
    let only = if keys.is_empty() { String::new() } else { format!(", depending on {}", join(&keys)) };
    format!("It {verb} do {actions} on {resources}{only}.")
}

/// A JSON element that may stand alone or in a list.
pub(crate) fn list(element: Option<&Value>) -> Vec<&Value> {
    match element {
        Some(Value::Array(all)) => all.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    }
}

/// Its texts.
pub(crate) fn texts(element: Option<&Value>) -> Vec<String> {
    list(element).into_iter().filter_map(|one| one.as_str().map(str::to_owned)).collect()
}

fn join(words: &[String]) -> String {
    match words {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}
