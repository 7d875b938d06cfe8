//! What can be told of a record by reading it.

use rolecall_base::Time;
use serde_json::Value;

/// Resources that are told of one event.
const MOST: usize = 50;
/// How deep parameters are searched for resources.
const DEEPEST: usize = 6;

/// A record, read.
#[derive(Clone, Debug)]
pub struct Event(Value);

impl Event {
    /// Reads a line of the log; `None` for what is no record, such as a line that was cut by a crash.
    pub fn read(line: &str) -> Option<Event> {
        let value: Value = serde_json::from_str(line).ok()?;
        value.is_object().then_some(Event(value))
    }

    pub fn json(&self) -> &Value {
        &self.0
    }

    fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    fn identity(&self, name: &str) -> &str {
        self.0.get("userIdentity").and_then(|who| who.get(name)).and_then(Value::as_str).unwrap_or_default()
    }

    pub fn id(&self) -> &str {
        self.text("eventID")
    }

    pub fn name(&self) -> &str {
        self.text("eventName")
    }

    /// `iam.amazonaws.com`
    pub fn source(&self) -> &str {
        self.text("eventSource")
    }

    pub fn region(&self) -> &str {
        self.text("awsRegion")
    }

    /// The account that it is told to, twelve digits; empty for none.
    pub fn account(&self) -> &str {
        self.text("recipientAccountId")
    }

    pub fn time(&self) -> Time {
        Time::parse_iso(self.text("eventTime")).unwrap_or_default()
    }

    pub fn read_only(&self) -> bool {
        self.0.get("readOnly").and_then(Value::as_bool).unwrap_or(false)
    }

    /// Not work on the data in a resource.
    pub fn is_management(&self) -> bool {
        self.0.get("managementEvent").and_then(Value::as_bool).unwrap_or(true)
    }

    pub fn access_key(&self) -> &str {
        self.identity("accessKeyId")
    }

    /// The user's name, or that of the session; empty for none.
    pub fn user(&self) -> &str {
        match self.identity("type") {
            "Root" => "root",
            "AWSService" | "Unknown" => "",
            "AssumedRole" | "FederatedUser" | "AWSAccount" => {
                let id = self.identity("principalId");
                id.split_once(':').map_or(id, |(_, name)| name)
            }
            _ => self.identity("userName"),
        }
    }

    /// `AWS::S3::Object` and its kin: kinds and ARNs of the record's own list.
    pub fn own_resources(&self) -> Vec<(&str, &str)> {
        fn pair(item: &Value) -> Option<(&str, &str)> {
            let arn = item.get("ARN").or(item.get("ARNPrefix"))?;
            Some((item.get("type")?.as_str()?, arn.as_str()?))
        }
        let list = self.0.get("resources").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        list.iter().filter_map(pair).collect()
    }

    /// What the event was about, as LookupEvents lists it: kinds and names.
    pub fn resources(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        for (kind, arn) in self.own_resources() {
            if let Some(kind) = KINDS.iter().find(|known| **known == kind) {
                add(&mut found, kind, arn);
            }
        }
        let is_trail = self.source() == "cloudtrail.amazonaws.com";
        for part in ["requestParameters", "responseElements"] {
            if let Some(value) = self.0.get(part) {
                search(value, is_trail, 0, &mut found);
            }
        }
        found
    }
}

fn add(found: &mut Vec<(&'static str, String)>, kind: &'static str, name: &str) {
    if found.len() < MOST && !name.is_empty() && !found.iter().any(|(k, n)| *k == kind && n == name) {
        found.push((kind, name.to_owned()));
    }
}

fn search(value: &Value, is_trail: bool, depth: usize, found: &mut Vec<(&'static str, String)>) {
    match value {
        Value::Object(members) if depth < DEEPEST => {
            for (name, member) in members {
                match member.as_str() {
                    Some(text) => {
                        if let Some(kind) = kind(name, text, is_trail && depth == 0) {
                            add(found, kind, text);
                        }
                    }
                    None => search(member, is_trail, depth + 1, found),
                }
            }
        }
        Value::Array(items) if depth < DEEPEST => {
            for item in items {
                search(item, is_trail, depth + 1, found);
            }
        }
        _ => {}
    }
}

const KINDS: [&str; 4] = ["AWS::IAM::Role", "AWS::IAM::User", "AWS::S3::Bucket", "AWS::S3::Object"];

/// What a member of the parameters names.
fn kind(member: &str, text: &str, is_trail: bool) -> Option<&'static str> {
    Some(match member {
        "roleName" | "roleId" | "roleArn" => "AWS::IAM::Role",
        "userName" | "userId" => "AWS::IAM::User",
        "groupName" if !text.starts_with("sg-") => "AWS::IAM::Group",
        "policyArn" | "policyId" => "AWS::IAM::Policy",
        "instanceProfileName" | "instanceProfileId" => "AWS::IAM::InstanceProfile",
        "accessKeyId" => "AWS::IAM::AccessKey",
        "serialNumber" => "AWS::IAM::MFADevice",
        "openIDConnectProviderArn" => "AWS::IAM::OIDCProvider",
        "sAMLProviderArn" => "AWS::IAM::SAMLProvider",
        "assumedRoleId" => "AWS::STS::AssumedRole",
        "bucketName" | "s3BucketName" => "AWS::S3::Bucket",
        "instanceId" => "AWS::EC2::Instance",
        "imageId" => "AWS::EC2::Ami",
        "keyName" => "AWS::EC2::KeyPair",
        "subnetId" => "AWS::EC2::Subnet",
        "vpcId" => "AWS::EC2::VPC",
        "networkInterfaceId" => "AWS::EC2::NetworkInterface",
        "volumeId" => "AWS::EC2::Volume",
        "groupId" if text.starts_with("sg-") => "AWS::EC2::SecurityGroup",
        "trailARN" | "trailName" => "AWS::CloudTrail::Trail",
        "name" if is_trail => "AWS::CloudTrail::Trail",
        "arn" => return kind_of_arn(text),
        _ => return None,
    })
}

fn kind_of_arn(arn: &str) -> Option<&'static str> {
    let resource = arn.splitn(6, ':').nth(5)?;
    let kinds = [
        ("role/", "AWS::IAM::Role"),
        ("user/", "AWS::IAM::User"),
        ("group/", "AWS::IAM::Group"),
        ("policy/", "AWS::IAM::Policy"),
        ("instance-profile/", "AWS::IAM::InstanceProfile"),
        ("assumed-role/", "AWS::STS::AssumedRole"),
    ];
    kinds.iter().find(|(start, _)| resource.starts_with(start)).map(|(_, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str = r#"{"userIdentity":{"type":"AssumedRole","principalId":"AROA1:i-1","accessKeyId":"ASIA1"},
        "eventTime":"2026-01-01T00:00:00Z","eventSource":"iam.amazonaws.com","eventName":"AttachRolePolicy",
        "requestParameters":{"roleName":"r","policyArn":"arn:aws:iam::aws:policy/p"},
        "responseElements":{"role":{"arn":"arn:aws:iam::000000000000:role/r"}},
        "eventID":"e1","readOnly":false,"managementEvent":true,"recipientAccountId":"000000000000"}"#;

    #[test]
    fn a_record_tells_who_what_and_on_what() {
        let event = Event::read(RECORD).unwrap();
        assert_eq!((event.user(), event.access_key(), event.id()), ("i-1", "ASIA1", "e1"));
        let resources = event.resources();
        let expected = [
            ("AWS::IAM::Policy", "arn:aws:iam::aws:policy/p"),
            ("AWS::IAM::Role", "r"),
            ("AWS::IAM::Role", "arn:aws:iam::000000000000:role/r"),
        ];
        let mut shown: Vec<_> = resources.iter().map(|(kind, name)| (*kind, name.as_str())).collect();
        shown.sort_by_key(|(kind, name)| (*kind, std::cmp::Reverse(*name)));
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_line_that_was_cut_is_no_record() {
        assert!(Event::read(&RECORD[..RECORD.len() - 1]).is_none() && Event::read("1").is_none());
    }
}
