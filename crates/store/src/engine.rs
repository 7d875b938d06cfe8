//! The contract between typed tables and the engines that keep them: ordered bytes, snapshots to read,
//! conditional commits to write, and a change log per shard.
//!
//! It is as narrow as the narrowest engine it should fit: PostgreSQL rows, FoundationDB transactions.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use rolecall_base::AccountId;

use crate::{ChangesError, CommitError, Digest, StoreError};

/// The longest key, bytes.
pub const MAX_KEY: usize = 2_000;
/// The largest value, bytes.
pub const MAX_VALUE: usize = 64 * 1024;
/// The most operations of one transaction: EC2 launches 500 instances in one call, S3 deletes 1,000 objects.
pub const MAX_OPS: usize = 6_000;
/// The most preconditions of one transaction.
pub const MAX_PRES: usize = 6_000;
/// The largest transaction, bytes of keys and values together.
pub const MAX_TXN: usize = 4 * 1024 * 1024;
/// The most rows that one [`Op::DelRange`] may delete.
pub const MAX_CLEARED: u32 = 10_000;
/// How many changes of a shard the log keeps at least before [`ChangesError::Compacted`].
pub const LOG_KEPT: u64 = 1_024;

/// A key: bytes, ordered as bytes.
pub type Key = Vec<u8>;

/// A revision. A row's revision is that of the commit that wrote it, and never comes back for that key;
/// a shard's revision counts its commits without gaps.
pub type Rev = u64;

/// What an engine answers later. It needs no particular runtime.
pub type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What [`Engine::commit`] answers.
pub type Commit = Pending<Result<Committed, CommitError>>;

/// An ordered key-value store with snapshots and conditional, durable, atomic commits.
///
/// Commits are strictly serializable: a snapshot taken after a commit was acknowledged sees it.
pub trait Engine: fmt::Debug + Send + Sync + 'static {
    /// All rows as of one moment, the newest.
    fn snapshot(&self) -> Result<Box<dyn Snapshot>, StoreError>;

    /// Applies `txn` if all of its preconditions hold; durable when it answers `Ok`.
    /// A future dropped after its first poll may or may not have been applied.
    fn commit(&self, txn: Txn) -> Commit;

    /// The newest revision of every shard.
    fn heads(&self) -> Result<Vec<(Shard, Rev)>, StoreError>;

    /// The newest revision of one shard, from this process's memory: an atomic read. It moves after the commit
    /// is durable and visible to new snapshots, and before the commit is acknowledged.
    fn revision(&self, shard: Shard) -> Rev;

    /// The changes of a shard after a revision, in commit order, without gaps, at most `limit`.
    fn changes(&self, shard: Shard, after: Rev, limit: usize) -> Result<Vec<Change>, ChangesError>;

    /// Wakes up on commits; it may miss some.
    fn hint(&self) -> Hint;

    /// Removes every row. Revisions go on and every shard's is bumped, so that what was cached is stale.
    fn reset(&self) -> Pending<Result<(), StoreError>>;
}

/// Rows as of one moment. Hold it for one request, not longer: it keeps old versions alive.
pub trait Snapshot: fmt::Debug + Send + Sync {
    /// The newest revision that it has: two snapshots of an engine with the same one are the same.
    fn revision(&self) -> Rev;

    /// Shows the value and revision of `key` to `see`, if it exists; answers whether it does.
    fn get(&self, key: &[u8], see: &mut dyn FnMut(&[u8], Rev)) -> Result<bool, StoreError>;

    /// Shows the rows of `range` in order until `see` answers false. `see` must not use this engine.
    fn scan(&self, range: &Range, order: Order, see: &mut See<'_>) -> Result<(), StoreError>;
}

/// Takes key, value and revision of a row; answers whether to go on.
pub type See<'a> = dyn FnMut(&[u8], &[u8], Rev) -> bool + 'a;

/// Which way a scan goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    #[default]
    Ascending,
    Descending,
}

/// Keys from `start` up to and without `end`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Range {
    pub start: Key,
    pub end: Key,
}

impl Range {
    /// Every key.
    pub fn all() -> Range {
        Range { start: Vec::new(), end: Range::unbounded() }
    }

    /// Every key that begins with `prefix`.
    pub fn prefix(prefix: &[u8]) -> Range {
        let mut end = prefix.to_vec();
        while let Some(last) = end.pop() {
            if last < 0xff {
                end.push(last + 1);
                return Range { start: prefix.to_vec(), end };
            }
        }
        Range { start: prefix.to_vec(), end: Range::unbounded() }
    }

    pub fn contains(&self, key: &[u8]) -> bool {
        self.start.as_slice() <= key && key < self.end.as_slice()
    }

    pub fn is_empty(&self) -> bool {
        self.start >= self.end
    }

    /// Longer than any key, and so after all of them.
    fn unbounded() -> Key {
        vec![0xff; MAX_KEY + 1]
    }
}

/// What a transaction takes for granted, checked against the newest state when it is committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pre {
    Absent(Key),
    RevIs(Key, Rev),
    Exists(Key),
    RangeEmpty(Range),
    /// The rows of the range, by key and revision, are those of the digest.
    RangeIs(Range, Digest),
    /// The counter, an absent one being 0, has this value or less.
    AtMost(Key, i64),
}

/// What a transaction does, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    Put(Key, Vec<u8>),
    Del(Key),
    /// Deletes the rows of a range; [`CommitError::TooLarge`] if they are more than the number,
    /// which is at most [`MAX_CLEARED`].
    DelRange(Range, u32),
    /// Adds to a counter, eight bytes in big-endian order; an absent one is 0.
    Add(Key, i64),
}

impl Op {
    /// What the change log keeps of it.
    pub(crate) fn touched(&self) -> Touched {
        match self {
            Op::Put(key, _) | Op::Del(key) | Op::Add(key, _) => Touched::Key(key.clone()),
            Op::DelRange(range, _) => Touched::Range(range.clone()),
        }
    }
}

/// One commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Txn {
    /// Whose revisions the commit bumps and in whose logs it stands; none for rows that nobody caches.
    pub shards: Vec<Shard>,
    pub pre: Vec<Pre>,
    pub ops: Vec<Op>,
    /// A commit with an `idem` seen before is not applied again: it answers as the first did.
    pub idem: Option<[u8; 16]>,
}

impl Txn {
    /// Refuses what is beyond the contract's limits.
    pub(crate) fn check(&self) -> Result<(), CommitError> {
        let too_large = |what| Err(CommitError::TooLarge { what });
        if self.ops.len() > MAX_OPS {
            return too_large("operations of a transaction");
        }
        if self.pre.len() > MAX_PRES {
            return too_large("preconditions of a transaction");
        }
        let mut total = 0;
        for op in &self.ops {
            let (key, value) = match op {
                Op::Put(key, value) => (key.len(), value.len()),
                Op::Del(key) | Op::Add(key, _) => (key.len(), 0),
                Op::DelRange(_, rows) if *rows > MAX_CLEARED => return too_large("range to delete"),
                Op::DelRange(_, _) => (0, 0),
            };
            if key > MAX_KEY {
                return too_large("key");
            }
            if value > MAX_VALUE {
                return too_large("value");
            }
            total += key + value;
        }
        if total > MAX_TXN { too_large("transaction") } else { Ok(()) }
    }
}

/// A commit that was applied.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Committed {
    /// The revision of the rows it wrote.
    pub rev: Rev,
    /// The revisions of its shards after it.
    pub shards: Vec<(Shard, Rev)>,
}

/// One of 256 groups of accounts that share a revision and a change log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Shard(pub u8);

impl Shard {
    pub const COUNT: usize = 256;

    /// The shard of an account. It is part of the disk format: never change it.
    pub fn of(account: AccountId) -> Shard {
        // splitmix64's finalizer: neighboring account ids fall into different shards.
        let mut x = account.number().wrapping_add(0x9e37_79b9_7f4a_7c15);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Shard((x ^ (x >> 31)).to_be_bytes()[7])
    }

    pub fn all() -> impl Iterator<Item = Shard> {
        (0..=u8::MAX).map(Shard)
    }
}

/// One row of a shard's change log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The shard's revision after the commit.
    pub shard_rev: Rev,
    /// The revision of the rows it wrote.
    pub rev: Rev,
    pub touched: Vec<Touched>,
}

/// What a commit wrote or deleted.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Touched {
    Key(Key),
    Range(Range),
}

/// Wakes up on commits, and may miss some.
#[derive(Debug)]
pub struct Hint(pub(crate) tokio::sync::watch::Receiver<Rev>);

impl Hint {
    /// Waits for a commit after the last wake-up; false when the engine is gone.
    pub async fn wait(&mut self) -> bool {
        self.0.changed().await.is_ok()
    }

    /// Whether there was a commit since the last wake-up or the last time that this was asked: an atomic read. Each
    /// commit of this process shows before it is acknowledged, and after snapshots have it.
    pub fn take(&mut self) -> bool {
        let changed = self.0.has_changed().unwrap_or(true);
        if changed {
            self.0.mark_unchanged();
        }
        changed
    }
}
