//! UntagInstanceProfile: removes tags of an instance profile.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::InstanceProfile;

use crate::entity::{self, Target};
use crate::model::{UntagInstanceProfile, UntagInstanceProfileRequest, UntagInstanceProfileResponse};
use crate::tags;

impl Operation for UntagInstanceProfile {
    type Access = Write;

    fn needs(input: &UntagInstanceProfileRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let profile = Target::<InstanceProfile>::find(at, &input.instance_profile_name)?;
        Ok(Needs::action(iam::UntagInstanceProfile).on(&profile).tag_keys(input.tag_keys.clone()).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<UntagInstanceProfileResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let mut profile: InstanceProfile = entity::get(tx, account, &input.instance_profile_name)?;
        tags::remove(&mut profile.tags, &input.tag_keys)?;
        entity::put(tx, &profile)?;
        Ok(UntagInstanceProfileResponse {})
    }
}
