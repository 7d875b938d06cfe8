//! DeleteInstanceProfile: removes an empty instance profile.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::InstanceProfile;

use crate::entity::{self, Target};
use crate::model::{DeleteInstanceProfile, DeleteInstanceProfileRequest, DeleteInstanceProfileResponse};
use crate::profile;

impl Operation for DeleteInstanceProfile {
    type Access = Write;

    fn needs(input: &DeleteInstanceProfileRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let profile = Target::<InstanceProfile>::find(at, &input.instance_profile_name)?;
        Ok(Needs::action(iam::DeleteInstanceProfile).on(&profile).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteInstanceProfileResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let gone: InstanceProfile = entity::get(tx, account, &input.instance_profile_name)?;
        profile::delete(tx, &gone)?;
        Ok(DeleteInstanceProfileResponse {})
    }
}
