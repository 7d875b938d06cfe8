//! The store as other crates use it: readers, transactions, commits.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use rolecall_base::AccountId;

use crate::remembered::Remembered;
use crate::{
    Change, ChangesError, CommitError, Committed, Counters, Engine, Hint, Key, KeyParts, MAX_KEY, MAX_VALUE,
    Pre, Prefix, Range, Reader, Rev, Shard, StoreError, Table, Txn, key, record,
};

/// How often a commit of unknown outcome is repeated, when it has an idempotency key.
const REPEATS: usize = 5;

/// Typed tables over one engine. Cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<dyn Engine>, Arc<Remembered>);

impl Store {
    pub fn new(engine: Arc<dyn Engine>) -> Store {
        Store(engine, Arc::default())
    }

    /// A snapshot of the newest state. Take, use and drop it within one request.
    pub fn read(&self) -> Result<Reader, StoreError> {
        Ok(Reader::new(self.0.snapshot()?, self.1.clone()))
    }

    /// A transaction on a snapshot of the newest state.
    pub fn begin(&self) -> Result<Tx, StoreError> {
        Ok(Tx(Reader::recording(self.0.snapshot()?, self.1.clone())))
    }

    /// Commits if all that `tx` read is still so; durable when it answers `Ok`. A transaction that wrote nothing
    /// and requires nothing answers `Ok` without asking the engine, with revision 0.
    pub async fn commit(&self, tx: Tx) -> Result<Committed, CommitError> {
        let journal = tx.0.into_journal();
        if journal.is_idle() {
            return Ok(Committed { rev: 0, shards: Vec::new() });
        }
        self.apply(journal.into_txn()).await
    }

    /// Commits raw operations. Repeats a commit of unknown outcome if it has an `idem`.
    pub async fn apply(&self, txn: Txn) -> Result<Committed, CommitError> {
        if txn.idem.is_none() {
            return self.0.commit(txn).await;
        }
        for _ in 0..REPEATS {
            match self.0.commit(txn.clone()).await {
                Err(CommitError::Unknown { .. }) => {}
                answer => return answer,
            }
        }
        self.0.commit(txn).await
    }

    /// Runs `work` and commits it, again from the start after each conflict, at most 64 times.
    pub async fn update<R, E>(&self, mut work: impl FnMut(&mut Tx) -> Result<R, E>) -> Result<R, E>
    where
        E: From<StoreError> + From<CommitError>,
    {
        let mut tries = 64;
        loop {
            let mut tx = self.begin()?;
            let answer = work(&mut tx)?;
            tries -= 1;
            match self.commit(tx).await {
                Ok(_) => return Ok(answer),
                Err(CommitError::Conflict(_)) if tries > 0 => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The account's epoch: the revision of its shard, an atomic read. What was read from a snapshot taken *after*
    /// asking for it is current for as long as it stays the same.
    pub fn revision_of(&self, account: AccountId) -> Rev {
        self.0.revision(Shard::of(account))
    }

    /// The newest revision of every shard.
    pub fn heads(&self) -> Result<Vec<(Shard, Rev)>, StoreError> {
        self.0.heads()
    }

    /// See [`Engine::changes`].
    pub fn changes(&self, shard: Shard, after: Rev, limit: usize) -> Result<Vec<Change>, ChangesError> {
        self.0.changes(shard, after, limit)
    }

    /// See [`Engine::hint`].
    pub fn hint(&self) -> Hint {
        self.0.hint()
    }

    /// Removes every row. See [`Engine::reset`].
    pub async fn reset(&self) -> Result<(), StoreError> {
        self.0.reset().await
    }

    /// The bytes of a table's key, for [`Pre`]s and for the change feed.
    pub fn key<T: Table>(key: &impl KeyParts<Owned = T::Key>) -> Key {
        key::encode(T::ID, key)
    }

    /// The keys of a table that begin with `prefix`, for [`Pre`]s and for the change feed.
    pub fn range<T: Table>(prefix: &impl Prefix<T::Key>) -> Range {
        key::range(T::ID, prefix)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// A transaction: reads (through [`Reader`]) see its own writes, and what it read must still be so at its commit.
/// Dropping it undoes it.
#[derive(Debug)]
pub struct Tx(Reader);

impl Tx {
    pub fn put<T: Table>(
        &mut self,
        key: &impl KeyParts<Owned = T::Key>,
        row: &T::Row,
    ) -> Result<(), StoreError> {
        let key = checked(key::encode(T::ID, key))?;
        let bytes = record::encode(row)?;
        if bytes.len() > MAX_VALUE {
            return Err(StoreError::TooLarge { what: "value" });
        }
        self.journal(|journal| journal.put(key, bytes));
        Ok(())
    }

    /// Deletes a row, if it exists.
    pub fn delete<T: Table>(&mut self, key: &impl KeyParts<Owned = T::Key>) -> Result<(), StoreError> {
        let key = checked(key::encode(T::ID, key))?;
        self.journal(|journal| journal.delete(key));
        Ok(())
    }

    /// Deletes all rows whose keys begin with `prefix`: at most 10,000, or the commit answers `TooLarge`.
    pub fn delete_prefix<T: Table>(&mut self, prefix: &impl Prefix<T::Key>) -> Result<(), StoreError> {
        self.journal(|journal| journal.clear(key::range(T::ID, prefix)));
        Ok(())
    }

    /// Adds to a counter without reading it: additions never conflict with each other.
    pub fn add<C: Counters>(
        &mut self,
        key: &impl KeyParts<Owned = C::Key>,
        by: i64,
    ) -> Result<(), StoreError> {
        let key = checked(key::encode(C::ID, key))?;
        self.journal(|journal| journal.add(key, by))
            .flatten()
            .ok_or(StoreError::TooLarge { what: "sum of a counter" })
    }

    /// The commit must find the counter at `most` or less, before this transaction's own additions. Others may add to
    /// it meanwhile without a conflict, as long as that holds.
    pub fn bound<C: Counters>(&mut self, key: &impl KeyParts<Owned = C::Key>, most: i64) {
        self.require(Pre::AtMost(key::encode(C::ID, key), most));
    }

    /// A further precondition, whatever was read.
    pub fn require(&mut self, pre: Pre) {
        self.journal(|journal| journal.require(pre));
    }

    /// What this transaction has read so far, as preconditions: true of the store as long as none of it changed.
    /// For what is kept beyond the transaction and must still hold when something is committed on its strength.
    pub fn premises(&self) -> Vec<Pre> {
        self.0.journal().map(|journal| journal.premises()).unwrap_or_default()
    }

    /// Marks the account as changed: the commit bumps its shard's revision and stands in its change log.
    pub fn touch(&mut self, account: AccountId) {
        self.journal(|journal| journal.touch(Shard::of(account)));
    }

    /// Makes the commit safe to repeat: one with the same `idem` is applied once.
    pub fn set_idem(&mut self, idem: [u8; 16]) {
        self.journal(|journal| journal.set_idem(idem));
    }

    fn journal<R>(&mut self, write: impl FnOnce(&mut crate::journal::Journal) -> R) -> Option<R> {
        self.0.journal().map(|mut journal| write(&mut journal))
    }
}

impl Deref for Tx {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.0
    }
}

fn checked(key: Key) -> Result<Key, StoreError> {
    if key.len() > MAX_KEY { Err(StoreError::TooLarge { what: "key" }) } else { Ok(key) }
}
