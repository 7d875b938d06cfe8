//! The cases of `tests/data`, line by line: each names the section of the evaluation rules it is about.
//!
//! Every line that asks for a decision is asked of the oracle too.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: a panic is how it fails"
)]

mod oracle;
mod support;

use std::collections::BTreeMap;

use oracle::Case;
use rolecall_policy::{Kind, Policy, ResourceKind};
use serde_json::{Value, json};
use support::{Prepared, case, who};

fn lines(text: &str) -> Vec<Value> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// Asks engine and oracle; both must give the word.
fn check(case: &Case, expected: &str, line: &Value) {
    let prepared = Prepared::new(case).unwrap_or_else(|error| panic!("{error}: {line}"));
    assert_eq!(prepared.decide().word(), expected, "engine: {line}\n{:?}", prepared.explain());
    assert_eq!(oracle::decide(case), expected, "oracle: {line}");
}

fn word(allowed: bool) -> &'static str {
    if allowed { "allowed" } else { "implicitDeny" }
}

/// A user's request under one statement.
fn under(statement: &Value, version: &str) -> Case {
    Case {
        who: who("arn:aws:iam::111111111111:user/ann"),
        action: "s3:GetObject".into(),
        resource: "arn:aws:s3:::b/k".into(),
        identity: vec![json!({"Version": version, "Statement": statement})],
        rule: "standard",
        ..Case::default()
    }
}

fn context(line: &Value) -> BTreeMap<String, Value> {
    line["context"].as_object().into_iter().flatten().map(|(k, v)| (k.to_lowercase(), v.clone())).collect()
}

#[test]
fn actions_match_as_listed() {
    for line in lines(include_str!("data/actions.jsonl")) {
        let matches = line["matches"].as_bool().unwrap();
        for (element, expected) in [("Action", matches), ("NotAction", !matches)] {
            let mut case =
                under(&json!({"Effect": "Allow", element: line["pattern"], "Resource": "*"}), "2012-10-17");
            case.action = line["action"].as_str().unwrap().into();
            check(&case, word(expected), &line);
        }
    }
}

#[test]
fn resources_match_as_listed() {
    for line in lines(include_str!("data/resources.jsonl")) {
        let matches = line["matches"].as_bool().unwrap();
        let version = line["version"].as_str().unwrap_or("2012-10-17");
        for (element, expected) in [("Resource", matches), ("NotResource", !matches)] {
            let mut case =
                under(&json!({"Effect": "Allow", "Action": "*", element: line["pattern"]}), version);
            case.resource = line["resource"].as_str().unwrap().into();
            case.context = context(&line);
            if line["in"] == "resource policy" {
                let mut statement = case.identity.remove(0)["Statement"].clone();
                statement["Principal"] = json!("*");
                case.resource_policy = Some(vec![json!({"Version": version, "Statement": statement})]);
            }
            check(&case, word(expected), &line);
        }
    }
}

#[test]
fn principals_match_as_listed() {
    for line in lines(include_str!("data/principals.jsonl")) {
        let caller = who(line["caller"].as_str().unwrap());
        let statement =
            json!({"Effect": "Allow", "Principal": line["principal"], "Action": "*", "Resource": "*"});
        let policy = json!({"Version": "2012-10-17", "Statement": statement});
        let case = Case {
            who: caller.clone(),
            resource_policy: Some(vec![policy]),
            ..under(&json!([]), "2012-10-17")
        };
        let case = Case { identity: Vec::new(), ..case };
        let trace = Prepared::new(&case).unwrap_or_else(|error| panic!("{error}: {line}")).explain();
        let level = json!(trace.layers[0].statements[0].principal);
        assert_eq!(level, line["level"], "engine: {line}");
        let oracle = format!("{:?}", oracle::entries_level(&caller, &line["principal"])).to_lowercase();
        assert_eq!(oracle, line["level"].as_str().unwrap(), "oracle: {line}");
    }
}

#[test]
fn conditions_hold_as_listed() {
    for line in lines(include_str!("data/conditions.jsonl")) {
        let holds = line["holds"].as_bool().unwrap();
        let key = line["key"].as_str().unwrap_or("aws:k");
        let condition = match &line["condition"] {
            Value::Null => json!({line["op"].as_str().unwrap(): {key: line["policy"]}}),
            whole => whole.clone(),
        };
        let version = line["version"].as_str().unwrap_or("2012-10-17");
        for effect in ["Allow", "Deny"] {
            let statement = json!({"Effect": effect, "Action": "*", "Resource": "*", "Condition": condition});
            let mut case = under(&statement, version);
            case.context = context(&line);
            if let Some(request) = line.get("request") {
                case.context.insert(key.to_lowercase(), request.clone());
            }
            let expected = if effect == "Deny" && holds { "explicitDeny" } else { word(holds) };
            check(&case, expected, &line);
        }
    }
}

#[test]
fn decisions_are_as_listed() {
    for line in lines(include_str!("data/decisions.jsonl")) {
        let case = case(&line);
        check(&case, line["expect"].as_str().unwrap(), &line);
        let prepared = Prepared::new(&case).unwrap();
        let decision = prepared.decide();
        if let Some(reason) = line["reason"].as_str() {
            assert_eq!(decision.message_reason(&case.action), reason, "{line}");
        }
    }
}

#[test]
fn documents_are_refused_as_listed() {
    for line in lines(include_str!("data/documents.jsonl")) {
        let text = line["text"].as_str().map_or_else(|| line["document"].to_string(), str::to_owned);
        for kind in line["kinds"].as_array().unwrap() {
            let kind = match kind.as_str().unwrap() {
                "identity" => Kind::Identity,
                "boundary" => Kind::Boundary,
                "session" => Kind::Session,
                "bucket" => Kind::Resource(ResourceKind::Bucket),
                "resource" => Kind::Resource(ResourceKind::Other),
                "trust" => Kind::Trust,
                "scp" => Kind::ServiceControl,
                "rcp" => Kind::ResourceControl,
                "endpoint" => Kind::Endpoint,
                other => panic!("{other}"),
            };
            let error = Policy::parse(&text, kind).err().map(|error| error.message.into_owned());
            assert_eq!(error.as_deref(), line["error"].as_str(), "{kind:?} {line}");
        }
    }
}
