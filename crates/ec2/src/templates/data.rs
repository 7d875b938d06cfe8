//! What a launch template holds, as a JSON object with the model's member names: kept, inherited from an older version,
//! shown, and laid below the parameters of a launch.
//!
//! The model has three structures for the same members: of requests, of answers, and of RunInstances itself. By way
//! of JSON each becomes the other, so that a member that a newer model adds is not lost.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rolecall_base::Fault;
use rolecall_compute::USER_DATA_LIMIT;
use serde_json::{Map, Value};

use crate::faults;
use crate::model::{RequestLaunchTemplateData, ResponseLaunchTemplateData, RunInstancesRequest};

pub type Data = Map<String, Value>;

/// Structures of which a request may override single members.
const BY_MEMBER: [&str; 3] = ["MetadataOptions", "Placement", "PrivateDnsNameOptions"];
/// Members that RunInstances spells in another way.
const OTHERWISE: [(&str, &str); 2] =
    [("RamDiskId", "RamdiskId"), ("ElasticGpuSpecifications", "ElasticGpuSpecification")];

/// The members that a request gives.
///
/// # Errors
/// InvalidUserData.Malformed, InvalidParameterCombination for what excludes each other, UnsupportedOperation for the
/// kernels of paravirtual machines, of which there is none to name.
pub fn of_request(given: &RequestLaunchTemplateData) -> Result<Data, Fault> {
    let some = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    if some(&given.kernel_id) || some(&given.ram_disk_id) {
        return Err(faults::unsupported("KernelId or RamDiskId"));
    }
    if let Some(text) = given.user_data.as_deref().filter(|text| !text.is_empty()) {
        let packed: String = text.split_ascii_whitespace().collect();
        let bytes = STANDARD.decode(packed);
        if !bytes.is_ok_and(|bytes| bytes.len() <= USER_DATA_LIMIT) {
            let text = "Invalid BASE64 encoding of user data.";
            return Err(faults::other("InvalidUserData.Malformed", text));
        }
    }
    if given.instance_type.is_some() && given.instance_requirements.is_some() {
        let text = "InstanceType and InstanceRequirements may not be specified together.";
        return Err(faults::combination(text));
    }
    object(serde_json::to_value(given))
}

fn object(value: serde_json::Result<Value>) -> Result<Data, Fault> {
    match value.map_err(Fault::internal)? {
        Value::Object(data) => Ok(data),
        _ => Err(Fault::internal("a structure that is no object")),
    }
}

/// The members that a record keeps.
///
/// # Errors
/// InternalFailure for a record that can't be read.
pub fn parse(text: &str) -> Result<Data, Fault> {
    serde_json::from_str(text).map_err(Fault::internal)
}

/// As answers show it.
///
/// # Errors
/// InternalFailure for members that answers do not have.
pub fn to_wire(data: Data) -> Result<ResponseLaunchTemplateData, Fault> {
    serde_json::from_value(Value::Object(data)).map_err(Fault::internal)
}

/// A new version's members over those of the version that it is based on. Snapshots are not inherited.
pub fn inherit(mut source: Data, own: Data) -> Data {
    if let Some(Value::Array(disks)) = source.get_mut("BlockDeviceMappings") {
        for disk in disks {
            if let Some(Value::Object(ebs)) = disk.get_mut("Ebs") {
                ebs.remove("SnapshotId");
            }
        }
    }
    source.extend(own);
    source
}

/// A launch's parameters over those of its template: what the caller gives goes before what the template says. Tags
/// add up by key, disks by device and interfaces by index; the rest is replaced.
///
/// # Errors
/// UnsupportedOperation for a template that leaves the instance type open.
pub fn launch(mut data: Data, request: &RunInstancesRequest) -> Result<RunInstancesRequest, Fault> {
    for (own, other) in OTHERWISE {
        if let Some(value) = data.remove(own) {
            data.insert(other.to_owned(), value);
        }
    }
    let open = data.remove("InstanceRequirements").is_some();
    if open && request.instance_type.is_none() {
        return Err(faults::unsupported("A launch by InstanceRequirements"));
    }
    let above = object(serde_json::to_value(request))?;
    if above.contains_key("SecurityGroupIds") || above.contains_key("SecurityGroups") {
        data.remove("SecurityGroupIds");
        data.remove("SecurityGroups");
    }
    for (name, value) in above {
        overlay(&mut data, name, value);
    }
    serde_json::from_value(Value::Object(data)).map_err(Fault::internal)
}

fn overlay(data: &mut Data, name: String, value: Value) {
    match (data.get_mut(&name), value) {
        (Some(Value::Object(own)), Value::Object(new)) if BY_MEMBER.contains(&name.as_str()) => {
            own.extend(new);
        }
        (Some(Value::Array(own)), Value::Array(new)) if name == "TagSpecifications" => {
            by(own, new, "ResourceType", |own, new| match (own.get_mut("Tags"), new.remove("Tags")) {
                (Some(Value::Array(own)), Some(Value::Array(new))) => {
                    by(own, new, "Key", |own, new| own.append(new));
                }
                (None, Some(new)) => {
                    own.insert("Tags".to_owned(), new);
                }
                _ => {}
            });
        }
        (Some(Value::Array(own)), Value::Array(new)) if name == "BlockDeviceMappings" => {
            by(own, new, "DeviceName", |own, new| *own = std::mem::take(new));
        }
        (Some(Value::Array(own)), Value::Array(new)) if name == "NetworkInterfaces" => {
            by(own, new, "DeviceIndex", |own, new| own.append(new));
        }
        (_, value) => {
            data.insert(name, value);
        }
    }
}

/// Lays a list over another: items of the same name are joined, others are added.
fn by(own: &mut Vec<Value>, new: Vec<Value>, name: &str, join: impl Fn(&mut Data, &mut Data)) {
    for mut item in new {
        let found = own.iter_mut().find(|own| own.get(name) == item.get(name));
        match (found, &mut item) {
            (Some(Value::Object(own)), Value::Object(item)) => join(own, item),
            _ => own.push(item),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(text: &str) -> Data {
        parse(text).unwrap()
    }

    #[test]
    fn what_the_caller_says_goes_before_what_the_template_says() {
        let template = data(
            r#"{"ImageId": "ami-1", "InstanceType": "t3.micro", "SecurityGroups": ["web"], "RamDiskId": "ari-1",
                "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 2},
                "TagSpecifications": [{"ResourceType": "instance", "Tags": [
                    {"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]}],
                "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 9}}]}"#,
        );
        let mut request: RunInstancesRequest = serde_json::from_str(
            r#"{"InstanceType": "t3.large", "SecurityGroupIds": ["sg-1"], "MetadataOptions": {"HttpTokens": "optional"},
                "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "b", "Value": "3"}]}],
                "BlockDeviceMappings": [{"DeviceName": "/dev/sdb", "NoDevice": ""}]}"#,
        )
        .unwrap();
        request.min_count = 2;
        let merged = launch(template, &request).unwrap();
        assert_eq!(merged.image_id.as_deref(), Some("ami-1"));
        assert_eq!(merged.instance_type.as_deref(), Some("t3.large"));
        assert_eq!((merged.security_groups, merged.min_count), (None, 2));
        assert_eq!(merged.ramdisk_id.as_deref(), Some("ari-1"));
        let metadata = merged.metadata_options.unwrap();
        assert_eq!(metadata.http_tokens.as_deref(), Some("optional"));
        assert_eq!(metadata.http_put_response_hop_limit, Some(2));
        let tags = merged.tag_specifications.unwrap().remove(0).tags.unwrap();
        let tags: Vec<_> = tags.into_iter().map(|tag| (tag.key.unwrap(), tag.value.unwrap())).collect();
        assert_eq!(tags, [("a".into(), "1".into()), ("b".into(), "3".into())]);
        assert_eq!(merged.block_device_mappings.unwrap().len(), 2);
    }

    #[test]
    fn a_version_inherits_all_but_snapshots() {
        let source = data(
            r#"{"ImageId": "ami-1", "KeyName": "k", "BlockDeviceMappings": [
                {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": "snap-1", "VolumeSize": 9}}]}"#,
        );
        let own = data(r#"{"ImageId": "ami-2"}"#);
        let shown = to_wire(inherit(source, own)).unwrap();
        assert_eq!(shown.image_id.as_deref(), Some("ami-2"));
        assert_eq!(shown.key_name.as_deref(), Some("k"));
        let ebs = shown.block_device_mappings.unwrap().remove(0).ebs.unwrap();
        assert_eq!((ebs.snapshot_id, ebs.volume_size), (None, Some(9)));
    }

    /// Every member that there is, made from the model.
    const WHOLE: &str = include_str!("../../tests/launch_template_data.json");

    #[test]
    fn no_member_is_lost_on_the_way_to_an_answer() {
        let given: RequestLaunchTemplateData = serde_json::from_str(WHOLE).unwrap();
        let kept = object(serde_json::to_value(given)).unwrap();
        assert_eq!(Value::Object(kept.clone()), serde_json::from_str::<Value>(WHOLE).unwrap());
        assert_eq!(serde_json::to_value(to_wire(kept.clone()).unwrap()).unwrap(), Value::Object(kept));
    }

    #[test]
    fn no_member_is_lost_on_the_way_to_a_launch() {
        let mut kept = data(WHOLE);
        let request = RunInstancesRequest { instance_type: Some("t3.micro".into()), ..Default::default() };
        let launched = serde_json::to_value(launch(kept.clone(), &request).unwrap()).unwrap();
        kept.remove("InstanceRequirements");
        for (own, other) in OTHERWISE {
            let value = kept.remove(own).unwrap();
            kept.insert(other.to_owned(), value);
        }
        kept.insert("InstanceType".to_owned(), "t3.micro".into());
        for (name, value) in kept {
            assert_eq!(launched.get(&name), Some(&value), "{name}");
        }
    }
}
