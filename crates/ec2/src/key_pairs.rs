//! Key pairs in the store: what making, importing and deleting them share.

use rolecall_base::{Fault, Tags, Time};
use rolecall_env::Env;
use rolecall_store::{Reader, Tx};

use crate::faults;
use crate::keys::Public;
use crate::model::DeleteKeyPairRequest;
use crate::place::Place;
use crate::records::{KeyPair, KeyPairNames, KeyPairs, Named};
use crate::tags;

/// Characters of a name.
const LONGEST: usize = 255;

/// Checks a new key pair's name.
///
/// # Errors
/// InvalidParameterValue for a name that can't be, InvalidKeyPair.Duplicate for one that is taken.
pub fn check_new(db: &Reader, place: Place<'_>, name: &str) -> Result<(), Fault> {
    let plain = name.bytes().all(|b| b.is_ascii() && !b.is_ascii_control());
    if name.is_empty() || name.len() > LONGEST || !plain || name.trim() != name {
        let why =
            format!("A key pair's name has up to {LONGEST} ASCII characters, without spaces around it.");
        return Err(faults::invalid_value(name, "KeyName", &why));
    }
    if db.exists::<KeyPairs>(&place.key(name))? {
        return Err(faults::key_pair_exists(name));
    }
    Ok(())
}

/// Writes a new key pair.
///
/// # Errors
/// TagLimitExceeded, or when it can't be written.
pub fn add(
    tx: &mut Tx,
    env: &Env,
    now: Time,
    place: Place<'_>,
    name: &str,
    public: Public,
    has: &Tags,
) -> Result<KeyPair, Fault> {
    let row = KeyPair {
        account: place.account,
        region: place.region.to_owned(),
        name: name.to_owned(),
        id: env.resource_id("key"),
        key_type: public.key_type,
        public_key: public.line,
        fingerprint: public.fingerprint,
        created: now,
    };
    tx.put::<KeyPairs>(&place.key(name), &row)?;
    tx.put::<KeyPairNames>(&place.key(&row.id), &Named { name: name.to_owned() })?;
    tags::put(tx, place, &row.id, has.clone())?;
    Ok(row)
}

/// The key pair that a deletion names, by name or id.
///
/// # Errors
/// When the store can't be read.
pub fn named(db: &Reader, place: Place<'_>, input: &DeleteKeyPairRequest) -> Result<Option<KeyPair>, Fault> {
    let name = match (&input.key_name, &input.key_pair_id) {
        (Some(name), _) => Some(name.clone()),
        (None, Some(id)) => db.get::<KeyPairNames>(&place.key(id))?.map(|row| row.name),
        (None, None) => None,
    };
    let Some(name) = name else { return Ok(None) };
    let found = db.get::<KeyPairs>(&place.key(&name))?;
    Ok(found.filter(|key| input.key_pair_id.as_ref().is_none_or(|id| *id == key.id)))
}
