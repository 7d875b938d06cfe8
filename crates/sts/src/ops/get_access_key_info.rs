//! GetAccessKeyInfo: the account that an access key id belongs to, read from the id itself.

use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{GetAccessKeyInfo, GetAccessKeyInfoRequest, GetAccessKeyInfoResponse};

impl Operation for GetAccessKeyInfo {
    type Access = Read;

    fn needs(_input: &GetAccessKeyInfoRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::nothing("the id itself tells its account"))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetAccessKeyInfoResponse, Fault> {
        let account = rolecall_env::account_of_access_key(&req.input.access_key_id);
        let account = account.ok_or_else(|| {
            let text = format!("Invalid accessKeyId: {}", req.input.access_key_id);
            Fault::validation(text)
        })?;
        Ok(GetAccessKeyInfoResponse { account: Some(account.to_string()) })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use super::*;

    #[test]
    fn the_account_is_read_from_the_id() {
        let world = World::new(1);
        let id = world.env.access_key_id("AKIA", "123456789012".parse().unwrap());
        let root = world.root(ACCOUNT);
        let info =
            world.call::<GetAccessKeyInfo>(&root, GetAccessKeyInfoRequest { access_key_id: id }).unwrap();
        assert_eq!(info.account.as_deref(), Some("123456789012"));
        let nonsense = GetAccessKeyInfoRequest { access_key_id: "AKIA000000000000".into() };
        check_fault(world.call::<GetAccessKeyInfo>(&root, nonsense), "ValidationError");
    }
}
