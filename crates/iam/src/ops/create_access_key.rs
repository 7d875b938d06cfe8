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

#[cfg(test)]
mod tests {
    use rolecall_base::Fault;
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    fn create(scene: &Scene) -> Result<AccessKey, Fault> {
        let input = CreateAccessKeyRequest { user_name: Some("ann".into()) };
        scene.call::<CreateAccessKey>(input).map(|response| response.access_key)
    }

    #[test]
    fn a_new_key_signs_at_once_and_not_when_it_is_inactive() {
        let scene = Scene::new();
        scene.user("ann");
        let key = create(&scene).unwrap();
        assert_eq!((key.user_name.as_str(), key.status.as_str()), ("ann", "Active"));
        assert!(scene.world.signed_in(&key.access_key_id, None).is_ok());
        let input = UpdateAccessKeyRequest {
            user_name: Some("ann".into()),
            access_key_id: key.access_key_id.clone(),
            status: "Inactive".into(),
        };
        scene.call::<UpdateAccessKey>(input).unwrap();
        assert!(scene.world.signed_in(&key.access_key_id, None).is_err());
    }

    #[test]
    fn two_keys_are_the_most() {
        let scene = Scene::new();
        scene.user("ann");
        create(&scene).unwrap();
        create(&scene).unwrap();
        let message = check_fault(create(&scene), "LimitExceeded");
        assert_eq!(message, "Cannot exceed quota for AccessKeysPerUser: 2");
    }
}
