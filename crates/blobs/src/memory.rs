//! The memory driver: for tests, and for servers that keep nothing.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use rolecall_base::Time;
use rolecall_env::Env;

use crate::read::{BlobStream, clamp};
use crate::{BlobError, BlobId, Swept};

/// Blobs in a map.
#[derive(Clone)]
pub struct Memory {
    env: Env,
    blobs: Arc<Mutex<HashMap<BlobId, (Bytes, Time)>>>,
}

impl Memory {
    pub(crate) fn new(env: Env) -> Memory {
        Memory { env, blobs: Arc::default() }
    }

    pub(crate) fn keep(&self, body: Bytes, checksum: u64) -> BlobId {
        let id = BlobId::new(self.env.random(), checksum);
        self.blobs().insert(id, (body, self.env.now()));
        id
    }

    pub(crate) fn read(&self, id: BlobId, range: Option<Range<u64>>) -> Result<BlobStream, BlobError> {
        let body = self.blobs().get(&id).map(|(body, _)| body.clone()).ok_or(BlobError::NotFound(id))?;
        let length = body.len() as u64;
        let range = clamp(range, length);
        let at = |place: u64| usize::try_from(place).unwrap_or(body.len());
        Ok(BlobStream::memory(body.slice(at(range.start)..at(range.end)), length))
    }

    pub(crate) fn delete(&self, id: BlobId) -> bool {
        self.blobs().remove(&id).is_some()
    }

    pub(crate) fn sweep(&self, live: impl Fn(&BlobId) -> bool, older_than: Duration) -> Swept {
        let before = self.env.now() - older_than;
        let mut swept = Swept::default();
        self.blobs().retain(|id, (body, since)| {
            let keep = *since > before || live(id);
            if keep {
                swept.kept += 1;
            } else {
                swept.removed += 1;
                swept.removed_bytes += body.len() as u64;
            }
            keep
        });
        swept
    }

    fn blobs(&self) -> MutexGuard<'_, HashMap<BlobId, (Bytes, Time)>> {
        self.blobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memory({} blobs)", self.blobs().len())
    }
}
