//! RemoveRoleFromInstanceProfile: takes the role out of an instance profile.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::{InstanceProfile, Role};

use crate::entity::{self, Target};
use crate::model::{
    RemoveRoleFromInstanceProfile, RemoveRoleFromInstanceProfileRequest,
    RemoveRoleFromInstanceProfileResponse,
};
use crate::profile;

impl Operation for RemoveRoleFromInstanceProfile {
    type Access = Write;

    fn needs(input: &RemoveRoleFromInstanceProfileRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let profile = Target::<InstanceProfile>::find(at, &input.instance_profile_name)?;
        Ok(Needs::action(iam::RemoveRoleFromInstanceProfile).on(&profile).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<RemoveRoleFromInstanceProfileResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let profile: InstanceProfile = entity::get(tx, account, &input.instance_profile_name)?;
        let role: Role = entity::get(tx, account, &input.role_name)?;
        profile::remove_role(tx, profile, &role)?;
        Ok(RemoveRoleFromInstanceProfileResponse {})
    }
}
