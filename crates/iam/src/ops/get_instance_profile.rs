//! GetInstanceProfile: an instance profile with the role in it.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::InstanceProfile;

use crate::entity::{self, Target};
use crate::model::{GetInstanceProfile, GetInstanceProfileRequest, GetInstanceProfileResponse};
use crate::wire;

impl Operation for GetInstanceProfile {
    type Access = Read;

    fn needs(input: &GetInstanceProfileRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let profile = Target::<InstanceProfile>::find(at, &input.instance_profile_name)?;
        Ok(Needs::action(iam::GetInstanceProfile).on(&profile).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetInstanceProfileResponse, Fault> {
        let db = req.db()?;
        let found: InstanceProfile = entity::get(db, req.account(), &req.input.instance_profile_name)?;
        Ok(GetInstanceProfileResponse { instance_profile: wire::profile(db, &found)? })
    }
}
