//! DeleteAccessKey: removes an access key.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::access_key;
use crate::model::{DeleteAccessKey, DeleteAccessKeyRequest, DeleteAccessKeyResponse};

impl Operation for DeleteAccessKey {
    type Access = Write;

    fn needs(input: &DeleteAccessKeyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = access_key::target(at, input.user_name.as_deref())?;
        Ok(Needs::action(iam::DeleteAccessKey).on(&user).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteAccessKeyResponse, Fault> {
        let (input, account, caller) = (req.input, req.account(), req.caller);
        let tx = req.tx()?;
        let (owner, _) = access_key::owner(tx, caller, input.user_name.as_deref())?;
        let key = access_key::get(tx, account, &owner, &input.access_key_id)?;
        access_key::delete(tx, &key)?;
        Ok(DeleteAccessKeyResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn a_key_of_another_user_is_not_found() {
        let scene = Scene::new();
        scene.user("ann");
        scene.user("bob");
        let input = CreateAccessKeyRequest { user_name: Some("ann".into()) };
        let id = scene.call::<CreateAccessKey>(input).unwrap().access_key.access_key_id;
        let delete = |name: &str| {
            let input = DeleteAccessKeyRequest { user_name: Some(name.into()), access_key_id: id.clone() };
            scene.call::<DeleteAccessKey>(input)
        };
        let message = check_fault(delete("bob"), "NoSuchEntity");
        assert_eq!(message, format!("The Access Key with id {id} cannot be found."));
        delete("ann").unwrap();
        assert!(scene.world.signed_in(&id, None).is_err());
    }
}
