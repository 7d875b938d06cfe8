//! UpdateUser: another name or path for a user; policies, groups and keys stay.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::User;

use crate::entity::{self, Target};
use crate::group;
use crate::holder;
use crate::model::{UpdateUser, UpdateUserRequest, UpdateUserResponse};

impl Operation for UpdateUser {
    type Access = Write;

    fn needs(input: &UpdateUserRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = Target::<User>::find(at, &input.user_name)?;
        let path = input.new_path.as_deref().or(user.path());
        let name = input.new_user_name.as_deref().unwrap_or(&input.user_name);
        let renamed = Target::<User>::new(at.account(), path, name);
        // AWS asks on both the old ARN and the new one.
        Ok(Needs::action(iam::UpdateUser)
            .on(&user)
            .done()
            .and(Needs::action(iam::UpdateUser).on(&renamed).done()))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<UpdateUserResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let old: User = entity::get(tx, account, &input.user_name)?;
        let mut new = old.clone();
        new.name = input.new_user_name.clone().unwrap_or(new.name);
        new.path = input.new_path.clone().unwrap_or(new.path);
        holder::replace(tx, &old, &new)?;
        group::rename_user(tx, &old, &new)?;
        Ok(UpdateUserResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn a_renamed_user_keeps_policies_groups_and_id() {
        let scene = Scene::new();
        let user = scene.user("ann");
        scene.group("g");
        scene
            .call::<AddUserToGroup>(AddUserToGroupRequest { group_name: "g".into(), user_name: "ann".into() })
            .unwrap();
        let arn = scene.policy("p");
        let input = AttachUserPolicyRequest { user_name: "ann".into(), policy_arn: arn.clone() };
        scene.call::<AttachUserPolicy>(input).unwrap();
        let input = UpdateUserRequest {
            user_name: "ann".into(),
            new_user_name: Some("bea".into()),
            new_path: Some("/x/".into()),
        };
        scene.call::<UpdateUser>(input).unwrap();

        let group = scene.call::<GetGroup>(GetGroupRequest { group_name: "g".into(), ..Default::default() });
        assert_eq!(group.unwrap().users[0].arn, "arn:aws:iam::000000000000:user/x/bea");
        let input = ListEntitiesForPolicyRequest { policy_arn: arn, ..Default::default() };
        let having = scene.call::<ListEntitiesForPolicy>(input).unwrap().policy_users.unwrap();
        assert_eq!(having[0].user_id.as_ref(), Some(&user.user_id));
        let gone = scene.call::<GetUser>(GetUserRequest { user_name: Some("ann".into()) });
        check_fault(gone, "NoSuchEntity");
    }

    #[test]
    fn a_taken_name_is_refused_and_another_case_of_the_own_is_not() {
        let scene = Scene::new();
        scene.user("ann");
        scene.user("bob");
        let rename = |name: &str| {
            let input = UpdateUserRequest {
                user_name: "ann".into(),
                new_user_name: Some(name.into()),
                new_path: None,
            };
            scene.call::<UpdateUser>(input)
        };
        check_fault(rename("BOB"), "EntityAlreadyExists");
        rename("Ann").unwrap();
    }
}
