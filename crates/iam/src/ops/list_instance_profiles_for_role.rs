//! ListInstanceProfilesForRole: the instance profiles that a role is in.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::Role;

use crate::entity::{self, Target};
use crate::model::{
    ListInstanceProfilesForRole, ListInstanceProfilesForRoleRequest, ListInstanceProfilesForRoleResponse,
};
use crate::page::Window;
use crate::profile;
use crate::wire;

impl Operation for ListInstanceProfilesForRole {
    type Access = Read;

    fn needs(input: &ListInstanceProfilesForRoleRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let role = Target::<Role>::find(at, &input.role_name)?;
        Ok(Needs::action(iam::ListInstanceProfilesForRole).on(&role).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListInstanceProfilesForRoleResponse, Fault> {
        let db = req.db()?;
        let window = Window::new(req.input.marker.as_deref(), req.input.max_items)?;
        let role: Role = entity::get(db, req.account(), &req.input.role_name)?;
        let page = profile::of_role(db, &role, &window)?;
        Ok(ListInstanceProfilesForRoleResponse {
            is_truncated: page.is_truncated(),
            instance_profiles: page
                .items
                .iter()
                .map(|profile| wire::profile_in_list(db, profile))
                .collect::<Result<_, _>>()?,
            marker: page.marker,
        })
    }
}
