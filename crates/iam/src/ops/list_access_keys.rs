//! ListAccessKeys: the access keys of a user, without their secrets.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::access_key;
use crate::model::{ListAccessKeys, ListAccessKeysRequest, ListAccessKeysResponse};
use crate::page::Window;

impl Operation for ListAccessKeys {
    type Access = Read;

    fn needs(input: &ListAccessKeysRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = access_key::target(at, input.user_name.as_deref())?;
        Ok(Needs::action(iam::ListAccessKeys).on(&user).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListAccessKeysResponse, Fault> {
        let (db, account) = (req.db()?, req.account());
        let window = Window::new(req.input.marker.as_deref(), req.input.max_items)?;
        let (owner, name) = access_key::owner(db, req.caller, req.input.user_name.as_deref())?;
        let page = access_key::list(db, account, &owner, name.as_deref(), &window)?;
        Ok(ListAccessKeysResponse {
            is_truncated: page.is_truncated(),
            access_key_metadata: page.items,
            marker: page.marker,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::model::*;
    use crate::scene::{READ, Scene};

    #[test]
    fn a_user_lists_its_own_keys_without_naming_itself() {
        let scene = Scene::new();
        let ann = scene.world.user("ann", &READ.replace("s3:GetObject", "iam:ListAccessKeys"));
        let keys = scene.world.call::<ListAccessKeys>(&ann, Default::default()).unwrap().access_key_metadata;
        assert_eq!((keys.len(), keys[0].user_name.as_deref()), (1, Some("ann")));
        assert_eq!(keys[0].access_key_id, ann.caller.access_key_id);
    }
}
