//! GetUser: a user by name, or the caller.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::User;

use crate::access_key;
use crate::entity;
use crate::model::{GetUser, GetUserRequest, GetUserResponse};
use crate::wire;

impl Operation for GetUser {
    type Access = Read;

    fn needs(input: &GetUserRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = access_key::target(at, input.user_name.as_deref())?;
        Ok(Needs::action(iam::GetUser).on(&user).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetUserResponse, Fault> {
        let (db, account) = (req.db()?, req.account());
        let Some(name) = access_key::user_name(req.caller, req.input.user_name.as_deref())? else {
            return Ok(GetUserResponse { user: wire::root(db, account)? });
        };
        let user: User = entity::get(db, account, name)?;
        Ok(GetUserResponse { user: wire::user(&user) })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_base::Fault;
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::{READ, Scene};

    fn get(scene: &Scene, visitor: &rolecall_door::Visitor, name: Option<&str>) -> Result<User, Fault> {
        let input = GetUserRequest { user_name: name.map(str::to_owned) };
        scene.world.call::<GetUser>(visitor, input).map(|response| response.user)
    }

    #[test]
    fn without_a_name_it_is_the_caller() {
        let scene = Scene::new();
        let policy = READ.replace("s3:GetObject", "iam:GetUser");
        let ann = scene.world.user("ann", &policy);
        assert_eq!(get(&scene, &ann, None).unwrap().user_name, "ann");
        let root = get(&scene, &scene.root, None).unwrap();
        assert_eq!(
            (root.arn.as_str(), root.user_id.as_str()),
            ("arn:aws:iam::000000000000:root", "000000000000")
        );
    }

    #[test]
    fn a_missing_user_is_told_by_name() {
        let scene = Scene::new();
        let message = check_fault(get(&scene, &scene.root, Some("bob")), "NoSuchEntity");
        assert_eq!(message, "The user with name bob cannot be found.");
    }
}
