//! CreateUser: a new user.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::User;

use crate::boundary;
use crate::entity::Target;
use crate::holder;
use crate::model::{CreateUser, CreateUserRequest, CreateUserResponse};
use crate::quota::Quotas;
use crate::tags;
use crate::wire;

impl Operation for CreateUser {
    type Access = Write;

    fn needs(input: &CreateUserRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = Target::<User>::new(at.account(), input.path.as_deref(), &input.user_name);
        Ok(Needs::action(iam::CreateUser)
            .on(&user)
            .key(iam::key::PermissionsBoundary, input.permissions_boundary.as_deref())
            .request_tags(tags::pairs(input.tags.as_ref()))
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateUserResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let user = User {
            account,
            name: input.user_name.clone(),
            path: input.path.clone().unwrap_or_else(|| "/".into()),
            id: req.env.unique_id("AIDA"),
            created: req.now.whole_seconds(),
            tags: tags::first(input.tags.as_ref(), "TagsPerUser")?,
            boundary: input.permissions_boundary.clone(),
            password_last_used: None,
        };
        let quotas = Quotas::of(req.extensions);
        let tx = req.tx()?;
        boundary::check(tx, account, user.boundary.as_deref())?;
        holder::create(tx, &user, &quotas)?;
        boundary::index(tx, &user)?;
        Ok(CreateUserResponse { user: Some(wire::user(&user)) })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn a_user_has_a_path_tags_and_an_id() {
        let input = CreateUserRequest {
            user_name: "ann".into(),
            path: Some("/team/".into()),
            tags: Some(vec![Tag { key: "a".into(), value: "1".into() }]),
            ..Default::default()
        };
        let user = Scene::new().call::<CreateUser>(input).unwrap().user.unwrap();
        assert_eq!(user.arn, "arn:aws:iam::000000000000:user/team/ann");
        assert!(user.user_id.starts_with("AIDA") && user.tags.is_some());
    }

    #[test]
    fn names_are_unique_whatever_their_case() {
        let scene = Scene::new();
        scene.user("ann");
        let input = CreateUserRequest { user_name: "ANN".into(), ..Default::default() };
        let message = check_fault(scene.call::<CreateUser>(input), "EntityAlreadyExists");
        assert_eq!(message, "User with name ANN already exists.");
    }

    #[test]
    fn making_users_with_certain_tags_only_can_be_allowed() {
        let scene = Scene::new();
        let tagger = scene.world.user(
            "tagger",
            r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iam:CreateUser",
                "Resource": "*", "Condition": {"StringEquals": {"aws:RequestTag/team": "blue"}}}}"#,
        );
        let create = |value: &str| {
            let input = CreateUserRequest {
                user_name: "x".into(),
                tags: Some(vec![Tag { key: "team".into(), value: value.into() }]),
                ..Default::default()
            };
            scene.world.call::<CreateUser>(&tagger, input)
        };
        check_fault(create("red"), "AccessDenied");
        create("blue").unwrap();
    }
}
