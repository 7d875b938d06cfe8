//! CreateKeyPair: a new key pair, whose private half is shown this once.

use rolecall_actions::ec2::{self, key, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::key_pairs;
use crate::keys;
use crate::model::{CreateKeyPair, CreateKeyPairRequest, KeyPair};
use crate::place::Place;
use crate::records::KeyType;
use crate::tags;

impl Operation for CreateKeyPair {
    type Access = Write;

    fn needs(input: &CreateKeyPairRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let place = Place::of(at);
        let tags = tags::wished(input.tag_specifications.as_deref(), "key-pair");
        let question = Needs::action(ec2::CreateKeyPair)
            .on(&place.resource::<kind::KeyPair>(&input.key_name))
            .key(key::Region, Some(at.region))
            .key(key::KeyPairType, Some(input.key_type.as_deref().unwrap_or("rsa")))
            .request_tags(key_pairs::pairs(&tags));
        Ok(key_pairs::with_tags(question.done(), place, &input.key_name, &tags, "CreateKeyPair"))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<KeyPair, Fault> {
        let (place, input) = (Place::here(req), req.input);
        key_pairs::check_new(req.db()?, place, &input.key_name)?;
        let tags = tags::of_request(input.tag_specifications.as_deref(), &["key-pair"], "key-pair")?;
        if input.key_format.as_deref() == Some("ppk") {
            return Err(faults::unsupported("The key format ppk"));
        }
        faults::dry_run(input.dry_run)?;
        let key_type = match input.key_type.as_deref() {
            Some("ed25519") => KeyType::Ed25519,
            _ => KeyType::Rsa,
        };
        let made = keys::make(req.env, key_type)?;
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
