//! CreateUser: a new user.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::User;

use crate::boundary;
use crate::entity::Target;
use crate::holder;
use crate::model::{CreateUser, CreateUserRequest, CreateUserResponse};
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
        let tx = req.tx()?;
        boundary::check(tx, account, user.boundary.as_deref())?;
        holder::create(tx, &user)?;
        boundary::index(tx, &user)?;
        Ok(CreateUserResponse { user: Some(wire::user(&user)) })
    }
}
