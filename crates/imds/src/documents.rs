//! The JSON documents, laid out as EC2 lays them out.

use bytes::Bytes;
use rolecall_base::Time;
use rolecall_identity::Credentials;
use serde_json::Value;

use crate::instance::{Details, InstanceView, Profile, SpotAction};

const HELP: &str = "Please see documentation at https://docs.aws.amazon.com/IAM/latest/UserGuide/\
                    troubleshoot_iam-ec2.html#troubleshoot_iam-ec2_errors-info-doc.";

/// One member a line, with EC2's space before the colon; the members keep their order.
fn document<'a>(members: impl IntoIterator<Item = (&'static str, Value)> + 'a) -> Bytes {
    let lines: Vec<String> =
        members.into_iter().map(|(name, value)| format!("  \"{name}\" : {value}")).collect();
    format!("{{\n{}\n}}", lines.join(",\n")).into()
}

/// `dynamic/instance-identity/document`, version 2017-09-30.
pub fn identity(instance: &InstanceView, details: &Details) -> Bytes {
    document([
        ("accountId", instance.account.to_string().into()),
        ("architecture", details.architecture.as_str().into()),
        ("availabilityZone", instance.zone.as_str().into()),
        ("billingProducts", Value::Null),
        ("devpayProductCodes", Value::Null),
        ("marketplaceProductCodes", Value::Null),
        ("imageId", instance.image.as_str().into()),
        ("instanceId", instance.id.as_str().into()),
        ("instanceType", instance.instance_type.as_str().into()),
        ("kernelId", Value::Null),
        ("pendingTime", instance.launched.iso_seconds().into()),
        ("privateIp", instance.private_ip.to_string().into()),
        ("ramdiskId", Value::Null),
        ("region", instance.region.as_str().into()),
        ("version", "2017-09-30".into()),
    ])
}

/// `iam/info` of a profile that exists.
pub fn info(profile: &Profile, has_role: bool, updated: Time) -> Bytes {
    let message = (!has_role).then(|| {
        let text = format!("Instance Profile does not contain a role. {HELP}");
        ("Message", text.into())
    });
    let members = [
        ("Code", Value::from("Success")),
        ("LastUpdated", updated.iso_seconds().into()),
        ("InstanceProfileArn", profile.arn.as_str().into()),
        ("InstanceProfileId", profile.id.as_str().into()),
    ];
    document(members.into_iter().chain(message))
}

/// `iam/info` of a profile that was deleted.
pub fn profile_not_found(profile: &Profile, updated: Time) -> Bytes {
    let message = format!("Instance Profile {} cannot be found. {HELP}", profile.arn);
    failure("InstanceProfileNotFound", &message, updated)
}

/// The role's document when its trust policy does not let EC2 assume it.
pub fn unauthorized(role: &str, updated: Time) -> Bytes {
    failure("AssumeRoleUnauthorizedAccess", &format!("EC2 cannot assume the role {role}. {HELP}"), updated)
}

/// `identity-credentials/ec2/info`
pub fn own_info(account: &str, updated: Time) -> Bytes {
    document([
        ("Code", "Success".into()),
        ("LastUpdated", updated.iso_seconds().into()),
        ("AccountId", account.into()),
    ])
}

/// `spot/instance-action`
pub fn spot_action(action: SpotAction, at: Time) -> Bytes {
    let (action, time) = (action.word(), at.iso_seconds());
    format!(r#"{{"action": "{action}", "time": "{time}"}}"#).into()
}

fn failure(code: &str, message: &str, updated: Time) -> Bytes {
    document([
        ("Code", code.into()),
        ("Message", message.into()),
        ("LastUpdated", updated.iso_seconds().into()),
    ])
}

/// The role's document; with `account`, the extended one.
pub fn credentials(given: &Credentials, updated: Time, account: Option<String>) -> Bytes {
    let members = [
        ("Code", Value::from("Success")),
        ("LastUpdated", updated.iso_seconds().into()),
        ("Type", "AWS-HMAC".into()),
        ("AccessKeyId", given.access_key_id.as_str().into()),
        ("SecretAccessKey", given.secret_access_key.as_str().into()),
        ("Token", given.session_token.as_str().into()),
        ("Expiration", given.expires.iso_seconds().into()),
    ];
    document(members.into_iter().chain(account.map(|account| ("AccountId", account.into()))))
}
