//! ListSSHPublicKeys: the SSH public keys of a user, without the keys themselves.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::access_key;
use crate::model::{
    ListSSHPublicKeys, ListSSHPublicKeysRequest, ListSSHPublicKeysResponse, SSHPublicKeyMetadata,
};
use crate::page::Window;
use crate::ssh_key;

impl Operation for ListSSHPublicKeys {
    type Access = Read;

    fn needs(input: &ListSSHPublicKeysRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = access_key::target(at, input.user_name.as_deref())?;
        Ok(Needs::action(iam::ListSSHPublicKeys).on(&user).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListSSHPublicKeysResponse, Fault> {
        let (db, input) = (req.db()?, req.input);
        let window = Window::new(input.marker.as_deref(), input.max_items)?;
        let user = access_key::user(db, req.caller, input.user_name.as_deref())?;
        let keys = ssh_key::all(db, &user)?.into_iter().map(|key| {
            let shown = SSHPublicKeyMetadata {
                user_name: user.name.clone(),
                ssh_public_key_id: key.id.clone(),
                status: access_key::status(key.active).to_owned(),
                upload_date: key.uploaded,
            };
            (key.id, shown)
        });
        let page = window.cut(keys);
        Ok(ListSSHPublicKeysResponse {
            is_truncated: page.is_truncated(),
            ssh_public_keys: Some(page.items),
            marker: page.marker,
        })
    }
}
