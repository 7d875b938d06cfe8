//! What was used since the last sweep, and sweeping it into the store.
//!
//! A call costs one relaxed load and, once a second for each kind of call of a caller, an entry under a lock. A loop of
//! the server moves the entries to the store, which touches no account: no remembered caller goes stale by being used.
//! Who reads sees both.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rolecall_base::{AccountId, Fault, Time};
use rolecall_store::{CommitError, Reader, Store, Tx};

use crate::known::Known;
use crate::records::{AccessKeys, Accounts, Entities, KeyUse, KeyUses, OperationUses, ServiceUses, Use};

/// Entries that wait for the next sweep; further ones are noted at their next use.
const LIMIT: usize = 65_536;
/// Entries of one commit.
const BATCH: usize = 500;
/// Bytes of a region's name that are kept: it is the client's word.
const REGION: usize = 64;

/// The kind of call that was noted last, and its second.
#[derive(Debug, Default)]
pub(crate) struct Seen(AtomicU64);

impl Seen {
    /// Whether a call is the first of its kind in this second.
    fn is_first(&self, second: i64, operation: &'static str, region: &str) -> bool {
        // FNV-1a over what tells kinds apart; a collision leaves out one use within one second.
        let place = operation.as_ptr().addr() as u64;
        let kind = region.bytes().fold(place ^ 0xcbf2_9ce4_8422_2325, |sum, byte| {
            (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mark = (second.cast_unsigned() << 24) | (kind >> 40);
        if self.0.load(Ordering::Relaxed) == mark {
            return false;
        }
        self.0.store(mark, Ordering::Relaxed);
        true
    }
}

/// Uses that are not in the store yet.
#[derive(Debug, Default)]
pub struct Usage(Mutex<Fresh>);

/// (namespace, operation).
type Operation = (&'static str, &'static str);
/// (account, unique id).
type Principal = (AccountId, String);

#[derive(Debug, Default)]
struct Fresh {
    keys: HashMap<String, KeyUse>,
    principals: HashMap<Principal, HashMap<Operation, Use>>,
    /// Entries of both.
    count: usize,
}

impl Usage {
    fn fresh(&self) -> MutexGuard<'_, Fresh> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a caller proved itself and asked for an operation, whatever came of it.
    pub fn note(&self, known: &Known, (service, operation): Operation, region: &str, at: Time) {
        if !known.seen.is_first(at.seconds(), operation, region) {
            return;
        }
        let caller = &known.caller;
        let time = at.whole_seconds();
        let region = region.get(..region.floor_char_boundary(REGION)).unwrap_or_default();
        let mut fresh = self.fresh();
        let fresh = &mut *fresh;
        if fresh.count >= LIMIT {
            return;
        }
        if let Some(id) = caller.access_key_id.as_ref().filter(|_| caller.session.is_none()) {
            let row = KeyUse { time, service: service.to_owned(), region: region.to_owned() };
            fresh.count += usize::from(fresh.keys.insert(id.clone(), row).is_none());
        }
        let principal = (caller.account, caller.principal_id.clone());
        let row = Use { time, region: region.to_owned() };
        let operations = fresh.principals.entry(principal).or_default();
        fresh.count += usize::from(operations.insert((service, operation), row).is_none());
    }

    /// The last use of an access key.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn of_key(&self, db: &Reader, id: &str) -> Result<Option<KeyUse>, Fault> {
        let fresh = self.fresh().keys.get(id).cloned();
        match fresh {
            Some(row) => Ok(Some(row)),
            None => Ok(db.get::<KeyUses>(&id.to_owned())?),
        }
    }

    /// The last use of each service by a user, role or root, by namespace.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn services(
        &self,
        db: &Reader,
        account: AccountId,
        id: &str,
    ) -> Result<BTreeMap<String, Use>, Fault> {
        let rows = db.scan::<ServiceUses>(&(account, id.to_owned()), None, usize::MAX)?;
        let mut all: BTreeMap<String, Use> =
            rows.into_iter().map(|((_, _, name), row)| (name, row)).collect();
        for ((service, _), row) in self.unswept(account, id) {
            newest(&mut all, service.to_owned(), row);
        }
        Ok(all)
    }

    /// The last use of each operation by a user, role or root, by `namespace:Operation`.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn operations(
        &self,
        db: &Reader,
        account: AccountId,
        id: &str,
    ) -> Result<BTreeMap<String, Use>, Fault> {
        let rows = db.scan::<OperationUses>(&(account, id.to_owned()), None, usize::MAX)?;
        let mut all: BTreeMap<String, Use> =
            rows.into_iter().map(|((_, _, name), row)| (name, row)).collect();
        for ((service, operation), row) in self.unswept(account, id) {
            newest(&mut all, format!("{service}:{operation}"), row);
        }
        Ok(all)
    }

    /// The last use of each service by anybody of an account, by namespace.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn of_account(&self, db: &Reader, account: AccountId) -> Result<BTreeMap<String, Use>, Fault> {
        let mut all = BTreeMap::new();
        for ((_, _, name), row) in db.scan::<ServiceUses>(&(account,), None, usize::MAX)? {
            newest(&mut all, name, row);
        }
        let fresh = self.fresh();
        let own = fresh.principals.iter().filter(|((of, _), _)| *of == account);
        for ((service, _), row) in own.flat_map(|(_, operations)| operations) {
            newest(&mut all, (*service).to_owned(), row.clone());
        }
        Ok(all)
    }

    fn unswept(&self, account: AccountId, id: &str) -> Vec<(Operation, Use)> {
        let fresh = self.fresh();
        let found = fresh.principals.get(&(account, id.to_owned()));
        found.into_iter().flatten().map(|(operation, row)| (*operation, row.clone())).collect()
    }

    /// Forgets what waits, for a server that was emptied.
    pub fn forget(&self) {
        *self.fresh() = Fresh::default();
    }

    /// Moves what waits to the store; gives how many entries. What is used meanwhile waits for the next sweep.
    ///
    /// # Errors
    /// When the store can't be written; everything waits on.
    pub async fn sweep(&self, store: &Store) -> Result<usize, Fault> {
        let (keys, principals) = {
            let fresh = self.fresh();
            let keys: Vec<_> = fresh.keys.iter().map(|(id, row)| (id.clone(), row.clone())).collect();
            let mut principals = Vec::new();
            for (principal, operations) in &fresh.principals {
                for (operation, row) in operations {
                    principals.push((principal.clone(), *operation, row.clone()));
                }
            }
            (keys, principals)
        };
        for batch in keys.chunks(BATCH) {
            commit(store, |tx| batch.iter().try_for_each(|(id, row)| put_key(tx, id, row))).await?;
        }
        for batch in principals.chunks(BATCH) {
            commit(store, |tx| batch.iter().try_for_each(|(who, what, row)| put(tx, who, *what, row)))
                .await?;
        }
        let mut fresh = self.fresh();
        let fresh = &mut *fresh;
        for (id, row) in &keys {
            if fresh.keys.get(id) == Some(row) {
                fresh.keys.remove(id);
            }
        }
        for (principal, operation, row) in &principals {
            if let Some(operations) = fresh.principals.get_mut(principal)
                && operations.get(operation) == Some(row)
            {
                operations.remove(operation);
            }
        }
        fresh.principals.retain(|_, operations| !operations.is_empty());
        fresh.count = fresh.keys.len() + fresh.principals.values().map(HashMap::len).sum::<usize>();
        Ok(keys.len() + principals.len())
    }
}

fn newest(all: &mut BTreeMap<String, Use>, name: String, row: Use) {
    let known = all.entry(name).or_insert_with(|| row.clone());
    if row.time > known.time {
        *known = row;
    }
}

async fn commit(store: &Store, mut work: impl FnMut(&mut Tx) -> Result<(), Fault>) -> Result<(), Fault> {
    for _ in 0..8 {
        let mut tx = store.begin()?;
        work(&mut tx)?;
        match store.commit(tx).await {
            Ok(_) => return Ok(()),
            Err(CommitError::Conflict(_)) => {}
            Err(error) => return Err(Fault::internal(error)),
        }
    }
    Err(Fault::internal("too many changes at once to write down what was used"))
}

/// A key that is gone has no last use.
fn put_key(tx: &mut Tx, id: &str, row: &KeyUse) -> Result<(), Fault> {
    if tx.exists::<AccessKeys>(&id.to_owned())? {
        tx.put::<KeyUses>(&id.to_owned(), row)?;
    }
    Ok(())
}

/// Nor has a user or role that is gone.
fn put(
    tx: &mut Tx,
    (account, id): &Principal,
    (service, operation): Operation,
    row: &Use,
) -> Result<(), Fault> {
    let is_root = *id == account.to_string();
    let is_there = if is_root { tx.exists::<Accounts>(account)? } else { tx.exists::<Entities>(id)? };
    if !is_there {
        return Ok(());
    }
    tx.put::<OperationUses>(&(*account, id.clone(), format!("{service}:{operation}")), row)?;
    let key = (*account, id.clone(), service.to_owned());
    if tx.get::<ServiceUses>(&key)?.is_none_or(|known| known.time <= row.time) {
        tx.put::<ServiceUses>(&key, row)?;
    }
    Ok(())
}

/// Deletes what is written down of a user or role that ends.
///
/// # Errors
/// When the transaction can't be written.
pub fn forget_principal(tx: &mut Tx, account: AccountId, id: &str) -> Result<(), Fault> {
    tx.delete_prefix::<ServiceUses>(&(account, id.to_owned()))?;
    Ok(tx.delete_prefix::<OperationUses>(&(account, id.to_owned()))?)
}
