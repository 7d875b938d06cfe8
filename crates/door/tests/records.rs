//! What audit records say of a call.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly")]

use std::sync::Arc;

use rolecall_base::{AccountId, Fault, Time};
use rolecall_door::{At, Authorized, ByArn, Needs, Operation, Origin, Read, ServiceEvent, Visitor};
use rolecall_identity::{Caller, Delivery, Session, SessionKind, Who};
use rolecall_testkit::{ACCOUNT, REGION, World};
use rolecall_wire::record::{HIDDEN, Tell, Teller};
use rolecall_wire::{Input, Message, Meta, Output, Protocol, Response, Route, Shape, Violations};
use serde_json::{Value, json};

/// An input of which one member is secret.
#[derive(Debug, Default)]
struct Asked(String);

impl Input for Asked {
    fn decode(_: &Message<'_>, _: &mut Violations) -> Result<Self, Fault> {
        Ok(Asked::default())
    }

    fn validate(&self, _: &mut Violations) {}
}

impl Tell for Asked {
    fn tell(&self, t: &mut Teller) {
        t.open();
        t.put("name", Some(&self.0));
        t.masked("sessionToken", true, HIDDEN);
        t.close();
    }
}

#[derive(Debug)]
struct Told;

impl Output for Told {
    fn encode(self, _: &Meta, _: &str, _: &mut Response) {}
}

impl Tell for Told {
    fn tell(&self, t: &mut Teller) {
        t.open();
        t.put("expiration", Some(&Time::from_seconds(0)));
        t.close();
    }
}

const fn meta(service: &'static str, name: &'static str, protocol: Protocol) -> Meta {
    Meta {
        service,
        name,
        protocol,
        xmlns: "",
        result_wrapper: None,
        route: Route::named(name),
        status: 200,
        streaming_input: false,
        streaming_output: false,
    }
}

macro_rules! operation {
    ($name:ident, $meta:expr, $needs:expr) => {
        #[derive(Debug)]
        struct $name;

        impl Shape for $name {
            type Input = Asked;
            type Output = Told;
            const META: &'static Meta = &$meta;
        }

        impl Operation for $name {
            type Access = Read;

            fn needs(input: &Asked, _: &At<'_>) -> Result<Needs, Fault> {
                let needs: fn(&Asked) -> Needs = $needs;
                Ok(needs(input))
            }

            fn run(_: &mut Authorized<'_, Self>) -> Result<Told, Fault> {
                Ok(Told)
            }
        }
    };
}

operation!(AssumeRole, meta("sts", "AssumeRole", Protocol::Query), |input| {
    let role = ByArn::<rolecall_actions::iam::kind::Role>::new(
        format!("arn:aws:iam::{}:role/r", input.0),
        input.0.parse().unwrap(),
    );
    Needs::action(rolecall_actions::sts::AssumeRole).on(&role).done()
});

operation!(GetObject, meta("s3", "GetObject", Protocol::RestXml), |input| {
    let arn = format!("arn:aws:s3:::pics/{}", input.0);
    let object = ByArn::<rolecall_actions::s3::kind::Object>::new(arn, ACCOUNT);
    Needs::action(rolecall_actions::s3::GetObject).on(&object).done()
});

operation!(RunInstances, meta("ec2", "RunInstances", Protocol::Ec2), |_| {
    Needs::action(rolecall_actions::ec2::DescribeInstances).anywhere().done()
});

fn records(world: &World) -> Vec<Value> {
    world.records.all().iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn session(world: &World) -> Caller {
    let session = Session {
        kind: SessionKind::Role,
        account: ACCOUNT,
        principal_id: "AROAEXAMPLE".into(),
        name: "i-1".into(),
        issued: world.env.now(),
        source_identity: Some("ann".into()),
        provider: Some("arn:aws:iam::000000000000:oidc-provider/id.example.com".into()),
        context: vec![("id.example.com:sub".into(), vec!["ann".into()])],
        delivery: Some(Delivery {
            role_delivery: "2.0".into(),
            instance_arn: String::new(),
            vpc: String::new(),
            private_ip: String::new(),
        }),
        ..Session::default()
    };
    Caller {
        who: Who::RoleSession,
        arn: "arn:aws:sts::000000000000:assumed-role/r/i-1".into(),
        principal_arn: "arn:aws:iam::000000000000:role/p/r".into(),
        user_id: "AROAEXAMPLE:i-1".into(),
        access_key_id: Some("ASIAEXAMPLE".into()),
        session: Some(Arc::new(session)),
        ..Caller::root(ACCOUNT)
    }
}

#[test]
fn a_session_is_told_with_its_issuer_its_federation_and_its_delivery() {
    let world = World::new(1);
    let caller = session(&world);
    let _ = world.call::<RunInstances>(&Visitor::vouched(caller), Asked("x".into()));
    let [record] = records(&world).try_into().unwrap();
    let expected = json!({
        "type": "AssumedRole",
        "principalId": "AROAEXAMPLE:i-1",
        "arn": "arn:aws:sts::000000000000:assumed-role/r/i-1",
        "accountId": "000000000000",
        "accessKeyId": "ASIAEXAMPLE",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": "AROAEXAMPLE",
                "arn": "arn:aws:iam::000000000000:role/p/r",
                "accountId": "000000000000",
                "userName": "r",
            },
            "webIdFederationData": {
                "federatedProvider": "arn:aws:iam::000000000000:oidc-provider/id.example.com",
                "attributes": {"id.example.com:sub": "ann"},
            },
            "attributes": {"creationDate": "2026-01-01T00:00:00Z", "mfaAuthenticated": "false"},
            "sourceIdentity": "ann",
            "ec2RoleDelivery": "2.0",
        },
    });
    assert_eq!(record["userIdentity"], expected);
    assert_eq!(record["errorCode"], "Client.UnauthorizedOperation");
    assert_eq!(record["requestParameters"], json!({"name": "x", "sessionToken": HIDDEN}));
    assert_eq!(record["responseElements"], Value::Null);
}

#[test]
fn the_account_of_an_assumed_role_gets_its_own_copy() {
    let world = World::new(1);
    let other: AccountId = "222222222222".parse().unwrap();
    world.account(other);
    world.call::<AssumeRole>(&world.root(ACCOUNT), Asked(ACCOUNT.to_string())).unwrap();
    let [own] = records(&world).try_into().unwrap();
    assert_eq!(own["readOnly"], true);
    assert_eq!(own["responseElements"], json!({"expiration": "Jan 1, 1970, 12:00:00 AM"}));
    let role = json!([{"accountId": "000000000000", "type": "AWS::IAM::Role", "ARN": "arn:aws:iam::000000000000:role/r"}]);
    assert_eq!(own["resources"], role);
    assert_eq!(own.get("sharedEventID"), None);
    // Across accounts, denied: the caller's account alone is told.
    assert!(world.call::<AssumeRole>(&world.root(ACCOUNT), Asked(other.to_string())).is_err());
    let [_, denied] = records(&world).try_into().unwrap();
    assert_eq!(
        (&denied["recipientAccountId"], &denied["errorCode"]),
        (&json!(ACCOUNT.to_string()), &json!("AccessDenied"))
    );
}

#[test]
fn work_on_objects_is_data_and_names_object_and_bucket() {
    let world = World::new(1);
    world.call::<GetObject>(&world.root(ACCOUNT), Asked("a/b".into())).unwrap();
    let [record] = records(&world).try_into().unwrap();
    assert_eq!((&record["managementEvent"], &record["eventCategory"]), (&json!(false), &json!("Data")));
    let resources = json!([
        {"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::pics/a/b"},
        {"accountId": "000000000000", "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::pics"},
    ]);
    assert_eq!(record["resources"], resources);
}

#[test]
fn what_a_stranger_asks_of_a_bucket_is_told_to_its_owner() {
    let world = World::new(1);
    let nobody = Visitor::vouched(Caller::anonymous());
    assert!(world.call::<GetObject>(&nobody, Asked("k".into())).is_err());
    let [record] = records(&world).try_into().unwrap();
    assert_eq!(record["recipientAccountId"], "000000000000");
    assert_eq!(record["userIdentity"], json!({"type": "AWSAccount", "accountId": "ANONYMOUS_PRINCIPAL"}));
}

#[test]
fn what_is_too_large_is_left_out_and_said_to_be() {
    let world = World::new(1);
    let origin = Origin { user_agent: Some("é".repeat(2000)), ..Origin::default() };
    let call =
        world.door.call::<RunInstances>(world.root(ACCOUNT), REGION, origin, Asked("x".repeat(200_000)));
    world.run(call).unwrap();
    let [record] = records(&world).try_into().unwrap();
    assert_eq!(record["requestParameters"]["omitted"], true);
    assert_eq!(record["requestParameters"]["reason"], "requestParameters too large");
    assert_eq!(record["userAgent"].as_str().map(str::len), Some(1024));
}

#[test]
fn an_event_of_our_own_says_so() {
    let world = World::new(1);
    world.door.log_event(&ServiceEvent {
        name: "SshLogin",
        account: ACCOUNT,
        region: REGION,
        source_ip: None,
        error: Some(("AccessDenied", "no")),
        details: &[("instanceId", "i-1")],
    });
    let [record] = records(&world).try_into().unwrap();
    assert_eq!(record["eventType"], "AwsServiceEvent");
    assert_eq!(record["serviceEventDetails"], json!({"instanceId": "i-1"}));
    assert_eq!(record["userIdentity"]["invokedBy"], "rolecall.amazonaws.com");
}
