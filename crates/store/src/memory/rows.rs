//! Rows with the versions that live snapshots need.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use crate::stage::{Newest, Staged};
use crate::{Key, Order, Range, Rev, See, StoreError};

/// All versions of all rows. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Rows(Arc<RwLock<Map>>);

pub(super) type Map = BTreeMap<Key, Versions>;

/// The versions of one key, the newest apart since it is mostly alone.
pub(super) struct Versions {
    newest: Version,
    /// Oldest first.
    older: Vec<Version>,
}

struct Version {
    rev: Rev,
    /// `None`: deleted.
    value: Option<Box<[u8]>>,
}

impl Versions {
    fn at(&self, rev: Rev) -> Option<(&[u8], Rev)> {
        let version = if self.newest.rev <= rev {
            &self.newest
        } else {
            self.older.iter().rev().find(|version| version.rev <= rev)?
        };
        version.value.as_deref().map(|value| (value, version.rev))
    }

    fn newest(&self) -> Option<(&[u8], Rev)> {
        self.newest.value.as_deref().map(|value| (value, self.newest.rev))
    }
}

/// The snapshots that are alive, and the versions that wait for them to end.
#[derive(Default)]
pub(super) struct Live {
    /// Revision → how many snapshots.
    snapshots: BTreeMap<Rev, usize>,
    /// Keys of versions that were superseded at a revision, in its order.
    waiting: VecDeque<(Rev, Key)>,
}

impl Live {
    pub(super) fn begin(&mut self, rev: Rev) {
        *self.snapshots.entry(rev).or_default() += 1;
    }

    pub(super) fn end(&mut self, rev: Rev) {
        if let Some(count) = self.snapshots.get_mut(&rev) {
            *count -= 1;
            if *count == 0 {
                self.snapshots.remove(&rev);
            }
        }
    }

    /// The oldest revision that anyone reads.
    fn oldest(&self) -> Rev {
        self.snapshots.first_key_value().map_or(Rev::MAX, |(rev, _)| *rev)
    }
}

impl Rows {
    pub(super) fn read(&self) -> RwLockReadGuard<'_, Map> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self, key: &[u8], at: Rev, see: &mut dyn FnMut(&[u8], Rev)) -> bool {
        let map = self.read();
        let found = map.get(key).and_then(|versions| versions.at(at));
        found.inspect(|(value, rev)| see(value, *rev)).is_some()
    }

    pub(super) fn scan(&self, range: &Range, order: Order, at: Rev, see: &mut See<'_>) {
        if range.is_empty() {
            return;
        }
        let map = self.read();
        let mut rows = map.range::<Key, _>(&range.start..&range.end);
        while let Some((key, versions)) = match order {
            Order::Ascending => rows.next(),
            Order::Descending => rows.next_back(),
        } {
            if let Some((value, rev)) = versions.at(at)
                && !see(key, value, rev)
            {
                return;
            }
        }
    }

    /// Writes new versions and drops those that nobody reads any more.
    pub(super) fn write(&self, staged: Staged, rev: Rev, live: &mut Live) {
        let oldest = live.oldest();
        let mut map = self.0.write().unwrap_or_else(PoisonError::into_inner);
        while live.waiting.front().is_some_and(|(superseded, _)| *superseded <= oldest) {
            if let Some((_, key)) = live.waiting.pop_front() {
                prune(&mut map, &key, oldest);
            }
        }
        for (key, value) in staged {
            let version = Version { rev, value: value.map(Vec::into_boxed_slice) };
            if oldest >= rev {
                replace(&mut map, key, version);
            } else if supersede(&mut map, &key, version) {
                live.waiting.push_back((rev, key));
            }
        }
    }
}

/// Writes a version when no snapshot is alive.
fn replace(map: &mut Map, key: Key, version: Version) {
    if version.value.is_some() {
        map.insert(key, Versions { newest: version, older: Vec::new() });
    } else {
        map.remove(&key);
    }
}

/// Writes a version and keeps the one before; answers whether there was one.
fn supersede(map: &mut Map, key: &Key, version: Version) -> bool {
    if let Some(versions) = map.get_mut(key) {
        let before = std::mem::replace(&mut versions.newest, version);
        versions.older.push(before);
        return true;
    }
    if version.value.is_some() {
        map.insert(key.clone(), Versions { newest: version, older: Vec::new() });
    }
    false
}

/// Drops the versions of a key that were superseded at `oldest` or before.
fn prune(map: &mut Map, key: &Key, oldest: Rev) {
    let Some(versions) = map.get_mut(key) else { return };
    let newest = versions.newest.rev;
    let next: Vec<Rev> = versions.older.iter().skip(1).map(|version| version.rev).chain([newest]).collect();
    let mut next = next.into_iter();
    versions.older.retain(|_| next.next().is_some_and(|superseded| superseded > oldest));
    if versions.older.is_empty() && versions.newest.value.is_none() {
        map.remove(key);
    }
}

/// The newest versions, for the committer.
pub(super) struct View<'a>(pub(super) &'a Map);

impl Newest for View<'_> {
    fn rev(&self, key: &[u8]) -> Result<Option<Rev>, StoreError> {
        Ok(self.0.get(key).and_then(Versions::newest).map(|(_, rev)| rev))
    }

    fn value(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.get(key).and_then(Versions::newest).map(|(value, _)| value.to_vec()))
    }

    fn scan(&self, range: &Range, see: &mut dyn FnMut(&[u8], Rev) -> bool) -> Result<(), StoreError> {
        if range.is_empty() {
            return Ok(());
        }
        for (key, versions) in self.0.range::<Key, _>(&range.start..&range.end) {
            if let Some((_, rev)) = versions.newest()
                && !see(key, rev)
            {
                break;
            }
        }
        Ok(())
    }
}
