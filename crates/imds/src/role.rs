//! Which role an instance's profile holds, remembered until anything about the account changes.

use std::sync::{Arc, Mutex, PoisonError};

use rolecall_base::{Fault, Time};
use rolecall_door::Door;
use rolecall_identity::records::{InstanceProfileIds, InstanceProfiles, Role, Roles};

use crate::instance::{InstanceView, Profile};

/// What is behind a profile's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// The profile was deleted.
    Gone,
    /// It holds no role.
    Nothing,
    Role(Arc<Role>),
}

/// That, and since when it is so.
#[derive(Clone, Debug)]
pub struct Facts {
    pub held: Held,
    /// When it was first seen so.
    pub since: Time,
    profile: String,
    /// The account's revision from before it was read.
    revision: u64,
}

/// The last that was seen.
#[derive(Debug, Default)]
pub struct Memory(Mutex<Option<Arc<Facts>>>);

impl Memory {
    /// What the profile holds now.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn look(&self, door: &Door, instance: &InstanceView, profile: &Profile) -> Result<Arc<Facts>, Fault> {
        let revision = door.identity.store.revision_of(instance.account);
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(facts) = &*last
            && facts.revision == revision
            && facts.profile == profile.id
        {
            return Ok(facts.clone());
        }
        let held = read(door, &profile.id)?;
        let since = match &*last {
            Some(facts) if facts.profile == profile.id && facts.held == held => facts.since,
            _ => door.identity.env.now(),
        };
        let facts = Arc::new(Facts { held, since, profile: profile.id.clone(), revision });
        *last = Some(facts.clone());
        Ok(facts)
    }
}

/// By id: a profile that was deleted and made again under its name is another one.
fn read(door: &Door, id: &String) -> Result<Held, Fault> {
    let db = door.identity.store.read()?;
    let Some(place) = db.get::<InstanceProfileIds>(id)? else { return Ok(Held::Gone) };
    let profile = db.get::<InstanceProfiles>(&(place.account, place.name))?;
    let Some(profile) = profile.filter(|profile| profile.id == *id) else { return Ok(Held::Gone) };
    let Some(role) = profile.role else { return Ok(Held::Nothing) };
    let role = db.get::<Roles>(&(profile.account, role))?;
    Ok(role.map_or(Held::Nothing, |role| Held::Role(Arc::new(role))))
}
