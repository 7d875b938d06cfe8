//! AddRoleToInstanceProfile: puts a role into an instance profile, which holds one at most.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::{InstanceProfile, Role};

use crate::entity::{self, Target};
use crate::model::{
    AddRoleToInstanceProfile, AddRoleToInstanceProfileRequest, AddRoleToInstanceProfileResponse,
};
use crate::profile;

impl Operation for AddRoleToInstanceProfile {
    type Access = Write;

    fn needs(input: &AddRoleToInstanceProfileRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let profile = Target::<InstanceProfile>::find(at, &input.instance_profile_name)?;
        let role = Target::<Role>::find(at, &input.role_name)?;
        let pass = Needs::action(iam::PassRole)
            .on(&role)
            .key(iam::key::PassedToService, Some("ec2.amazonaws.com"))
            .done();
        Ok(Needs::action(iam::AddRoleToInstanceProfile).on(&profile).done().and(pass))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<AddRoleToInstanceProfileResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let profile: InstanceProfile = entity::get(tx, account, &input.instance_profile_name)?;
        let role: Role = entity::get(tx, account, &input.role_name)?;
        profile::add_role(tx, profile, &role)?;
        // Fails if `needs` did not ask for this very role.
        req.passed_role(&role.arn())?;
        Ok(AddRoleToInstanceProfileResponse {})
    }
}
