//! DeleteKeyPair: forgets a public key; instances that have it keep it. One that is not there is as good as deleted.

use rolecall_actions::ec2::{self, key, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::key_pairs;
use crate::model::{DeleteKeyPair, DeleteKeyPairRequest, DeleteKeyPairResult};
use crate::place::Place;
use crate::records::{KeyPairNames, KeyPairs};
use crate::tags;

impl Operation for DeleteKeyPair {
    type Access = Write;

    fn needs(input: &DeleteKeyPairRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let place = Place::of(at);
        let found = key_pairs::named(at.db()?, place, input)?;
        let name = found.as_ref().map(|key| key.name.as_str()).or(input.key_name.as_deref()).unwrap_or("*");
        let has = match &found {
            Some(key) => tags::of(at.db()?, place, &key.id)?,
            None => Default::default(),
        };
        Ok(Needs::action(ec2::DeleteKeyPair)
            .on(&place.resource::<kind::KeyPair>(name).tagged(has))
            .key(key::Region, Some(at.region))
            .key(key::KeyPairName, Some(name))
            .key(key::KeyPairType, found.as_ref().map(|key| key.key_type.word()))
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteKeyPairResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        if input.key_name.is_none() && input.key_pair_id.is_none() {
            return Err(faults::missing("KeyName"));
        }
        faults::dry_run(input.dry_run)?;
        let found = key_pairs::named(req.db()?, place, input)?;
        if let Some(key) = &found {
            let tx = req.tx()?;
            tx.delete::<KeyPairs>(&place.key(&key.name))?;
            tx.delete::<KeyPairNames>(&place.key(&key.id))?;
            tags::put(tx, place, &key.id, Default::default())?;
        }
        Ok(DeleteKeyPairResult { return_: Some(true), key_pair_id: found.map(|key| key.id) })
    }
}
