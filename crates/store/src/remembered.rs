//! Rows that many calls look at, decoded, as of the revision of the snapshot that they were read from.
//!
//! A snapshot takes a row from here only if it has that very revision, so what it sees is what it would have read. Any
//! commit makes all of it old; the next reader of each row reads it anew.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::{Key, Rev, StoreError};

/// Rows that are kept; past it all are forgotten, which costs one read each.
const LIMIT: usize = 1024;

type Row = Arc<dyn Any + Send + Sync>;

#[derive(Debug, Default)]
pub(crate) struct Remembered(RwLock<HashMap<Key, (Rev, Row)>>);

impl Remembered {
    /// The row of a key as a snapshot of that revision sees it, which is also what `read` reads.
    pub fn row<R: Send + Sync + 'static>(
        &self,
        key: Key,
        at: Rev,
        read: impl FnOnce() -> Result<Option<R>, StoreError>,
    ) -> Result<Option<Arc<R>>, StoreError> {
        if let Some(row) = self.find(&key, at) {
            return Ok(Some(row));
        }
        let Some(row) = read()?.map(Arc::new) else { return Ok(None) };
        let mut rows = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if rows.len() >= LIMIT {
            rows.clear();
        }
        rows.insert(key, (at, row.clone()));
        Ok(Some(row))
    }

    fn find<R: Send + Sync + 'static>(&self, key: &[u8], at: Rev) -> Option<Arc<R>> {
        let rows = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (_, row) = rows.get(key).filter(|(read_at, _)| *read_at == at)?;
        row.clone().downcast().ok()
    }
}
