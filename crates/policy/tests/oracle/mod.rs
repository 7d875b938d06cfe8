//! A slow evaluator, written literally from the evaluation rules and apart from the engine: the two must agree.
//!
//! It reads documents as plain JSON, matches by recursion over characters, looks at every statement, and shares no
//! code with the crate.

#![allow(dead_code, reason = "each test file uses its part")]

mod conditions;
mod matching;

use std::collections::BTreeMap;

use serde_json::Value;

pub use matching::glob;

pub type Context = BTreeMap<String, Value>;

/// Who asks. Empty texts stand for what such a caller does not have.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Who {
    /// `anonymous`, `root`, `user`, `role`, `federated-user`, `service` or `provider`.
    pub kind: &'static str,
    pub account: String,
    /// User, session, federated user: its ARN; service and provider: its name.
    pub arn: String,
    /// The role of a session, the user of a federated user.
    pub parent: String,
    /// `AIDA…` or `AROA…`.
    pub unique_id: String,
}

#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Case {
    pub who: Who,
    pub action: String,
    pub resource: String,
    pub resource_account: Option<String>,
    pub context: Context,
    pub identity: Vec<Value>,
    pub boundary: Option<Vec<Value>>,
    pub session: Option<Vec<Value>>,
    pub resource_policy: Option<Vec<Value>>,
    pub endpoint: Option<Vec<Value>>,
    pub scps: Vec<Vec<Value>>,
    pub rcps: Vec<Vec<Value>>,
    pub service_linked_role: bool,
    pub management_account: bool,
    pub resource_in_management_account: bool,
    /// `standard`, `trust` or `kms`.
    pub rule: &'static str,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Nobody is named; short ARNs are filled up.
    Own,
    /// Nobody is named.
    Organization,
    /// A statement must name the caller.
    Resource,
    /// A statement may name callers.
    Endpoint,
}

/// Section 3.3's order of match results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    None,
    Account,
    Limited,
    Direct,
}

/// `allowed`, `explicitDeny` or `implicitDeny`.
pub fn decide(case: &Case) -> &'static str {
    let signed = !case.who.account.is_empty();
    if signed && case.action.eq_ignore_ascii_case("sts:GetCallerIdentity") {
        return "allowed";
    }
    let root = case.who.kind == "root";
    let boundary = case.boundary.as_ref().filter(|_| !root);
    let scp_applies = signed && !case.service_linked_role && !case.management_account;
    let rcp_applies = !case.service_linked_role && !case.resource_in_management_account;
    let scps = if scp_applies { case.scps.as_slice() } else { &[] };
    let rcps = if rcp_applies { case.rcps.as_slice() } else { &[] };

    // Step 1.
    let own = |documents: &[Value]| eval(case, documents, Kind::Own);
    let denied = scps.iter().any(|level| eval(case, level, Kind::Organization).denied)
        || rcps.iter().any(|level| eval(case, level, Kind::Resource).denied)
        || case.endpoint.iter().any(|set| eval(case, set, Kind::Endpoint).denied)
        || case.resource_policy.iter().any(|set| eval(case, set, Kind::Resource).denied)
        || own(&case.identity).denied
        || boundary.is_some_and(|set| own(set).denied)
        || case.session.iter().any(|set| own(set).denied);
    if denied {
        return "explicitDeny";
    }
    // Step 2.
    if scps.iter().any(|level| eval(case, level, Kind::Organization).grants.is_empty())
        || case.endpoint.iter().any(|set| eval(case, set, Kind::Endpoint).grants.is_empty())
    {
        return "implicitDeny";
    }
    let grants =
        case.resource_policy.as_ref().map_or(Vec::new(), |set| eval(case, set, Kind::Resource).grants);
    let answer = |allowed| if allowed { "allowed" } else { "implicitDeny" };
    // Step 3.
    if !signed {
        return answer(grants.contains(&Level::Direct));
    }
    // Step 4.
    let boundary_ok = boundary.is_none_or(|set| !own(set).grants.is_empty());
    let session_ok = case.session.as_ref().is_none_or(|set| !own(set).grants.is_empty());
    let mut identity_ok = (root || !own(&case.identity).grants.is_empty()) && boundary_ok && session_ok;
    if case.who.kind == "federated-user" && case.session.is_none() {
        identity_ok = false;
    }
    // Step 5.
    let same_account = case.resource_account.as_ref().is_none_or(|account| *account == case.who.account);
    if !same_account {
        return answer(identity_ok && !grants.is_empty());
    }
    let identity_alone = case.rule == "standard" || (case.rule == "kms" && case.resource == "*");
    answer(
        grants.contains(&Level::Direct)
            || (grants.contains(&Level::Limited) && boundary_ok && session_ok)
            || (identity_ok && (identity_alone || !grants.is_empty())),
    )
}

struct Outcome {
    denied: bool,
    grants: Vec<Level>,
}

fn eval(case: &Case, documents: &[Value], kind: Kind) -> Outcome {
    let mut outcome = Outcome { denied: false, grants: Vec::new() };
    for document in documents {
        for statement in list(&document["Statement"]) {
            let level = statement_level(case, document, statement, kind);
            if level == Level::None {
                continue;
            }
            if statement["Effect"] == "Deny" {
                outcome.denied = true;
            } else {
                outcome.grants.push(level);
            }
        }
    }
    outcome
}

/// A single thing stands for a list of one.
fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Null => Vec::new(),
        single => vec![single],
    }
}

fn texts(value: &Value) -> Vec<&str> {
    list(value).into_iter().map(|item| item.as_str().unwrap()).collect()
}

fn statement_level(case: &Case, document: &Value, statement: &Value, kind: Kind) -> Level {
    let variables = document["Version"] == "2012-10-17";
    let none = Level::None;
    let action = |pattern: &&str| action_matches(pattern, &case.action);
    let resource = |pattern: &&str| resource_matches(case, pattern, kind, variables);
    let element = |name: &str, test: &dyn Fn(&&str) -> bool| {
        let not = format!("Not{name}");
        match (statement.get(name), statement.get(not)) {
            (Some(listed), _) => texts(listed).iter().any(test),
            (None, Some(listed)) => !texts(listed).iter().any(test),
            (None, None) => true,
        }
    };
    if !element("Action", &action) || !element("Resource", &resource) {
        return none;
    }
    if let Some(conditions) = statement.get("Condition")
        && !conditions::hold(conditions, &case.context, variables)
    {
        return none;
    }
    match kind {
        Kind::Own | Kind::Organization => Level::Direct,
        Kind::Resource | Kind::Endpoint => principal_level(case, statement, kind),
    }
}

fn action_matches(pattern: &str, action: &str) -> bool {
    if pattern == "*" || pattern == "*:*" {
        return true;
    }
    glob(&pattern.to_lowercase(), &action.to_lowercase())
}

fn resource_matches(case: &Case, pattern: &str, kind: Kind, variables: bool) -> bool {
    if pattern == "*" {
        return true;
    }
    let mut parts: Vec<String> = pattern.splitn(6, ':').map(str::to_owned).collect();
    if parts.len() < 6 && !pattern.ends_with('*') {
        if kind != Kind::Own {
            return false;
        }
        while parts.len() < 6 {
            parts.push("*".to_owned());
        }
    }
    let head: Vec<String> = parts.iter().take(5).cloned().collect();
    let tail = match parts.get(5) {
        None => None,
        Some(tail) if variables => match matching::substitute(tail, &case.context) {
            Some(tail) => Some(tail),
            None => return false,
        },
        Some(tail) => Some(matching::plain(tail)),
    };
    matching::resource(&head, tail.as_deref(), &case.resource)
}

fn principal_level(case: &Case, statement: &Value, kind: Kind) -> Level {
    if let Some(principal) = statement.get("Principal") {
        return entries_level(&case.who, principal);
    }
    if let Some(principal) = statement.get("NotPrincipal") {
        let bounded = case.boundary.is_some() && case.who.kind != "root" && statement["Effect"] == "Deny";
        let listed = entries_level(&case.who, principal) > Level::None;
        return if bounded || !listed { Level::Direct } else { Level::None };
    }
    if kind == Kind::Endpoint { Level::Direct } else { Level::None }
}

pub fn entries_level(who: &Who, principal: &Value) -> Level {
    let entries: Vec<(&str, &str)> = match principal {
        Value::Object(map) => map
            .iter()
            .flat_map(|(kind, value)| texts(value).into_iter().map(move |v| (kind.as_str(), v)))
            .collect(),
        other => vec![("AWS", other.as_str().unwrap())],
    };
    entries.into_iter().map(|(kind, value)| entry_level(who, kind, value)).max().unwrap_or(Level::None)
}

fn entry_level(who: &Who, kind: &str, value: &str) -> Level {
    let when = |hit: bool, level: Level| if hit { level } else { Level::None };
    match kind {
        "Service" => when(who.kind == "service" && who.arn == value, Level::Direct),
        "Federated" => when(who.kind == "provider" && who.arn == value, Level::Direct),
        "CanonicalUser" => Level::None,
        _ if value == "*" => Level::Direct,
        _ => {
            let root = format!("arn:aws:iam::{}:root", who.account);
            if !who.account.is_empty() && (value == who.account || value == root) {
                return if who.kind == "root" { Level::Direct } else { Level::Account };
            }
            if !who.unique_id.is_empty() && value == who.unique_id {
                return if who.kind == "user" { Level::Direct } else { Level::Limited };
            }
            match who.kind {
                "user" => when(value == who.arn, Level::Direct),
                "federated-user" if value == who.arn => Level::Direct,
                "federated-user" => when(value.contains(":user/") && value == who.parent, Level::Limited),
                "role" if value == who.arn => Level::Direct,
                "role" => when(same_role(value, &who.parent), Level::Limited),
                _ => Level::None,
            }
        }
    }
}

/// Account and last path element.
fn same_role(entry: &str, role: &str) -> bool {
    let key = |arn: &str| {
        let parts: Vec<String> = arn.splitn(6, ':').map(str::to_owned).collect();
        let resource = parts.get(5)?.strip_prefix("role/")?.to_owned();
        (parts[2] == "iam").then(|| (parts[4].clone(), resource.rsplit('/').next().unwrap().to_owned()))
    };
    key(entry).is_some() && key(entry) == key(role)
}
