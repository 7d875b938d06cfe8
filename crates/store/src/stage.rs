//! What every engine's commit does before it writes: check the preconditions, work out the rows.

use std::collections::BTreeMap;

use crate::{CommitError, Digest, Key, Op, Pre, Range, Rev, StoreError, Txn, record};

/// The newest state, as the committer sees it.
pub(crate) trait Newest {
    fn rev(&self, key: &[u8]) -> Result<Option<Rev>, StoreError>;

    fn value(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Shows keys and revisions in order until `see` answers false.
    fn scan(&self, range: &Range, see: &mut dyn FnMut(&[u8], Rev) -> bool) -> Result<(), StoreError>;
}

/// Why a transaction is not applied.
#[derive(Debug)]
pub(crate) enum Stop {
    /// For its own sake; it left no trace.
    Refused(CommitError),
    /// The engine failed under it.
    Failed(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Stop {
        Stop::Failed(error)
    }
}

impl From<CommitError> for Stop {
    fn from(error: CommitError) -> Stop {
        Stop::Refused(error)
    }
}

impl From<Stop> for CommitError {
    fn from(stop: Stop) -> CommitError {
        match stop {
            Stop::Refused(error) => error,
            Stop::Failed(error) => error.into(),
        }
    }
}

/// What becomes of each key: its new value, or `None` if it is deleted.
pub(crate) type Staged = BTreeMap<Key, Option<Vec<u8>>>;

/// The effects of `txn` on the newest state, which is not changed yet.
pub(crate) fn stage(txn: &Txn, newest: &impl Newest) -> Result<Staged, Stop> {
    for pre in &txn.pre {
        if !holds(pre, newest)? {
            return Err(CommitError::Conflict(Box::new(pre.clone())).into());
        }
    }
    let mut staged = Staged::new();
    for op in &txn.ops {
        match op {
            Op::Put(key, value) => {
                staged.insert(key.clone(), Some(value.clone()));
            }
            Op::Del(key) => {
                staged.insert(key.clone(), None);
            }
            Op::DelRange(range, most) => clear(range, *most, newest, &mut staged)?,
            Op::Add(key, by) => add(key, *by, newest, &mut staged)?,
        }
    }
    Ok(staged)
}

fn holds(pre: &Pre, newest: &impl Newest) -> Result<bool, StoreError> {
    Ok(match pre {
        Pre::Absent(key) => newest.rev(key)?.is_none(),
        Pre::Exists(key) => newest.rev(key)?.is_some(),
        Pre::RevIs(key, rev) => newest.rev(key)? == Some(*rev),
        Pre::RangeEmpty(range) => {
            let mut empty = true;
            newest.scan(range, &mut |_, _| {
                empty = false;
                false
            })?;
            empty
        }
        Pre::RangeIs(range, expected) => {
            let mut digest = Digest::default();
            newest.scan(range, &mut |key, rev| {
                digest.push(key, rev);
                true
            })?;
            digest == *expected
        }
        Pre::AtMost(key, most) => newest.value(key)?.map_or(Ok(0), |bytes| record::number(&bytes))? <= *most,
    })
}

fn clear(range: &Range, most: u32, newest: &impl Newest, staged: &mut Staged) -> Result<(), Stop> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let mut keys = Vec::new();
    newest.scan(range, &mut |key, _| {
        keys.push(key.to_vec());
        keys.len() <= most
    })?;
    if keys.len() > most {
        return Err(CommitError::TooLarge { what: "range to delete" }.into());
    }
    staged.iter_mut().filter(|(key, _)| range.contains(key)).for_each(|(_, value)| *value = None);
    staged.extend(keys.into_iter().map(|key| (key, None)));
    Ok(())
}

fn add(key: &Key, by: i64, newest: &impl Newest, staged: &mut Staged) -> Result<(), Stop> {
    let stored = match staged.get(key) {
        Some(own) => own.clone(),
        None => newest.value(key)?,
    };
    // A row that is no counter is that transaction's mistake, not the engine's failure.
    let number = stored.map_or(Ok(0), |bytes| record::number(&bytes)).map_err(CommitError::from)?;
    let sum = number.checked_add(by).ok_or(CommitError::TooLarge { what: "sum of a counter" })?;
    staged.insert(key.clone(), Some(sum.to_be_bytes().to_vec()));
    Ok(())
}
