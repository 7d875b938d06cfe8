//! DeleteUser: removes a user that nothing hangs on any more.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::User;

use crate::access_key;
use crate::entity::{self, Target};
use crate::group;
use crate::holder;
use crate::login_profile;
use crate::mfa;
use crate::model::{DeleteUser, DeleteUserRequest, DeleteUserResponse};
use crate::{service_credential, signing_certificate, ssh_key};

impl Operation for DeleteUser {
    type Access = Write;

    fn needs(input: &DeleteUserRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = Target::<User>::find(at, &input.user_name)?;
        Ok(Needs::action(iam::DeleteUser).on(&user).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteUserResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let user: User = entity::get(tx, account, &input.user_name)?;
        login_profile::check_none(tx, &user)?;
        access_key::check_none(tx, &user)?;
        signing_certificate::check_none(tx, &user)?;
        service_credential::check_none(tx, &user)?;
        ssh_key::check_none(tx, &user)?;
        mfa::check_none(tx, &user)?;
        group::check_in_none(tx, &user)?;
        holder::check_bare(tx, &user)?;
        holder::erase(tx, &user)?;
        Ok(DeleteUserResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn keys_groups_and_policies_must_go_first() {
        let scene = Scene::new();
        scene.user("ann");
        let name = || "ann".to_owned();
        let delete = || scene.call::<DeleteUser>(DeleteUserRequest { user_name: name() });
        let expect = |text: &str| assert_eq!(check_fault(delete(), "DeleteConflict"), text);
        let input = CreateAccessKeyRequest { user_name: Some(name()) };
        let key = scene.call::<CreateAccessKey>(input).unwrap().access_key;
        scene.group("g");
        let input = AddUserToGroupRequest { group_name: "g".into(), user_name: name() };
        scene.call::<AddUserToGroup>(input).unwrap();

        expect("Cannot delete entity, must delete access keys first.");
        let input = DeleteAccessKeyRequest { user_name: Some(name()), access_key_id: key.access_key_id };
        scene.call::<DeleteAccessKey>(input).unwrap();
        expect("Cannot delete entity, must remove users from group first.");
        let input = RemoveUserFromGroupRequest { group_name: "g".into(), user_name: name() };
        scene.call::<RemoveUserFromGroup>(input).unwrap();
        delete().unwrap();
    }
}
