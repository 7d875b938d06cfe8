//! DeleteSSHPublicKey: takes an SSH public key from a user.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::User;

use crate::entity::{self, Target};
use crate::model::{DeleteSSHPublicKey, DeleteSSHPublicKeyRequest};
use crate::ssh_key;

impl Operation for DeleteSSHPublicKey {
    type Access = Write;

    fn needs(input: &DeleteSSHPublicKeyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = Target::<User>::find(at, &input.user_name)?;
        Ok(Needs::action(iam::DeleteSSHPublicKey).on(&user).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<Self::Output, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let user: User = entity::get(tx, account, &input.user_name)?;
        let key = ssh_key::get(tx, &user, &input.ssh_public_key_id)?;
        ssh_key::delete(tx, &user, &key)?;
        Ok(Self::Output::default())
    }
}
