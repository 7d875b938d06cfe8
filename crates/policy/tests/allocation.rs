//! An allow costs no heap allocation, counted by the allocator itself.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: a panic is how it fails"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

use rolecall_policy::{
    Facts, Kind, Layers, Named, Policy, PolicyId, PolicySet, Principal, Request, ResourceKind, Rule, Value,
    decide,
};
use serde_json::json;

struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

#[expect(
    unsafe_code,
    reason = "an allocator can only be written so; it passes everything on to the system's"
)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Request1;

impl Facts for Request1 {
    fn get(&self, key: &str) -> Option<Value<'_>> {
        Some(match key {
            "aws:username" => Value::from("ann"),
            "aws:sourceip" => Value::from("10.1.2.3"),
            "aws:currenttime" => Value::Date(rolecall_base::Time::from_seconds(1_709_209_815)),
            "aws:multifactorauthpresent" => Value::Bool(true),
            "aws:multifactorauthage" => Value::Number(30),
            "aws:principalarn" => Value::from("arn:aws:iam::111111111111:role/team/R"),
            _ => return None,
        })
    }
}

fn set(kind: Kind, document: &serde_json::Value) -> PolicySet {
    let policy = Policy::parse(&document.to_string(), kind).unwrap();
    PolicySet::new(vec![Named::new(Arc::new(policy), PolicyId::attached("x"))])
}

#[test]
fn an_allow_through_all_layers_allocates_nothing() {
    let conditions = json!({
        "StringLike": {"aws:username": ["b*", "a*n", "${aws:username}"]},
        "StringNotEquals": {"aws:PrincipalTag/none": "x"},
        "IpAddress": {"aws:SourceIp": ["192.168.0.0/16", "10.0.0.0/8"]},
        "DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"},
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
        "NumericLessThan": {"aws:MultiFactorAuthAge": "3600"},
        "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/team/*"},
        "Null": {"aws:TokenIssueTime": "true"},
    });
    let own = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::b/*"},
        {"Effect": "Allow", "Action": ["s3:Get*t", "s3:PutObject"], "Resource": "arn:aws:s3:::b/${aws:username}/?*.jpg",
         "Condition": conditions},
    ]});
    let all =
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
    let resource = json!({"Version": "2012-10-17", "Statement":
        {"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"}});
    let identity = set(Kind::Identity, &own);
    let (boundary, session) = (set(Kind::Boundary, &own), set(Kind::Session, &all));
    let resource = set(Kind::Resource(ResourceKind::Bucket), &resource);
    let scps = [Arc::new(set(Kind::ServiceControl, &all)), Arc::new(set(Kind::ServiceControl, &all))];
    let layers = Layers {
        identity: Some(&identity),
        boundary: Some(&boundary),
        session: Some(&session),
        resource: Some(&resource),
        scps: &scps,
        ..Layers::default()
    };
    let account = "111111111111".parse().unwrap();
    let request = Request {
        principal: Principal::Role {
            account,
            role_arn: "arn:aws:iam::111111111111:role/team/R",
            session_arn: "arn:aws:sts::111111111111:assumed-role/R/S",
            unique_id: "AROAEXAMPLEEXAMPLE",
        },
        action: "s3:GetObject",
        resource: "arn:aws:s3:::b/ann/cat.jpg",
        resource_account: Some(account),
        facts: &Request1,
        rule: Rule::Standard,
    };
    let before = COUNT.with(Cell::get);
    let decision = decide(&layers, &request);
    let after = COUNT.with(Cell::get);
    assert!(decision.allowed, "{decision:?}");
    assert_eq!(after - before, 0);
}
