//! TagMFADevice: sets tags of a virtual MFA device.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::mfa;
use crate::model::{TagMFADevice, TagMFADeviceRequest, TagMFADeviceResponse};
use crate::tags;

impl Operation for TagMFADevice {
    type Access = Write;

    fn needs(input: &TagMFADeviceRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let device = mfa::device(at, &input.serial_number)?;
        let tags = tags::pairs(Some(&input.tags));
        Ok(Needs::action(iam::TagMFADevice).on(&device).request_tags(tags).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<TagMFADeviceResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let mut device = mfa::get(tx, account, &input.serial_number)?;
        tags::add(&mut device.tags, &input.tags, "TagsPerMFADevice")?;
        mfa::put(tx, &device)?;
        Ok(TagMFADeviceResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::{READ, Scene};

    #[test]
    fn tags_are_set_listed_removed_and_decide() {
        let scene = Scene::new();
        let (serial, _) = scene.device("d");
        let set = |key: &str, value: &str| {
            let tags = vec![Tag { key: key.into(), value: value.into() }];
            scene.call::<TagMFADevice>(TagMFADeviceRequest { serial_number: serial.clone(), tags })
        };
        set("team", "blue").unwrap();
        set("b", "2").unwrap();
        set("Team", "red").unwrap();
        let list = || {
            let input = ListMFADeviceTagsRequest { serial_number: serial.clone(), ..Default::default() };
            let tags = scene.call::<ListMFADeviceTags>(input).unwrap().tags;
            tags.into_iter().map(|tag| (tag.key, tag.value)).collect::<Vec<_>>()
        };
        assert_eq!(list(), [("Team".to_owned(), "red".to_owned()), ("b".to_owned(), "2".to_owned())]);
        let condition = r#""Resource": "*", "Condition": {"StringEquals": {"aws:ResourceTag/team": "red"}}"#;
        let policy =
            READ.replace("s3:GetObject", "iam:UntagMFADevice").replace(r#""Resource": "*""#, condition);
        let ann = scene.world.user("ann", &policy);
        let untag = |key: &str| {
            let input = UntagMFADeviceRequest { serial_number: serial.clone(), tag_keys: vec![key.into()] };
            scene.world.call::<UntagMFADevice>(&ann, input)
        };
        untag("team").unwrap();
        assert_eq!(list(), [("b".to_owned(), "2".to_owned())]);
        check_fault(untag("b"), "AccessDenied");
        check_fault(set("aws:x", "1"), "InvalidInput");
    }
}
