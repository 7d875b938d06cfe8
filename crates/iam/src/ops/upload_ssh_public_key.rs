//! UploadSSHPublicKey: gives a user an SSH public key.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::User;

use crate::entity::{self, Target};
use crate::model::{UploadSSHPublicKey, UploadSSHPublicKeyRequest, UploadSSHPublicKeyResponse};
use crate::records::SshKey;
use crate::ssh_key;

impl Operation for UploadSSHPublicKey {
    type Access = Write;

    fn needs(input: &UploadSSHPublicKeyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = Target::<User>::find(at, &input.user_name)?;
        Ok(Needs::action(iam::UploadSSHPublicKey).on(&user).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<UploadSSHPublicKeyResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let parsed = ssh_key::parse(&input.ssh_public_key_body)?;
        let key = SshKey {
            id: req.env.unique_id("APKA"),
            body: input.ssh_public_key_body.clone(),
            line: parsed.line,
            fingerprint: parsed.fingerprint,
            active: true,
            uploaded: req.now.whole_seconds(),
        };
        let tx = req.tx()?;
        let user: User = entity::get(tx, account, &input.user_name)?;
        ssh_key::add(tx, &user, &key)?;
        Ok(UploadSSHPublicKeyResponse { ssh_public_key: Some(ssh_key::to_wire(&user, &key, None)?) })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_base::Fault;
    use rolecall_testkit::{ACCOUNT, check_fault};

    use crate::model::*;
    use crate::records::{SshKey, SshKeys};
    use crate::scene::Scene;

    const KEY: &str = include_str!("../../tests/keys/rsa.pub");

    fn upload(scene: &Scene, user: &str, body: &str) -> Result<SSHPublicKey, Fault> {
        let input = UploadSSHPublicKeyRequest { user_name: user.into(), ssh_public_key_body: body.into() };
        scene.call::<UploadSSHPublicKey>(input).map(|response| response.ssh_public_key.unwrap())
    }

    #[test]
    fn a_key_is_uploaded_shown_switched_off_and_deleted() {
        let scene = Scene::new();
        scene.user("ann");
        let key = upload(&scene, "ann", KEY).unwrap();
        assert_eq!((key.ssh_public_key_body.as_str(), key.status.as_str()), (KEY, "Active"));
        let (user_name, ssh_public_key_id) = ("ann".to_owned(), key.ssh_public_key_id.clone());
        let get = |encoding: &str| {
            let input = GetSSHPublicKeyRequest {
                user_name: "ann".into(),
                ssh_public_key_id: key.ssh_public_key_id.clone(),
                encoding: encoding.into(),
            };
            scene.call::<GetSSHPublicKey>(input).map(|response| response.ssh_public_key.unwrap())
        };
        assert!(get("PEM").unwrap().ssh_public_key_body.starts_with("-----BEGIN PUBLIC KEY-----\nMIIB"));
        assert!(KEY.starts_with(&get("SSH").unwrap().ssh_public_key_body));

        let status = |status: &str| {
            let input = UpdateSSHPublicKeyRequest {
                user_name: "ann".into(),
                ssh_public_key_id: key.ssh_public_key_id.clone(),
                status: status.into(),
            };
            scene.call::<UpdateSSHPublicKey>(input)
        };
        check_fault(status("Expired"), "InvalidInput");
        status("Inactive").unwrap();
        let input = ListSSHPublicKeysRequest { user_name: Some("ann".into()), ..Default::default() };
        let listed = scene.call::<ListSSHPublicKeys>(input).unwrap().ssh_public_keys.unwrap();
        assert_eq!((listed.len(), listed[0].status.as_str()), (1, "Inactive"));

        let gone = scene.call::<DeleteUser>(DeleteUserRequest { user_name: "ann".into() });
        let text = check_fault(gone, "DeleteConflict");
        assert_eq!(text, "Cannot delete entity, must delete SSH public keys first.");
        let input = DeleteSSHPublicKeyRequest { user_name, ssh_public_key_id };
        scene.call::<DeleteSSHPublicKey>(input.clone()).unwrap();
        check_fault(scene.call::<DeleteSSHPublicKey>(input), "NoSuchEntity");
        check_fault(get("SSH"), "NoSuchEntity");
    }

    #[test]
    fn a_user_has_a_key_once_whatever_its_form_and_others_may_have_it_too() {
        let scene = Scene::new();
        scene.user("ann");
        scene.user("bob");
        upload(&scene, "ann", KEY).unwrap();
        let pem = include_str!("../../tests/keys/rsa.spki.pem");
        check_fault(upload(&scene, "ann", pem), "DuplicateSSHPublicKey");
        upload(&scene, "bob", pem).unwrap();
        check_fault(upload(&scene, "nobody", KEY), "NoSuchEntity");
    }

    #[test]
    fn five_keys_are_the_most() {
        let scene = Scene::new();
        let id = scene.user("ann").user_id;
        let key = upload(&scene, "ann", KEY).unwrap();
        scene.world.write(|tx| {
            let first = tx.get::<SshKeys>(&(ACCOUNT, id.clone(), key.ssh_public_key_id.clone()))?.unwrap();
            for number in 0..4 {
                let row = SshKey { id: format!("APKA{number}"), line: number.to_string(), ..first.clone() };
                tx.put::<SshKeys>(&(ACCOUNT, id.clone(), row.id.clone()), &row)?;
            }
            Ok(tx.delete::<SshKeys>(&(ACCOUNT, id.clone(), first.id))?)
        });
        upload(&scene, "ann", KEY).unwrap();
        check_fault(upload(&scene, "ann", KEY), "DuplicateSSHPublicKey");
        scene.world.write(|tx| {
            let (_, mut row) = tx.scan::<SshKeys>(&(ACCOUNT, id.clone()), None, 9)?.pop().unwrap();
            row.line = "another".into();
            Ok(tx.put::<SshKeys>(&(ACCOUNT, id.clone(), row.id.clone()), &row)?)
        });
        let message = check_fault(upload(&scene, "ann", KEY), "LimitExceeded");
        assert_eq!(message, "Cannot exceed quota for SSHPublicKeysPerUser: 5");
    }

    #[test]
    fn a_key_belongs_to_its_user_alone() {
        let scene = Scene::new();
        scene.user("ann");
        scene.user("bob");
        let key = upload(&scene, "ann", KEY).unwrap();
        let input =
            DeleteSSHPublicKeyRequest { user_name: "bob".into(), ssh_public_key_id: key.ssh_public_key_id };
        check_fault(scene.call::<DeleteSSHPublicKey>(input), "NoSuchEntity");
    }
}
