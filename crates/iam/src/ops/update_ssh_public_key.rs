//! UpdateSSHPublicKey: switches a user's SSH public key on or off.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::User;

use crate::entity::{self, Target};
use crate::model::{UpdateSSHPublicKey, UpdateSSHPublicKeyRequest};
use crate::ssh_key;

impl Operation for UpdateSSHPublicKey {
    type Access = Write;

    fn needs(input: &UpdateSSHPublicKeyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = Target::<User>::find(at, &input.user_name)?;
        Ok(Needs::action(iam::UpdateSSHPublicKey).on(&user).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<Self::Output, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let user: User = entity::get(tx, account, &input.user_name)?;
        let key = ssh_key::get(tx, &user, &input.ssh_public_key_id)?;
        ssh_key::set_status(tx, &user, key, &input.status)?;
        Ok(Self::Output::default())
    }
}
