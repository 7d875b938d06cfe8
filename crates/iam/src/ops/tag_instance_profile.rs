//! TagInstanceProfile: sets tags of an instance profile.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::InstanceProfile;

use crate::entity::{self, Target};
use crate::model::{TagInstanceProfile, TagInstanceProfileRequest, TagInstanceProfileResponse};
use crate::tags;

impl Operation for TagInstanceProfile {
    type Access = Write;

    fn needs(input: &TagInstanceProfileRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let profile = Target::<InstanceProfile>::find(at, &input.instance_profile_name)?;
        Ok(Needs::action(iam::TagInstanceProfile)
            .on(&profile)
            .request_tags(tags::pairs(Some(&input.tags)))
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<TagInstanceProfileResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let mut profile: InstanceProfile = entity::get(tx, account, &input.instance_profile_name)?;
        tags::add(&mut profile.tags, &input.tags, "TagsPerInstanceProfile")?;
        entity::put(tx, &profile)?;
        Ok(TagInstanceProfileResponse {})
    }
}
