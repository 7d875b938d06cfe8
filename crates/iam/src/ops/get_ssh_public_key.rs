//! GetSSHPublicKey: a user's SSH public key in the form that the request asks for.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::User;

use crate::entity::{self, Target};
use crate::model::{GetSSHPublicKey, GetSSHPublicKeyRequest, GetSSHPublicKeyResponse};
use crate::ssh_key;

impl Operation for GetSSHPublicKey {
    type Access = Read;

    fn needs(input: &GetSSHPublicKeyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = Target::<User>::find(at, &input.user_name)?;
        Ok(Needs::action(iam::GetSSHPublicKey).on(&user).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetSSHPublicKeyResponse, Fault> {
        let (db, input) = (req.db()?, req.input);
        let user: User = entity::get(db, req.account(), &input.user_name)?;
        let key = ssh_key::get(db, &user, &input.ssh_public_key_id)?;
        let key = ssh_key::to_wire(&user, &key, Some(&input.encoding))?;
        Ok(GetSSHPublicKeyResponse { ssh_public_key: Some(key) })
    }
}
