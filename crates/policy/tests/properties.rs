//! Laws of evaluation, on random cases from fixed seeds: what must not change a decision, and what may only narrow it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: a panic is how it fails"
)]

mod oracle;
mod support;

use oracle::Case;
use serde_json::{Value, json};
use support::Prepared;
use support::random::{self, Draw, Place};

const CASES: std::ops::Range<u64> = 100_000..100_800;

fn word(case: &Case) -> &'static str {
    Prepared::new(case).unwrap().decide().word()
}

fn statements(document: &mut Value) -> &mut Vec<Value> {
    document["Statement"].as_array_mut().unwrap()
}

#[test]
fn the_order_of_statements_and_documents_does_not_matter() {
    for seed in CASES {
        let case = random::case(&mut Draw::new(seed));
        let mut turned = case.clone();
        turned.identity.reverse();
        turned.identity.iter_mut().for_each(|document| statements(document).reverse());
        for set in
            [&mut turned.boundary, &mut turned.session, &mut turned.resource_policy].into_iter().flatten()
        {
            set.iter_mut().for_each(|document| statements(document).reverse());
        }
        assert_eq!(word(&case), word(&turned), "seed {seed}");
    }
}

#[test]
fn splitting_a_document_into_one_per_statement_does_not_matter() {
    for seed in CASES {
        let case = random::case(&mut Draw::new(seed));
        let mut split = case.clone();
        split.identity = Vec::new();
        for document in &case.identity {
            for statement in document["Statement"].as_array().unwrap() {
                split.identity.push(json!({"Version": document["Version"], "Statement": statement}));
            }
        }
        assert_eq!(word(&case), word(&split), "seed {seed}");
    }
}

#[test]
fn one_more_deny_never_allows_and_one_more_allow_never_denies_explicitly() {
    for seed in CASES {
        let draw = &mut Draw::new(seed);
        let case = random::case(draw);
        let mut more = case.clone();
        let mut added = random::statement(draw, Place::Own);
        added["Effect"] = json!("Deny");
        statements(&mut more.identity[0]).push(added.clone());
        if word(&more) == "allowed" {
            assert_eq!(word(&case), "allowed", "seed {seed}");
        }
        added["Effect"] = json!("Allow");
        *statements(&mut more.identity[0]).last_mut().unwrap() = added;
        if word(&case) != "explicitDeny" {
            assert_ne!(word(&more), "explicitDeny", "seed {seed}");
        }
        if word(&case) == "allowed" {
            assert_eq!(word(&more), "allowed", "seed {seed}");
        }
    }
}

#[test]
fn a_statement_on_another_action_changes_nothing() {
    for seed in CASES {
        let case = random::case(&mut Draw::new(seed));
        for effect in ["Allow", "Deny"] {
            let mut more = case.clone();
            let unrelated = json!({"Effect": effect, "Action": "unrelated:*", "Resource": "*"});
            statements(&mut more.identity[0]).push(unrelated);
            assert_eq!(word(&case), word(&more), "seed {seed}");
        }
    }
}

#[test]
fn a_boundary_or_session_policy_that_allows_everything_changes_only_what_rules_say() {
    let all = vec![
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}),
    ];
    for seed in CASES {
        let mut case = random::case(&mut Draw::new(seed));
        // These two know whether the layer is there at all.
        let names_others = case
            .resource_policy
            .iter()
            .flatten()
            .any(|document| document.to_string().contains("NotPrincipal"));
        if names_others || case.who.kind == "federated-user" {
            continue;
        }
        (case.boundary, case.session) = (None, None);
        let mut wider = case.clone();
        (wider.boundary, wider.session) = (Some(all.clone()), Some(all.clone()));
        assert_eq!(word(&case), word(&wider), "seed {seed}");
    }
}

#[test]
fn the_case_of_actions_and_keys_does_not_matter() {
    for seed in CASES {
        let mut case = random::case(&mut Draw::new(seed));
        let before = word(&case);
        case.action = case.action.to_uppercase();
        assert_eq!(before, word(&case), "seed {seed}");
    }
}

/// A document of each kind of layer that names nobody or everybody, with one statement.
fn one(effect: &str, action: &str, named: bool) -> Value {
    let mut statement = json!({"Effect": effect, "Action": action, "Resource": "*"});
    if named {
        statement["Principal"] = json!("*");
    }
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

#[test]
fn one_more_guard_never_allows_and_one_that_allows_everything_changes_nothing() {
    for seed in CASES {
        let draw = &mut Draw::new(seed);
        let case = random::case(draw);
        let before = word(&case);
        let organization = vec![random::document(draw, Place::Organization)];
        let control = vec![random::document(draw, Place::ResourceControl)];
        let endpoint = vec![random::document(draw, Place::Endpoint)];
        let mut guarded = [case.clone(), case.clone(), case.clone()];
        guarded[0].scps.push(organization);
        guarded[1].rcps.push(control);
        if guarded[2].endpoint.is_none() {
            guarded[2].endpoint = Some(endpoint);
        }
        for more in &guarded {
            if word(more) == "allowed" {
                assert_eq!(before, "allowed", "seed {seed}");
            }
        }
        let mut open = case.clone();
        open.scps.insert(0, vec![one("Allow", "*", false)]);
        open.rcps.insert(0, vec![one("Deny", "unrelated:*", true)]);
        open.endpoint = open.endpoint.or_else(|| Some(vec![one("Allow", "*", false)]));
        assert_eq!(before, word(&open), "seed {seed}");
    }
}

#[test]
fn whom_a_guard_does_not_bind_it_does_not_touch() {
    for seed in CASES {
        let mut case = random::case(&mut Draw::new(seed));
        (case.scps, case.rcps) = (Vec::new(), Vec::new());
        let before = word(&case);
        case.scps = vec![vec![one("Deny", "*", false)]];
        case.management_account = true;
        assert_eq!(before, word(&case), "seed {seed}");
        case.rcps = vec![vec![one("Deny", "s3:*", true), one("Deny", "sts:*", true)]];
        case.resource_in_management_account = true;
        assert_eq!(before, word(&case), "seed {seed}");
        (case.management_account, case.resource_in_management_account) = (false, false);
        case.service_linked_role = true;
        assert_eq!(before, word(&case), "seed {seed}");
    }
}

#[test]
fn a_silent_boundary_and_session_policy_never_allow_more() {
    for seed in CASES {
        let case = random::case(&mut Draw::new(seed));
        let mut narrower = case.clone();
        narrower.boundary = Some(vec![one("Allow", "unrelated:*", false)]);
        narrower.session = Some(vec![one("Allow", "unrelated:*", false)]);
        let other = case.resource_policy.iter().flatten().any(|one| one.to_string().contains("NotPrincipal"));
        if word(&narrower) == "allowed" && !other && case.boundary.is_none() && case.session.is_none() {
            assert_eq!(word(&case), "allowed", "seed {seed}");
        }
    }
}
