//! Simulations and enforcement give one answer: the decisions of `rolecall eval`'s cases, and calls through the door.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code: a panic is how it fails")]

use std::sync::Arc;

use rolecall_base::Fault;
use rolecall_iam::model::*;
use rolecall_policy::{
    Context, Kind, Layers, Named, Policy, PolicyId, PolicySet, Principal, Request, Rule, decide,
};
use rolecall_testkit::{ACCOUNT, World};
use serde_json::{Value, json};

const DECISIONS: &str = include_str!("../../policy/tests/data/decisions.jsonl");
const CONDITIONS: &str = include_str!("../../policy/tests/data/conditions.jsonl");
const RESOURCES: &str = include_str!("../../policy/tests/data/resources.jsonl");

fn simulate(world: &World, input: SimulateCustomPolicyRequest) -> Result<String, Fault> {
    let root = world.root(ACCOUNT);
    let answer = world.call::<SimulateCustomPolicy>(&root, input)?;
    Ok(answer.evaluation_results.unwrap().remove(0).eval_decision)
}

fn lines(text: &str) -> impl Iterator<Item = Value> {
    text.lines().filter(|line| !line.trim().is_empty()).map(|line| serde_json::from_str(line).unwrap())
}

fn documents(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(list) => list.iter().map(document).collect(),
        one => vec![document(one)],
    }
}

fn document(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn entries(context: &Value) -> Vec<ContextEntry> {
    let keys = context.as_object().into_iter().flatten();
    keys.map(|(key, value)| {
        let (kind, values) = match value {
            Value::Array(list) => ("stringList", list.iter().map(document).collect()),
            one => ("string", vec![document(one)]),
        };
        ContextEntry {
            context_key_name: Some(key.clone()),
            context_key_values: Some(values),
            context_key_type: Some(kind.into()),
        }
    })
    .collect()
}

/// A case as a simulation's request; `None` where a simulation has no word for something in it.
fn request(case: &Value) -> Option<SimulateCustomPolicyRequest> {
    for absent in ["session_policy", "endpoint_policy", "rcps", "service_linked_role", "management_account"] {
        if !case[absent].is_null() {
            return None;
        }
    }
    let principal = case["principal"].as_str()?;
    let is_user = principal.contains(":user/");
    let is_role = principal.contains(":iam:") && principal.contains(":role/");
    if !is_user && !is_role {
        return None;
    }
    let resource_policy = documents(&case["resource_policy"]);
    let (action, resource) = (case["action"].as_str()?, case["resource"].as_str()?);
    // A simulation reads an owner from the ARN where it is there.
    let named = resource.split(':').nth(4).unwrap_or_default();
    if !named.is_empty() && case["resource_account"].as_str().is_some_and(|owner| owner != named) {
        return None;
    }
    let own_rules = action.starts_with("sts:") || resource.starts_with("arn:aws:kms");
    if resource_policy.len() > 1 || (!resource_policy.is_empty() && !is_user) {
        return None;
    }
    // Without the resource's policy AWS simulates the caller's side alone.
    if own_rules && resource_policy.is_empty() {
        return None;
    }
    let boundary = documents(&case["boundary"]);
    let levels = case["scps"].as_array().cloned().unwrap_or_default();
    if levels.iter().any(|level| documents(level).is_empty()) {
        return None;
    }
    let owner = case["resource_account"].as_str().map(|id| format!("arn:aws:iam::{id}:root"));
    Some(SimulateCustomPolicyRequest {
        policy_input_list: documents(&case["identity_policies"]),
        permissions_boundary_policy_input_list: (!boundary.is_empty()).then_some(boundary),
        ordered_organization_policy_input_list: (!levels.is_empty()).then(|| {
            let each = levels.iter().map(|level| OrderedOrganizationPolicyType {
                service_control_policy_input_list: Some(documents(level)),
            });
            each.collect()
        }),
        action_names: vec![action.into()],
        resource_arns: Some(vec![resource.into()]),
        resource_policy: resource_policy.into_iter().next(),
        resource_owner: owner,
        caller_arn: Some(principal.into()),
        context_entries: Some(entries(&case["context"])),
        ..Default::default()
    })
}

#[test]
fn the_cases_of_eval_are_simulated_with_the_same_decisions() {
    let world = World::new(1);
    let mut compared = 0;
    for case in lines(DECISIONS) {
        let Some(input) = request(&case) else { continue };
        let expected = case["expect"].as_str().unwrap();
        match simulate(&world, input) {
            Ok(decision) => assert_eq!(decision, expected, "{}", case["name"]),
            // An action that AWS does not have; a resource whose account is not the one said.
            Err(fault) => {
                assert_eq!(fault.code(), "InvalidInput", "{case}: {fault:?}");
                continue;
            }
        }
        compared += 1;
    }
    assert!(compared >= 80, "{compared}");
}

#[test]
fn the_cases_of_conditions_and_resources_hold_in_simulations() {
    let world = World::new(1);
    let mut compared = 0;
    for case in lines(CONDITIONS).chain(lines(RESOURCES)) {
        if !case["in"].is_null() {
            continue;
        }
        let mut context = entries(&case["context"]);
        let (statement, resource, expected) = if let Some(pattern) = case.get("pattern") {
            let statement = json!({ "Effect": "Allow", "Action": "s3:GetObject", "Resource": pattern });
            (statement, case["resource"].as_str().unwrap(), &case["matches"])
        } else {
            let key = case["key"].as_str().unwrap_or("aws:x");
            let condition = match &case["condition"] {
                Value::Null => json!({ case["op"].as_str().unwrap(): { key: case["policy"] } }),
                given => given.clone(),
            };
            context.extend(case.get("request").into_iter().flat_map(|value| entries(&json!({ key: value }))));
            let statement = json!({ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": condition });
            (statement, "*", &case["holds"])
        };
        let expected = expected.as_bool().unwrap();
        let version = case["version"].as_str().unwrap_or("2012-10-17");
        let text = json!({ "Version": version, "Statement": statement }).to_string();
        let input = SimulateCustomPolicyRequest {
            policy_input_list: vec![text],
            action_names: vec!["s3:GetObject".into()],
            resource_arns: Some(vec![resource.into()]),
            context_entries: Some(context),
            ..Default::default()
        };
        let Ok(decision) = simulate(&world, input) else { continue };
        assert_eq!(decision == "allowed", expected, "{case}");
        compared += 1;
    }
    assert!(compared >= 500, "{compared}");
}

/// A small sequence of numbers from a seed.
struct Dice(u64);

impl Dice {
    fn of(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.of(of.len())]
    }
}

fn statement(dice: &mut Dice) -> Value {
    let mut statement = json!({
        "Effect": dice.pick(&["Allow", "Allow", "Allow", "Deny"]),
        "Resource": dice.pick(&["*", "arn:aws:iam::000000000000:user/*", "arn:aws:iam::000000000000:user/${aws:username}",
            "arn:aws:iam::000000000000:role/r", "arn:aws:iam::*:user/b?b"]),
    });
    let element = dice.pick(&["Action", "Action", "Action", "NotAction"]);
    statement[element] = dice.pick(&["*", "iam:*", "iam:Get*", "iam:getuser", "s3:*", "iam:GetRole"]).into();
    if dice.of(3) == 0 {
        statement["Condition"] = match dice.of(5) {
            0 => json!({"StringEquals": {"aws:username": dice.pick(&["ann", "bob"])}}),
            1 => json!({"StringLike": {"aws:PrincipalTag/Team": dice.pick(&["r*", "blue"])}}),
            2 => json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/a*"}}),
            3 => json!({"StringNotEquals": {"aws:PrincipalType": "User"}}),
            _ => json!({"StringEquals": {"aws:PrincipalAccount": "000000000000"}}),
        };
    }
    statement
}

#[test]
fn a_simulation_of_a_user_answers_as_the_door_does() {
    let (mut allowed, mut denied) = (0, 0);
    for seed in 0..60 {
        let mut dice = Dice(seed);
        let world = World::new(seed);
        let statements: Vec<Value> = (0..=dice.of(4)).map(|_| statement(&mut dice)).collect();
        let text = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        let ann = world.user("ann", &text);
        let root = world.root(ACCOUNT);
        let tag = TagUserRequest {
            user_name: "ann".into(),
            tags: vec![Tag { key: "team".into(), value: "red".into() }],
        };
        world.call::<TagUser>(&root, tag).unwrap();
        world.user("bob", "");
        let ann = world.signed_in(ann.caller.access_key_id.as_deref().unwrap(), None).unwrap();
        for name in ["ann", "bob"] {
            let input = SimulatePrincipalPolicyRequest {
                policy_source_arn: "arn:aws:iam::000000000000:user/ann".into(),
                action_names: vec!["iam:GetUser".into()],
                resource_arns: Some(vec![format!("arn:aws:iam::000000000000:user/{name}")]),
                ..Default::default()
            };
            let answer = world.call::<SimulatePrincipalPolicy>(&root, input).unwrap();
            let simulated = answer.evaluation_results.unwrap().remove(0).eval_decision;
            let real = world.call::<GetUser>(&ann, GetUserRequest { user_name: Some(name.into()) });
            let agree = match (&real, simulated.as_str()) {
                (Ok(_), "allowed") => true,
                (Err(fault), "explicitDeny") => fault.message().contains("with an explicit deny"),
                (Err(fault), "implicitDeny") => fault.message().contains("because no"),
                _ => false,
            };
            assert!(agree, "{text}: {name} is {simulated} in a simulation, really {real:?}");
            if real.is_ok() { allowed += 1 } else { denied += 1 }
        }
    }
    assert!(allowed > 20 && denied > 20, "{allowed} {denied}");
}

#[test]
fn random_policies_are_simulated_as_the_engine_decides_them() {
    let world = World::new(7);
    let mut dice = Dice(7);
    for _ in 0..300 {
        let text = |dice: &mut Dice| {
            let statements: Vec<Value> = (0..=dice.of(3)).map(|_| statement(dice)).collect();
            json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
        };
        let (own, boundary, level) = (text(&mut dice), text(&mut dice), text(&mut dice));
        let action = dice.pick(&["iam:GetUser", "iam:GetRole", "iam:CreateUser", "s3:GetObject"]);
        let resource =
            dice.pick(&["arn:aws:iam::000000000000:user/ann", "arn:aws:iam::000000000000:role/r", "*"]);
        let facts = Context::new().with("aws:username", "ann").with("aws:PrincipalTag/team", "red");
        let set = |text: &str, kind| {
            PolicySet::new(vec![Named::new(
                Arc::new(Policy::load(text, kind).unwrap()),
                PolicyId::attached("x"),
            )])
        };
        let (identity, limit) = (set(&own, Kind::Identity), set(&boundary, Kind::Boundary));
        let scps = [Arc::new(set(&level, Kind::ServiceControl))];
        let layers =
            Layers { identity: Some(&identity), boundary: Some(&limit), scps: &scps, ..Layers::default() };
        let decision = decide(
            &layers,
            &Request {
                principal: Principal::User { account: ACCOUNT, arn: "", unique_id: "" },
                action,
                resource,
                resource_account: None,
                facts: &facts,
                rule: Rule::Standard,
            },
        );
        let entry = |name: &str, value: &str| ContextEntry {
            context_key_name: Some(name.into()),
            context_key_values: Some(vec![value.into()]),
            context_key_type: Some("string".into()),
        };
        let input = SimulateCustomPolicyRequest {
            policy_input_list: vec![own],
            permissions_boundary_policy_input_list: Some(vec![boundary]),
            ordered_organization_policy_input_list: Some(vec![OrderedOrganizationPolicyType {
                service_control_policy_input_list: Some(vec![level]),
            }]),
            action_names: vec![action.into()],
            resource_arns: Some(vec![resource.into()]),
            context_entries: Some(vec![entry("aws:username", "ann"), entry("aws:PrincipalTag/team", "red")]),
            ..Default::default()
        };
        assert_eq!(simulate(&world, input).unwrap(), decision.word());
    }
}
