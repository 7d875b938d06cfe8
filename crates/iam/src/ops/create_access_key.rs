//! CreateAccessKey: a new access key; the only time that its secret is shown.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::add_key;

use crate::access_key;
use crate::model::{self, CreateAccessKey, CreateAccessKeyRequest, CreateAccessKeyResponse};

impl Operation for CreateAccessKey {
    type Access = Write;

    fn needs(input: &CreateAccessKeyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = access_key::target(at, input.user_name.as_deref())?;
        Ok(Needs::action(iam::CreateAccessKey).on(&user).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateAccessKeyResponse, Fault> {
        let (input, account, caller) = (req.input, req.account(), req.caller);
        let (env, vault) = (req.env, &req.identity.vault);
        let now = req.now.whole_seconds();
        let tx = req.tx()?;
        let (owner, name) = access_key::owner(tx, caller, input.user_name.as_deref())?;
        access_key::check_room(tx, account, &owner)?;
        let key = add_key(tx, env, vault, account, owner)?;
        Ok(CreateAccessKeyResponse {
            access_key: model::AccessKey {
                // The root user has no name.
                user_name: name.unwrap_or_default(),
                access_key_id: key.id,
                status: access_key::status(true).to_owned(),
                secret_access_key: key.secret,
                create_date: Some(now),
            },
        })
    }
}
