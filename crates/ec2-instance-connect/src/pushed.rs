//! The keys that were pushed and are still good.

use std::time::Duration;

use rolecall_base::{Fault, Time};
use rolecall_store::{Reader, Record, Table, Tx};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::model::fault;

/// How long a key opens.
pub(crate) const LIFE: Duration = Duration::from_secs(60);
/// Keys that one instance may have at a time.
const MOST: usize = 100;

/// A key that opens an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pushed {
    /// The login user.
    pub user: String,
    /// Its line for `authorized_keys`.
    pub line: String,
    /// From then on it opens nothing.
    pub until: Time,
    /// The ARN of who pushed it.
    pub by: String,
}

impl Record for Pushed {
    const VERSION: u8 = 1;
}

/// (instance id, digest of user and key).
#[derive(Debug)]
pub struct PushedKeys;

impl Table for PushedKeys {
    const ID: u16 = 181;
    const NAME: &'static str = "pushed_ssh_keys";
    type Key = (String, String);
    type Row = Pushed;
}

/// The keys that open an instance at `now`.
///
/// # Errors
/// When the store can't be read.
pub fn pushed(db: &Reader, instance: &str, now: Time) -> Result<Vec<Pushed>, Fault> {
    let rows = db.scan::<PushedKeys>(&(instance.to_owned(),), None, MOST * 2)?;
    Ok(rows.into_iter().map(|(_, row)| row).filter(|row| now < row.until).collect())
}

/// Adds a key, and takes away those that are over; pushed again, a key is good for another minute.
///
/// # Errors
/// ThrottlingException when the instance has too many.
pub(crate) fn push(tx: &mut Tx, instance: &str, now: Time, key: &Pushed) -> Result<(), Fault> {
    let id = name(&key.user, &key.line);
    let mut alive = 0;
    for (place, row) in tx.scan::<PushedKeys>(&(instance.to_owned(),), None, MOST * 2)? {
        if row.until <= now {
            tx.delete::<PushedKeys>(&place)?;
        } else if place.1 != id {
            alive += 1;
        }
    }
    if alive >= MOST {
        return Err(fault::throttling("Too many keys were sent to this instance within a minute."));
    }
    tx.put::<PushedKeys>(&(instance.to_owned(), id), key)?;
    Ok(())
}

/// Takes away what was pushed to an instance that is no more.
///
/// # Errors
/// When the store can't be read.
pub fn forget(tx: &mut Tx, instance: &str) -> Result<(), Fault> {
    for (place, _) in tx.scan::<PushedKeys>(&(instance.to_owned(),), None, MOST * 2)? {
        tx.delete::<PushedKeys>(&place)?;
    }
    Ok(())
}

fn name(user: &str, line: &str) -> String {
    let digest = Sha256::digest(format!("{user}\n{line}"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
