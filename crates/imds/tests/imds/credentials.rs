//! Role credentials: whose they are, when they change, and what is said when there are none.

use std::time::Duration;

use rolecall_identity::Unknown;
use rolecall_identity::records::{Entities, InstanceProfileIds, InstanceProfiles, Roles, fold};
use rolecall_testkit::ACCOUNT;
use serde_json::Value;

use crate::world::{EC2, Guest, LAMBDA, text};

const LIST: &str = "/latest/meta-data/iam/security-credentials/";
const ROLE: &str = "/latest/meta-data/iam/security-credentials/reader";

fn json(guest: &Guest, path: &str) -> Value {
    let answer = guest.get_v2(path);
    assert_eq!(answer.status, 200, "{path}");
    serde_json::from_slice(&answer.body).unwrap()
}

fn key(guest: &Guest, path: &str) -> String {
    json(guest, path)["AccessKeyId"].as_str().unwrap_or_else(|| panic!("no credentials at {path}")).to_owned()
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

/// The ARN of whoever signs with what the document says.
fn arn(guest: &Guest, document: &Value) -> Result<String, Unknown> {
    let id = document["AccessKeyId"].as_str().unwrap();
    let visitor = guest.world.signed_in(id, document["Token"].as_str());
    visitor.map(|visitor| visitor.caller.arn.clone())
}

#[test]
fn the_document_stands_for_a_session_of_the_role_named_after_the_instance() {
    let guest = Guest::with_role();
    assert_eq!(text(&guest.get(LIST)), "reader");
    let document = json(&guest, ROLE);
    assert_eq!(document["Code"], "Success");
    assert_eq!(document["Type"], "AWS-HMAC");
    assert_eq!(document["LastUpdated"], "2026-01-01T00:00:00Z");
    assert_eq!(document["Expiration"], "2026-01-01T06:00:00Z");
    assert_eq!(document.get("AccountId"), None);
    let expected = "arn:aws:sts::000000000000:assumed-role/reader/i-0123456789abcdef0";
    assert_eq!(arn(&guest, &document).unwrap(), expected);
}

#[test]
fn the_extended_document_is_the_same_with_the_account() {
    let guest = Guest::with_role();
    assert_eq!(text(&guest.get("/latest/meta-data/iam/security-credentials-extended")), "reader");
    let extended = json(&guest, "/latest/meta-data/iam/security-credentials-extended/reader");
    assert_eq!(extended["AccountId"], "000000000000");
    assert_eq!(extended["AccessKeyId"], json(&guest, ROLE)["AccessKeyId"]);
    assert_eq!(text(&guest.get("/latest/meta-data/iam/")), "info\nsecurity-credentials/");
}

#[test]
fn each_version_has_credentials_that_say_how_they_were_delivered() {
    let guest = Guest::with_role();
    let v1: Value = serde_json::from_slice(&guest.get(ROLE).body).unwrap();
    let v2 = json(&guest, ROLE);
    assert_ne!(v1["AccessKeyId"], v2["AccessKeyId"]);
    for (document, version) in [(v1, "1.0"), (v2, "2.0")] {
        let id = document["AccessKeyId"].as_str().unwrap();
        let visitor = guest.world.signed_in(id, document["Token"].as_str()).unwrap();
        let delivery = visitor.caller.session.as_ref().unwrap().delivery.clone().unwrap();
        assert_eq!(delivery.role_delivery, version);
        assert_eq!(delivery.instance_arn, guest.instance.arn());
        assert_eq!(delivery.vpc, guest.instance.vpc);
        assert_eq!(delivery.private_ip, "172.31.5.6");
    }
}

#[test]
fn another_name_than_the_roles_is_not_there() {
    let guest = Guest::with_role();
    assert_eq!(guest.get(&format!("{LIST}other")).status, 404);
    assert_eq!(guest.get(&format!("{ROLE}/more")).status, 404);
}

#[test]
fn credentials_stay_until_a_quarter_of_their_life_is_left() {
    let guest = Guest::with_role();
    let first = json(&guest, ROLE);
    guest.world.env.advance(minutes(270) - Duration::from_millis(1));
    assert_eq!(json(&guest, ROLE), first);
    guest.world.env.advance(Duration::from_millis(1));
    let second = json(&guest, ROLE);
    assert_ne!(second["AccessKeyId"], first["AccessKeyId"]);
    assert_eq!(second["Expiration"], "2026-01-01T10:30:00Z");
}

#[test]
fn an_hours_credentials_are_never_handed_out_with_less_than_twenty_minutes_left() {
    let mut guest = Guest::with_life(minutes(60));
    guest.role("reader", EC2);
    guest.associate("box", Some("reader"));
    for _ in 0..200 {
        guest.world.env.advance(minutes(1));
        let document = json(&guest, ROLE);
        let end = rolecall_base::Time::parse_iso(document["Expiration"].as_str().unwrap()).unwrap();
        assert!(end.since(guest.world.env.now()) >= minutes(20) - Duration::from_secs(1));
    }
}

#[test]
fn old_credentials_work_until_their_own_end() {
    let guest = Guest::with_role();
    let first = json(&guest, ROLE);
    guest.world.env.advance(minutes(300));
    assert_ne!(json(&guest, ROLE)["AccessKeyId"], first["AccessKeyId"]);
    assert!(arn(&guest, &first).is_ok());
    guest.world.env.advance(minutes(60));
    assert!(matches!(arn(&guest, &first), Err(Unknown::Expired)));
}

#[test]
fn another_association_has_new_credentials_at_once() {
    let mut guest = Guest::with_role();
    guest.role("writer", EC2);
    let first = key(&guest, ROLE);
    guest.associate("other", Some("writer"));
    assert_eq!(text(&guest.get(LIST)), "writer");
    assert_eq!(guest.get(ROLE).status, 404);
    let swapped = key(&guest, &format!("{LIST}writer"));
    assert_ne!(swapped, first);
    guest.associate("again", Some("writer"));
    assert_ne!(key(&guest, &format!("{LIST}writer")), swapped);
    guest.instance.profile = None;
    assert_eq!(guest.get(LIST).status, 404);
}

#[test]
fn another_role_in_the_same_profile_has_new_credentials_at_once() {
    let guest = Guest::with_role();
    guest.role("writer", EC2);
    key(&guest, ROLE);
    guest.swap("box", Some("writer"));
    assert_eq!(text(&guest.get(LIST)), "writer");
    let document = json(&guest, &format!("{LIST}writer"));
    assert!(arn(&guest, &document).unwrap().contains("/writer/"));
}

#[test]
fn a_role_made_again_has_new_credentials_and_the_old_ones_are_nobodys() {
    let guest = Guest::with_role();
    let first = json(&guest, ROLE);
    guest.world.write(|tx| {
        let role = tx.get::<Roles>(&(ACCOUNT, fold("reader")))?.unwrap();
        tx.delete::<Entities>(&role.id)?;
        Ok(())
    });
    guest.role("reader", EC2);
    let second = json(&guest, ROLE);
    assert_ne!(second["AccessKeyId"], first["AccessKeyId"]);
    assert!(arn(&guest, &second).is_ok());
    assert!(matches!(arn(&guest, &first), Err(Unknown::Invalid)));
}

#[test]
fn an_unrelated_change_of_the_account_changes_nothing() {
    let guest = Guest::with_role();
    let (first, info) = (json(&guest, ROLE), json(&guest, "/latest/meta-data/iam/info"));
    guest.world.env.advance(minutes(5));
    guest.role("unrelated", EC2);
    assert_eq!(json(&guest, ROLE), first);
    assert_eq!(json(&guest, "/latest/meta-data/iam/info"), info);
}

#[test]
fn a_role_that_does_not_trust_ec2_gives_a_document_that_says_so() {
    let guest = Guest::with_role();
    key(&guest, ROLE);
    guest.trust("reader", LAMBDA);
    assert_eq!(text(&guest.get(LIST)), "reader");
    let document = json(&guest, ROLE);
    assert_eq!(document["Code"], "AssumeRoleUnauthorizedAccess");
    assert_eq!(
        document["Message"],
        "EC2 cannot assume the role reader. Please see documentation at https://docs.aws.amazon.com/IAM/latest/\
         UserGuide/troubleshoot_iam-ec2.html#troubleshoot_iam-ec2_errors-info-doc."
    );
    assert_eq!(document["LastUpdated"], "2026-01-01T00:00:00Z");
    guest.trust("reader", EC2);
    key(&guest, ROLE);
}

#[test]
fn a_refusal_by_the_clock_ends_with_its_condition() {
    let guest = Guest::with_role();
    let later = EC2.replace(
        r#""sts:AssumeRole""#,
        r#""sts:AssumeRole", "Condition": {"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:01:00Z"}}"#,
    );
    guest.trust("reader", &later);
    assert_eq!(json(&guest, ROLE)["Code"], "AssumeRoleUnauthorizedAccess");
    guest.world.env.advance(minutes(2));
    assert_eq!(json(&guest, ROLE)["Code"], "Success");
}

#[test]
fn each_session_is_decided_and_audited_as_assume_role_by_ec2() {
    let guest = Guest::with_role();
    key(&guest, ROLE);
    key(&guest, ROLE);
    guest.trust("reader", LAMBDA);
    json(&guest, ROLE);
    let records: Vec<Value> =
        guest.world.records.all().iter().map(|record| serde_json::from_str(record).unwrap()).collect();
    let shown: Vec<_> = records
        .iter()
        .map(|record| {
            (
                record["eventName"].clone(),
                record["userIdentity"]["invokedBy"].clone(),
                record["errorCode"].clone(),
            )
        })
        .collect();
    let row = |error: Value| (Value::from("AssumeRole"), Value::from("ec2.amazonaws.com"), error);
    assert_eq!(shown, [row(Value::Null), row("AccessDenied".into())]);
    let id = records[1]["requestID"].as_str().unwrap();
    let decided = guest.world.door.decisions.find(id).unwrap();
    assert_eq!(guest.world.door.explain(&decided).len(), 1);
}

#[test]
fn info_names_the_profile() {
    let guest = Guest::with_role();
    let profile = guest.instance.profile.clone().unwrap();
    let info = json(&guest, "/latest/meta-data/iam/info");
    assert_eq!(info["Code"], "Success");
    assert_eq!(info["InstanceProfileArn"], "arn:aws:iam::000000000000:instance-profile/box");
    assert_eq!(info["InstanceProfileId"], profile.id.as_str());
    assert_eq!(info.get("Message"), None);
}

#[test]
fn a_profile_without_its_role_says_so() {
    let guest = Guest::with_role();
    guest.swap("box", None);
    let info = json(&guest, "/latest/meta-data/iam/info");
    assert_eq!(info["Code"], "Success");
    assert!(info["Message"].as_str().unwrap().starts_with("Instance Profile does not contain a role. "));
    assert_eq!(guest.get(LIST).status, 404);
    assert_eq!(guest.get(ROLE).status, 404);
}

#[test]
fn a_deleted_profile_is_not_found_even_when_its_name_comes_back() {
    let guest = Guest::with_role();
    let profile = guest.instance.profile.clone().unwrap();
    guest.world.write(|tx| {
        tx.delete::<InstanceProfiles>(&(ACCOUNT, fold("box")))?;
        tx.delete::<InstanceProfileIds>(&profile.id)?;
        tx.touch(ACCOUNT);
        Ok(())
    });
    let check = || {
        let info = json(&guest, "/latest/meta-data/iam/info");
        assert_eq!(info["Code"], "InstanceProfileNotFound");
        assert_eq!(guest.get(LIST).status, 404);
        assert_eq!(guest.get(ROLE).status, 404);
    };
    check();
    guest.profile("box", Some("reader"));
    check();
}

#[test]
fn folders_are_answered_with_and_without_their_slash() {
    let guest = Guest::with_role();
    for folder in ["security-credentials", "security-credentials-extended"] {
        for end in ["", "/"] {
            let answer = guest.get(&format!("/latest/meta-data/iam/{folder}{end}"));
            assert_eq!((answer.status.as_u16(), text(&answer).as_str()), (200, "reader"), "{folder}{end}");
        }
    }
    assert_eq!(text(&guest.get("/latest/meta-data/iam")), "info\nsecurity-credentials/");
}
