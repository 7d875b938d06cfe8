//! The questions that the benchmarks ask, shared by the run with other engines.

use std::sync::Arc;

use rolecall_base::AccountId;
use rolecall_policy::{
    Facts, Kind, Layers, Named, Policy, PolicyId, PolicySet, Principal, Request, ResourceKind, Rule, Value,
};

/// The account of caller and bucket.
pub fn account() -> AccountId {
    "111111111111".parse().unwrap()
}

pub const ROLE: &str = "arn:aws:iam::111111111111:role/team/app";

/// What every request holds.
pub struct Session;

impl Facts for Session {
    fn get(&self, key: &str) -> Option<Value<'_>> {
        Some(match key {
            "aws:principaltag/team" => Value::from("blue"),
            "aws:username" => Value::from("ann"),
            "aws:sourceip" => Value::from("10.1.2.3"),
            "aws:securetransport" => Value::Bool(true),
            "aws:principalarn" => Value::from(ROLE),
            _ => return None,
        })
    }
}

/// One statement as a list of plain facts, so that it can be written in each engine's language.
pub struct Rule1 {
    pub deny: bool,
    pub bucket: String,
    /// Only under a folder named after the caller's team, and only for that team.
    pub team: bool,
}

/// `count` rules: one Deny in ten, a condition on every other Allow. The last one is what requests need.
pub fn rules(count: usize) -> Vec<Rule1> {
    let rule = |at| {
        let last = at + 1 == count;
        Rule1 { deny: at % 10 == 3 && !last, bucket: format!("bucket-{at:04}"), team: at % 2 == 1 || last }
    };
    (0..count).map(rule).collect()
}

fn statement(rule: &Rule1) -> String {
    let Rule1 { deny, bucket, team } = rule;
    let effect = if *deny { "Deny" } else { "Allow" };
    let (folder, condition) = match (deny, team) {
        (true, _) => ("private/*", r#", "Condition": {"Bool": {"aws:SecureTransport": "false"}}"#),
        (false, true) => (
            "${aws:PrincipalTag/team}/*",
            r#", "Condition": {"StringEquals": {"aws:PrincipalTag/team": ["red", "blue"]}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}"#,
        ),
        (false, false) => ("*", ""),
    };
    format!(
        r#"{{"Effect": "{effect}", "Action": ["s3:Get*", "s3:PutObject"], "Resource": "arn:aws:s3:::{bucket}/{folder}"{condition}}}"#
    )
}

/// Documents of ten statements each, as managed policies are.
pub fn own(rules: &[Rule1], kind: Kind) -> PolicySet {
    let documents = rules.chunks(10).map(|chunk| {
        let statements: Vec<String> = chunk.iter().map(statement).collect();
        named(&format!(r#"{{"Version": "2012-10-17", "Statement": [{}]}}"#, statements.join(",")), kind)
    });
    PolicySet::new(documents.collect())
}

fn named(text: &str, kind: Kind) -> Named {
    Named::new(Arc::new(Policy::load(text, kind).unwrap()), PolicyId::attached("bench"))
}

fn one(body: &str, kind: Kind) -> PolicySet {
    PolicySet::new(vec![named(&format!(r#"{{"Version": "2012-10-17", "Statement": {body}}}"#), kind)])
}

/// The further layers of a well-kept organization.
pub struct Around {
    boundary: PolicySet,
    session: PolicySet,
    resource: PolicySet,
    endpoint: PolicySet,
    scps: Vec<Arc<PolicySet>>,
    rcps: Vec<Arc<PolicySet>>,
}

impl Around {
    pub fn new() -> Around {
        let full = r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#;
        let guard = format!(
            r#"[{full}, {{"Effect": "Deny", "NotAction": ["s3:*", "iam:*", "ec2:*"], "Resource": "*",
                "Condition": {{"ArnNotLike": {{"aws:PrincipalArn": "arn:aws:iam::*:role/admin/*"}}}}}},
                {{"Effect": "Deny", "Action": "s3:Put*", "Resource": "arn:aws:s3:::audit-*"}}]"#
        );
        let rcp = r#"{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
            "Condition": {"BoolIfExists": {"aws:SecureTransport": "false"}}}"#;
        let bucket = r#"[{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::222222222222:root"}, "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::bucket-0099/*"}, {"Effect": "Deny", "Principal": "*", "Action": "s3:*",
            "Resource": "arn:aws:s3:::bucket-0099/*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]"#;
        Around {
            boundary: one(
                r#"{"Effect": "Allow", "Action": ["s3:*", "ec2:*"], "Resource": "*"}"#,
                Kind::Boundary,
            ),
            session: one(
                r#"{"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::bucket-*"}"#,
                Kind::Session,
            ),
            resource: one(bucket, Kind::Resource(ResourceKind::Bucket)),
            endpoint: one(
                r#"{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}"#,
                Kind::Endpoint,
            ),
            scps: [full, &guard].map(|body| Arc::new(one(body, Kind::ServiceControl))).into(),
            rcps: vec![Arc::new(one(rcp, Kind::ResourceControl))],
        }
    }

    /// Eight layers: two levels of SCPs, an RCP, endpoint, resource, identity, boundary, session.
    pub fn layers<'a>(&'a self, identity: &'a PolicySet) -> Layers<'a> {
        Layers {
            identity: Some(identity),
            boundary: Some(&self.boundary),
            session: Some(&self.session),
            resource: Some(&self.resource),
            endpoint: Some(&self.endpoint),
            scps: &self.scps,
            rcps: &self.rcps,
            ..Layers::default()
        }
    }
}

/// Objects of the last rule's bucket, so that no branch is learned by heart.
pub fn resources(rules: &[Rule1]) -> Vec<String> {
    let bucket = rules.last().map_or("", |rule| &rule.bucket);
    (0..64).map(|at| format!("arn:aws:s3:::{bucket}/blue/{}/photo-{at}.jpg", "x".repeat(at % 7))).collect()
}

pub fn request<'a>(account: AccountId, resource: &'a str, facts: &'a dyn Facts) -> Request<'a> {
    Request {
        principal: Principal::Role {
            account,
            role_arn: ROLE,
            session_arn: "arn:aws:sts::111111111111:assumed-role/app/s",
            unique_id: "AROAEXAMPLEEXAMPLE",
        },
        action: "s3:GetObject",
        resource,
        resource_account: Some(account),
        facts,
        rule: Rule::Standard,
    }
}
