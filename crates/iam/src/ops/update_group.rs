//! UpdateGroup: another name or path for a group; members and policies stay.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::Group;

use crate::entity::{self, Target};
use crate::group;
use crate::holder;
use crate::model::{UpdateGroup, UpdateGroupRequest, UpdateGroupResponse};

impl Operation for UpdateGroup {
    type Access = Write;

    fn needs(input: &UpdateGroupRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let group = Target::<Group>::find(at, &input.group_name)?;
        let path = input.new_path.as_deref().or(group.path());
        let name = input.new_group_name.as_deref().unwrap_or(&input.group_name);
        let renamed = Target::<Group>::new(at.account(), path, name);
        // AWS asks on both the old ARN and the new one.
        Ok(Needs::action(iam::UpdateGroup)
            .on(&group)
            .done()
            .and(Needs::action(iam::UpdateGroup).on(&renamed).done()))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<UpdateGroupResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let old: Group = entity::get(tx, account, &input.group_name)?;
        let mut new = old.clone();
        new.name = input.new_group_name.clone().unwrap_or(new.name);
        new.path = input.new_path.clone().unwrap_or(new.path);
        holder::replace(tx, &old, &new)?;
        group::rename_group(tx, &old, &new)?;
        Ok(UpdateGroupResponse {})
    }
}

#[cfg(test)]
mod tests {
    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn a_renamed_group_keeps_its_members() {
        let scene = Scene::new();
        scene.group("g");
        scene.user("ann");
        let input = AddUserToGroupRequest { group_name: "g".into(), user_name: "ann".into() };
        scene.call::<AddUserToGroup>(input).unwrap();
        let input =
            UpdateGroupRequest { group_name: "g".into(), new_group_name: Some("h".into()), new_path: None };
        scene.call::<UpdateGroup>(input).unwrap();
        let input = ListGroupsForUserRequest { user_name: "ann".into(), ..Default::default() };
        assert_eq!(scene.call::<ListGroupsForUser>(input).unwrap().groups[0].group_name, "h");
    }
}
