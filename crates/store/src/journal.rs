//! What a transaction has read and written so far.

use std::collections::{BTreeMap, btree_map};

use crate::{Digest, Key, MAX_CLEARED, Op, Pre, Range, Rev, Shard, Txn};

/// Reads as preconditions-to-be, and writes by key.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    keys: BTreeMap<Key, Option<Rev>>,
    ranges: Vec<(Range, Digest)>,
    required: Vec<Pre>,
    writes: BTreeMap<Key, Write>,
    cleared: Vec<Range>,
    shards: Vec<Shard>,
    idem: Option<[u8; 16]>,
}

/// What becomes of a key.
#[derive(Clone, Debug)]
pub(crate) enum Write {
    Put(Vec<u8>),
    Del,
    Add(i64),
}

impl Journal {
    pub(crate) fn saw_key(&mut self, key: &[u8], rev: Option<Rev>) {
        if !self.keys.contains_key(key) {
            self.keys.insert(key.to_vec(), rev);
        }
    }

    pub(crate) fn saw_range(&mut self, range: Range, digest: Digest) {
        if !self.ranges.iter().any(|(known, _)| *known == range) {
            self.ranges.push((range, digest));
        }
    }

    pub(crate) fn require(&mut self, pre: Pre) {
        self.required.push(pre);
    }

    pub(crate) fn touch(&mut self, shard: Shard) {
        if !self.shards.contains(&shard) {
            self.shards.push(shard);
        }
    }

    pub(crate) fn set_idem(&mut self, idem: [u8; 16]) {
        self.idem = Some(idem);
    }

    pub(crate) fn put(&mut self, key: Key, bytes: Vec<u8>) {
        self.writes.insert(key, Write::Put(bytes));
    }

    pub(crate) fn delete(&mut self, key: Key) {
        self.writes.insert(key, Write::Del);
    }

    pub(crate) fn clear(&mut self, range: Range) {
        self.writes.retain(|key, _| !range.contains(key));
        self.cleared.push(range);
    }

    /// Adds to a counter; `None` if the sum leaves the range of an `i64`.
    pub(crate) fn add(&mut self, key: Key, by: i64) -> Option<()> {
        let sum = self.added(&key).unwrap_or(0).checked_add(by)?;
        self.writes.insert(key, Write::Add(sum));
        Some(())
    }

    /// What this transaction adds to a counter.
    pub(crate) fn added(&self, key: &[u8]) -> Option<i64> {
        match self.writes.get(key) {
            Some(Write::Add(by)) => Some(*by),
            _ => None,
        }
    }

    /// A key that this transaction wrote: its bytes, or `None` inside if it deleted it.
    pub(crate) fn own(&self, key: &[u8]) -> Option<Option<&[u8]>> {
        match self.writes.get(key) {
            Some(Write::Put(bytes)) => Some(Some(bytes)),
            Some(Write::Del) => Some(None),
            Some(Write::Add(_)) => None,
            None => self.cleared(key).then_some(None),
        }
    }

    /// Whether a deleted range has the key.
    pub(crate) fn cleared(&self, key: &[u8]) -> bool {
        self.cleared.iter().any(|range| range.contains(key))
    }

    /// The writes in a range, which is not empty.
    pub(crate) fn writes(&self, range: &Range) -> btree_map::Range<'_, Key, Write> {
        self.writes.range::<Key, _>(&range.start..&range.end)
    }

    /// The reads, as preconditions.
    pub(crate) fn premises(&self) -> Vec<Pre> {
        let keys = self.keys.iter().map(|(key, rev)| match rev {
            Some(rev) => Pre::RevIs(key.clone(), *rev),
            None => Pre::Absent(key.clone()),
        });
        let ranges = self.ranges.iter().map(|(range, digest)| Pre::RangeIs(range.clone(), *digest));
        keys.chain(ranges).collect()
    }

    /// Whether a commit has nothing to do: what was read was true of one moment anyway.
    pub(crate) fn is_idle(&self) -> bool {
        self.writes.is_empty()
            && self.cleared.is_empty()
            && self.required.is_empty()
            && self.shards.is_empty()
    }

    /// As a commit. Ranges are deleted first: a key written later in one is still among the writes.
    pub(crate) fn into_txn(self) -> Txn {
        let keys = self.keys.into_iter().map(|(key, rev)| match rev {
            Some(rev) => Pre::RevIs(key, rev),
            None => Pre::Absent(key),
        });
        let ranges = self.ranges.into_iter().map(|(range, digest)| Pre::RangeIs(range, digest));
        let cleared = self.cleared.into_iter().map(|range| Op::DelRange(range, MAX_CLEARED));
        let writes = self.writes.into_iter().map(|(key, write)| match write {
            Write::Put(bytes) => Op::Put(key, bytes),
            Write::Del => Op::Del(key),
            Write::Add(by) => Op::Add(key, by),
        });
        Txn {
            shards: self.shards,
            pre: self.required.into_iter().chain(keys).chain(ranges).collect(),
            ops: cleared.chain(writes).collect(),
            idem: self.idem,
        }
    }
}
