//! The engine that keeps everything in one SQLite database: write-ahead log, full sync.
//!
//! ```text
//!   commit ─► channel ─► committer thread: check, apply, … ≤ 512 transactions … COMMIT (one sync) ─► answers
//!   snapshot ─► pool of connections, each in a read transaction
//! ```

mod changelog;
mod committer;
mod connection;
mod files;
mod pool;
mod row;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot, watch};

use crate::sqlite::committer::{Committer, Job};
use crate::sqlite::connection::failed;
use crate::sqlite::files::Directory;
use crate::sqlite::pool::{Pool, blob, rev};
use crate::{
    Change, ChangesError, Commit, CommitError, Engine, Hint, Pending, Rev, Shard, Snapshot, StoreError, Txn,
};

/// Commits that may wait for the committer before callers wait to queue.
const QUEUE: usize = 1024;

/// How to open a database.
#[derive(Clone, Debug)]
pub struct Options {
    /// The database's largest size, bytes; beyond it commits answer `Unavailable`, as on a full disk.
    pub max_bytes: Option<u64>,
    /// How much of it is mapped into memory, bytes; 0 is off.
    pub mmap_bytes: u64,
    /// The write-ahead log's size from which on it is moved into the database, bytes. It is also how much has to be
    /// read again after a crash.
    pub checkpoint_bytes: u64,
}

impl Default for Options {
    fn default() -> Options {
        Options { max_bytes: None, mmap_bytes: 0, checkpoint_bytes: 8 << 20 }
    }
}

/// An engine on one directory, which no other process may open meanwhile.
pub struct Sqlite {
    jobs: Option<mpsc::Sender<Job>>,
    committer: Option<JoinHandle<()>>,
    pool: Arc<Pool>,
    revisions: Arc<Vec<AtomicU64>>,
    wake: watch::Receiver<Rev>,
}

impl Sqlite {
    /// Opens the database in `directory`, made if missing. Milliseconds, also after a crash.
    pub fn open(directory: &Path) -> Result<Sqlite, StoreError> {
        Sqlite::open_with(directory, Options::default())
    }

    pub fn open_with(directory: &Path, options: Options) -> Result<Sqlite, StoreError> {
        let directory = Directory::take(directory)?;
        let path = directory.database();
        let connection = connection::writer(&path, &options)?;
        let revisions = Arc::new(shard_revisions(&connection).map_err(failed)?);
        let head = connection::revision(&connection)?;
        let pool = Arc::new(Pool::new(path, options.clone(), head));
        let (wake, woken) = watch::channel(head);
        let committer =
            Committer::new(connection, directory, Arc::clone(&pool), Arc::clone(&revisions), wake, &options)?;
        let (jobs, queue) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("store".into())
            .spawn(move || committer.run(queue))
            .map_err(|error| StoreError::unavailable(format!("starting the committer: {error}")))?;
        Ok(Sqlite { jobs: Some(jobs), committer: Some(thread), pool, revisions, wake: woken })
    }

    /// Asks the committer and waits for its answer; `None` if it is gone.
    fn ask<T: Send + 'static>(
        &self,
        job: impl FnOnce(oneshot::Sender<T>) -> Job + Send + 'static,
    ) -> Pending<Option<T>> {
        // Weak: a future that nobody polls must not keep the committer alive.
        let jobs = self.jobs.as_ref().map(mpsc::Sender::downgrade);
        Box::pin(async move {
            let (answer, answered) = oneshot::channel();
            jobs?.upgrade()?.send(job(answer)).await.ok()?;
            answered.await.ok()
        })
    }
}

impl Engine for Sqlite {
    fn snapshot(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        Ok(Box::new(self.pool.snapshot()?))
    }

    fn commit(&self, txn: Txn) -> Commit {
        if let Err(error) = txn.check() {
            return Box::pin(std::future::ready(Err(error)));
        }
        let answer = self.ask(|answer| Job::Commit(txn, answer));
        Box::pin(async move {
            let gone = || CommitError::Unknown { what: "the committer is gone".into() };
            answer.await.unwrap_or_else(|| Err(gone()))
        })
    }

    fn heads(&self) -> Result<Vec<(Shard, Rev)>, StoreError> {
        self.pool.check()?;
        Ok(Shard::all().map(|shard| (shard, self.revision(shard))).collect())
    }

    fn revision(&self, shard: Shard) -> Rev {
        self.revisions.get(usize::from(shard.0)).map_or(0, |revision| revision.load(Ordering::SeqCst))
    }

    fn changes(&self, shard: Shard, after: Rev, limit: usize) -> Result<Vec<Change>, ChangesError> {
        let snapshot = self.pool.snapshot()?;
        let head = snapshot.query("SELECT rev FROM shard WHERE id = ?1", |select| {
            Ok(select.query([shard.0])?.next()?.map_or(Ok(0), |row| rev(row, 0))?)
        })?;
        let sql = "SELECT rev, written, touched FROM log WHERE shard = ?1 AND rev > ?2 ORDER BY rev LIMIT ?3";
        let limit = limit.min(10_000);
        let rows = snapshot.query(sql, |select| {
            let mut rows = select.query((shard.0, after.cast_signed(), limit.max(1).cast_signed()))?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push((rev(row, 0)?, rev(row, 1)?, blob(row, 2)?.to_vec()));
            }
            Ok(found)
        })?;
        let first = rows.first().map_or(head + 1, |(first, ..)| *first);
        if first > after + 1 {
            return Err(ChangesError::Compacted { oldest: first - 1 });
        }
        let change = |(shard_rev, rev, touched): (Rev, Rev, Vec<u8>)| {
            Ok(Change { shard_rev, rev, touched: changelog::read(&touched)? })
        };
        rows.into_iter().take(limit).map(change).collect()
    }

    fn hint(&self) -> Hint {
        Hint(self.wake.clone())
    }

    fn reset(&self) -> Pending<Result<(), StoreError>> {
        let answer = self.ask(Job::Reset);
        Box::pin(async move {
            answer.await.unwrap_or_else(|| Err(StoreError::unavailable("the committer is gone")))
        })
    }
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sqlite")
    }
}

/// Finishes what is queued and gives the directory back.
impl Drop for Sqlite {
    fn drop(&mut self) {
        drop(self.jobs.take());
        self.pool.release();
        if let Some(thread) = self.committer.take()
            && thread.join().is_err()
        {
            log::error!("the committer has panicked");
        }
    }
}

fn shard_revisions(connection: &rusqlite::Connection) -> rusqlite::Result<Vec<AtomicU64>> {
    let revisions: Vec<AtomicU64> = Shard::all().map(|_| AtomicU64::new(0)).collect();
    let mut select = connection.prepare("SELECT id, rev FROM shard")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        if let Some(revision) = revisions.get(usize::from(row.get::<_, u8>(0)?)) {
            revision.store(rev(row, 1)?, Ordering::SeqCst);
        }
    }
    drop(rows);
    drop(select);
    Ok(revisions)
}
