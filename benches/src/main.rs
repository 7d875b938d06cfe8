//! The same questions to Rolecall's engine and to `cedar-policy`, in one run: `cargo run --release` in this folder.
//!
//! Both answer for a role session that reads an object, against the same rules in their own language. Cedar answers
//! less: no AWS wildcards in actions, no layers, no levels of naming. Its entities and requests are built beforehand.

#[path = "../../crates/policy/benches/decide/cases.rs"]
#[allow(dead_code, reason = "its further layers have no counterpart here")]
mod cases;
#[path = "../../crates/policy/benches/decide/clock.rs"]
mod clock;

use std::str::FromStr;

use cases::Rule1;
use cedar_policy::{Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request};
use rolecall_policy::{Kind, Layers, decide};

fn main() {
    println!(
        "{:<18} {:>12} {:>12} {:>12} {:>12} {:>8}",
        "statements", "ours p50", "ours p99", "cedar p50", "cedar p99", "ratio"
    );
    for count in [1, 10, 100, 1_000] {
        let rules = cases::rules(count);
        let (ours, cedar) = (ours(&rules), cedar(&rules));
        let ratio = cedar.p50 / ours.p50;
        println!(
            "{count:<18} {:>9.0} ns {:>9.0} ns {:>9.0} ns {:>9.0} ns {ratio:>7.0}x",
            ours.p50, ours.p99, cedar.p50, cedar.p99
        );
    }
}

fn ours(rules: &[Rule1]) -> clock::Times {
    let identity = cases::own(rules, Kind::Identity);
    let layers = Layers { identity: Some(&identity), ..Layers::default() };
    let (account, resources) = (cases::account(), cases::resources(rules));
    clock::measure(10_000, |at| {
        decide(&layers, &cases::request(account, &resources[at], &cases::Session)).allowed
    })
}

fn cedar(rules: &[Rule1]) -> clock::Times {
    let text: String = rules.iter().map(policy).collect();
    let policies = PolicySet::from_str(&text).unwrap();
    let role = r#"{"uid": {"type": "Role", "id": "app"}, "attrs": {"team": "blue"}, "parents": []}"#;
    let object = |at: usize, name: &str| {
        let bucket = &rules.last().unwrap().bucket;
        format!(
            r#"{{"uid": {{"type": "Object", "id": "{at}"}}, "attrs": {{"folder": "blue", "name": "{name}"}},
                "parents": [{{"type": "Bucket", "id": "{bucket}"}}]}}"#
        )
    };
    let resources = cases::resources(rules);
    let objects: Vec<String> = resources.iter().enumerate().map(|(at, name)| object(at, name)).collect();
    let entities = Entities::from_json_str(&format!("[{role}, {}]", objects.join(",")), None).unwrap();
    let id = |kind: &str, name: &str| EntityUid::from_str(&format!("{kind}::\"{name}\"")).unwrap();
    let requests: Vec<Request> = (0..resources.len())
        .map(|at| {
            let context = r#"{"secure": true, "ip": {"__extn": {"fn": "ip", "arg": "10.1.2.3"}}}"#;
            let context = Context::from_json_str(context, None).unwrap();
            let (role, action, object) =
                (id("Role", "app"), id("Action", "GetObject"), id("Object", &at.to_string()));
            Request::new(role, action, object, context, None).unwrap()
        })
        .collect();
    let authorizer = Authorizer::new();
    clock::measure(400, |at| {
        authorizer.is_authorized(&requests[at], &policies, &entities).decision() == Decision::Allow
    })
}

fn policy(rule: &Rule1) -> String {
    let Rule1 { deny, bucket, team } = rule;
    let word = if *deny { "forbid" } else { "permit" };
    let when = match (deny, team) {
        (true, _) => r#"resource.folder == "private" && !context.secure"#,
        (false, true) => {
            r#"resource.folder == principal.team && ["red", "blue"].contains(principal.team) && context.ip.isInRange(ip("10.0.0.0/8"))"#
        }
        (false, false) => "true",
    };
    format!(
        r#"{word}(principal, action in [Action::"GetObject", Action::"PutObject"], resource in Bucket::"{bucket}") when {{ {when} }};"#
    )
}
