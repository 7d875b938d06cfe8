//! What `remedies` proposes for denied requests: always something that the engine then allows, the narrowest first.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;

use rolecall_policy::*;

const ANN: &str = "arn:aws:iam::111111111111:user/ann";
const CAT: &str = "arn:aws:s3:::photos/cat.jpg";
const OTHERS: [&str; 3] = ["s3:GetObject", "s3:GetObjectAcl", "s3:PutObject"];

fn set(kind: Kind, id: PolicyId, text: &str) -> PolicySet {
    PolicySet::new(vec![Named::new(Arc::new(Policy::load(text, kind).unwrap()), id)])
}

fn document(statement: &str) -> String {
    format!(r#"{{"Version": "2012-10-17", "Statement": [{statement}]}}"#)
}

fn own(statement: &str) -> PolicySet {
    set(Kind::Identity, PolicyId::inline(Owner::User, "ann", "own"), &document(statement))
}

fn ask(layers: &Layers<'_>, facts: &Context) -> Vec<Remedy> {
    let account = "111111111111".parse().unwrap();
    let request = Request {
        principal: Principal::User { account, arn: ANN, unique_id: "AIDAEXAMPLE" },
        action: "s3:GetObject",
        resource: CAT,
        resource_account: Some(account),
        facts,
        rule: Rule::Standard,
    };
    remedies(layers, &request, &OTHERS)
}

/// Each way in a line: `ELEMENT+ADDED-REMOVED` for its edits, then what it opens.
fn told(found: &[Remedy]) -> Vec<String> {
    let edit = |edit: &Edit| format!("{}+{}-{}", edit.element, edit.add.join(","), edit.remove.join(","));
    let change = |change: &Change| match change {
        Change::Policy { edits, .. } => edits.iter().map(edit).collect::<Vec<_>>().join(" "),
        Change::Request { key, value } => format!("{key}={value}"),
    };
    let way = |remedy: &Remedy| {
        let changes: Vec<_> = remedy.changes.iter().map(change).collect();
        format!("{} opens [{}]", changes.join("; "), remedy.opens.join(" "))
    };
    found.iter().map(way).collect()
}

fn for_own(statement: &str) -> Vec<String> {
    let own = own(statement);
    told(&ask(&Layers { identity: Some(&own), ..Layers::default() }, &Context::new()))
}

const EXACT: &str = r#"Statement+{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::photos/cat.jpg"}- opens []"#;

#[test]
fn a_missing_allow_is_an_exact_statement() {
    assert_eq!(for_own(r#"{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}"#), [EXACT]);
    let none = ask(&Layers::default(), &Context::new());
    assert_eq!(told(&none), [EXACT]);
    let Change::Policy { policy, new: true, .. } = &none[0].changes[0] else { panic!("{none:?}") };
    assert_eq!(*policy, PolicyId::inline(Owner::User, "ann", "NEW"));
}

#[test]
fn a_near_statement_is_widened_and_what_that_opens_is_told() {
    let found =
        for_own(r#"{"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::photos/dog.jpg"}"#);
    assert_eq!(found, [EXACT, "Resource+arn:aws:s3:::photos/cat.jpg- opens [s3:GetObjectAcl]"]);
}

#[test]
fn a_condition_takes_the_requests_value_or_the_request_the_conditions() {
    let own = own(r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*",
            "Condition": {"StringEquals": {"aws:PrincipalTag/team": ["red"]}}}"#);
    let layers = Layers { identity: Some(&own), ..Layers::default() };
    let without = ask(&layers, &Context::new());
    assert_eq!(told(&without), [EXACT, "aws:PrincipalTag/team=red opens []"]);
    let mut blue = Context::new();
    blue.set("aws:PrincipalTag/team", "blue");
    let with = ask(&layers, &blue);
    assert_eq!(told(&with)[1], "Condition StringEquals aws:PrincipalTag/team+blue- opens []");
    let Change::Policy { edits, .. } = &with[1].changes[0] else { panic!("{with:?}") };
    assert_eq!(edits[0].elsewhere, ["*"]);
}

#[test]
fn a_deny_is_narrowed_before_it_is_dropped() {
    let found = for_own(
        r#"{"Effect": "Allow", "Action": "*", "Resource": "*"},
           {"Effect": "Deny", "Action": "s3:*", "NotResource": ["arn:aws:s3:::public/*"]}"#,
    );
    assert_eq!(found[0], "NotResource+arn:aws:s3:::photos/cat.jpg- opens [s3:GetObjectAcl s3:PutObject]");
    assert_eq!(found[1], "Statement+- opens [s3:GetObjectAcl s3:PutObject]");
}

#[test]
fn a_policy_that_is_one_deny_goes_when_nothing_narrower_helps() {
    let deny = document(r#"{"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"}"#);
    let allow = document(r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}"#);
    let policy = |text: &str| Arc::new(Policy::load(text, Kind::Identity).unwrap());
    let both = PolicySet::new(vec![
        Named::new(policy(&allow), PolicyId::inline(Owner::User, "ann", "own")),
        Named::new(policy(&deny), PolicyId::managed("arn:aws:iam::111111111111:policy/no")),
    ]);
    let found = ask(&Layers { identity: Some(&both), ..Layers::default() }, &Context::new());
    assert_eq!(told(&found), ["Policy+- opens []"]);
}

#[test]
fn a_deny_without_a_second_factor_asks_for_one() {
    let found = for_own(
        r#"{"Effect": "Allow", "Action": "*", "Resource": "*"},
           {"Effect": "Deny", "Action": "*", "Resource": "*",
            "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}"#,
    );
    assert_eq!(found[0], "aws:MultiFactorAuthPresent=true opens []");
}

#[test]
fn every_obstacle_on_the_way_is_part_of_the_remedy() {
    let own = own(r#"{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}"#);
    let elsewhere = document(r#"{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}"#);
    let limit = "arn:aws:iam::111111111111:policy/limit";
    let boundary = set(Kind::Boundary, PolicyId::managed(limit), &elsewhere);
    let all = document(r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#);
    let root = "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess";
    let scps = [
        Arc::new(set(Kind::ServiceControl, PolicyId::managed(root), &all)),
        Arc::new(set(Kind::ServiceControl, PolicyId::attached("p-low"), &elsewhere)),
    ];
    let layers = Layers { identity: Some(&own), boundary: Some(&boundary), scps: &scps, ..Layers::default() };
    let found = ask(&layers, &Context::new());
    let at = |change: &Change| match change {
        Change::Policy { layer, level, .. } => (*layer, *level),
        Change::Request { .. } => panic!("{change:?}"),
    };
    let places: Vec<_> = found[0].changes.iter().map(at).collect();
    let expected = [(Layer::ServiceControl, Some(1)), (Layer::Identity, None), (Layer::Boundary, None)];
    assert_eq!(places, expected);
}

#[test]
fn an_allowed_request_and_a_policy_of_aws_have_no_remedy_of_their_own() {
    assert!(for_own(r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#).is_empty());
    let text = document(r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::other"}"#);
    let attached =
        set(Kind::Identity, PolicyId::managed("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"), &text);
    let found = ask(&Layers { identity: Some(&attached), ..Layers::default() }, &Context::new());
    assert_eq!(told(&found), [EXACT]);
}
