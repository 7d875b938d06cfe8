//! CreateKeyPair: a new key pair, whose private half is shown this once.

use rolecall_actions::ec2::{self, key, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::key_pairs;
use crate::keys;
use crate::model::{CreateKeyPair, CreateKeyPairRequest, KeyPair};
use crate::place::Place;
use crate::questions::to_make;
use crate::records::KeyType;
use crate::tags;

impl Operation for CreateKeyPair {
    type Access = Write;

    fn needs(input: &CreateKeyPairRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let place = Place::of(at);
        let made = place.resource::<kind::KeyPair>(&input.key_name);
        let tags = input.tag_specifications.as_deref();
        Ok(to_make(ec2::CreateKeyPair, &made, place, tags, |question| {
            question.key(key::KeyPairType, Some(input.key_type.as_deref().unwrap_or("rsa")))
        }))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<KeyPair, Fault> {
        let (place, input) = (Place::here(req), req.input);
        key_pairs::check_new(req.db()?, place, &input.key_name)?;
        let tags = tags::of_request(input.tag_specifications.as_deref(), &["key-pair"], "key-pair")?;
        faults::dry_run(input.dry_run)?;
        let key_type = match input.key_type.as_deref() {
            Some("ed25519") => KeyType::Ed25519,
            _ => KeyType::Rsa,
        };
        let form = match input.key_format.as_deref() {
            Some("ppk") => keys::Form::Ppk(&input.key_name),
            _ => keys::Form::Pem,
        };
        let made = keys::make(req.env, key_type, form)?;
        let (env, now) = (req.env, req.now);
        let row = key_pairs::add(req.tx()?, env, now, place, &input.key_name, made.public, &tags)?;
        Ok(KeyPair {
            key_pair_id: Some(row.id),
            key_name: Some(row.name),
            key_fingerprint: Some(row.fingerprint),
            key_material: Some(made.private),
            tags: tags::to_wire(&tags),
        })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::tagged;

    fn create(name: &str, kind: &str) -> CreateKeyPairRequest {
        CreateKeyPairRequest { key_name: name.into(), key_type: Some(kind.into()), ..Default::default() }
    }

    #[test]
    fn a_key_pair_is_made_shown_and_deleted() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let mut input = create("mine", "ed25519");
        input.tag_specifications = tagged("key-pair", "team", "a");
        let made = world.call::<CreateKeyPair>(&root, input.clone()).unwrap();
        assert!(made.key_material.unwrap().starts_with("-----BEGIN OPENSSH PRIVATE KEY-----"));
        check_fault(world.call::<CreateKeyPair>(&root, input), "InvalidKeyPair.Duplicate");
        let list = DescribeKeyPairsRequest {
            key_names: Some(vec!["mine".into()]),
            include_public_key: Some(true),
            ..Default::default()
        };
        let shown = world.call::<DescribeKeyPairs>(&root, list.clone()).unwrap().key_pairs.unwrap().remove(0);
        assert_eq!(shown.key_fingerprint, made.key_fingerprint);
        assert!(shown.public_key.unwrap().starts_with("ssh-ed25519 "));
        let id = made.key_pair_id;
        let delete = DeleteKeyPairRequest { key_pair_id: id.clone(), ..Default::default() };
        assert_eq!(world.call::<DeleteKeyPair>(&root, delete.clone()).unwrap().key_pair_id, id);
        assert_eq!(world.call::<DeleteKeyPair>(&root, delete).unwrap().key_pair_id, None);
        check_fault(world.call::<DescribeKeyPairs>(&root, list), "InvalidKeyPair.NotFound");
    }

    #[test]
    fn an_rsa_key_is_in_the_form_that_openssl_reads() {
        let world = World::new(1);
        let made = world.call::<CreateKeyPair>(&world.root(ACCOUNT), create("rsa", "rsa")).unwrap();
        let material = made.key_material.unwrap();
        assert!(material.starts_with("-----BEGIN RSA PRIVATE KEY-----\n"));
        assert!(material.ends_with("-----END RSA PRIVATE KEY-----"));
        // SHA-1: 20 bytes in hexadecimal.
        assert_eq!(made.key_fingerprint.unwrap().split(':').count(), 20);
    }

    #[test]
    fn a_key_is_made_in_puttys_form_too() {
        let world = World::new(1);
        for (kind, name) in [("rsa", "ssh-rsa"), ("ed25519", "ssh-ed25519")] {
            let input = CreateKeyPairRequest { key_format: Some("ppk".into()), ..create(kind, kind) };
            let made =
                world.call::<CreateKeyPair>(&world.root(ACCOUNT), input).unwrap().key_material.unwrap();
            assert!(
                made.starts_with(&format!(
                    "PuTTY-User-Key-File-2: {name}\nEncryption: none\nComment: {kind}\n"
                ))
            );
            assert!(made.contains("\nPrivate-MAC: "));
        }
    }

    #[test]
    fn an_imported_key_goes_to_the_instances_that_name_it() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let key = include_bytes!("../../tests/keys/rsa.pub");
        let import = ImportKeyPairRequest {
            key_name: "mine".into(),
            public_key_material: key.to_vec(),
            ..Default::default()
        };
        world.call::<ImportKeyPair>(&root, import).unwrap();
        let mut input = crate::scene::request();
        input.key_name = Some("mine".into());
        let id = crate::scene::launch(&world, input);
        let instance = crate::instances::find(&world.store.read().unwrap(), &id).unwrap().unwrap();
        assert!(instance.public_key.unwrap().starts_with("ssh-rsa "));
    }
}
