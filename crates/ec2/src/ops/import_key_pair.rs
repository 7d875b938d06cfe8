//! ImportKeyPair: a public key that the user made.

use rolecall_actions::ec2::{self, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::key_pairs;
use crate::keys;
use crate::model::{ImportKeyPair, ImportKeyPairRequest, ImportKeyPairResult};
use crate::place::Place;
use crate::questions::to_make;
use crate::tags;

impl Operation for ImportKeyPair {
    type Access = Write;

    fn needs(input: &ImportKeyPairRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let place = Place::of(at);
        let made = place.resource::<kind::KeyPair>(&input.key_name);
        let tags = input.tag_specifications.as_deref();
        Ok(to_make(ec2::ImportKeyPair, &made, place, tags, |question| question))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ImportKeyPairResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        key_pairs::check_new(req.db()?, place, &input.key_name)?;
        let tags = tags::of_request(input.tag_specifications.as_deref(), &["key-pair"], "key-pair")?;
        let public = keys::read(&input.public_key_material)?;
        faults::dry_run(input.dry_run)?;
        let (env, now) = (req.env, req.now);
        let row = key_pairs::add(req.tx()?, env, now, place, &input.key_name, public, &tags)?;
        Ok(ImportKeyPairResult {
            key_pair_id: Some(row.id),
            key_name: Some(row.name),
            key_fingerprint: Some(row.fingerprint),
            tags: tags::to_wire(&tags),
        })
    }
}
