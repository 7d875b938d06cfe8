//! The one thread that writes: it takes what has queued up, checks and applies each transaction, and makes them
//! durable with one sync.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::{Connection, OptionalExtension, params};
use tokio::sync::{mpsc, oneshot, watch};

use crate::sqlite::Options;
use crate::sqlite::changelog;
use crate::sqlite::connection::{self, failed};
use crate::sqlite::files::Directory;
use crate::sqlite::pool::{Pool, blob, rev};
use crate::sqlite::row;
use crate::stage::{Newest, Staged, Stop, stage};
use crate::{CommitError, Committed, LOG_KEPT, Range, Rev, Shard, StoreError, Txn};

/// The most transactions of one sync.
const BATCH: usize = 512;
/// From this many times the size for checkpoints on, readers are waited for, so that the log can start anew.
const WAIT_FOR_READERS: u64 = 8;
/// Idempotency keys live for as many commits.
const IDEM_KEPT: Rev = 100_000;

/// What the committer is asked.
pub(super) enum Job {
    Commit(Txn, oneshot::Sender<Result<Committed, CommitError>>),
    Reset(oneshot::Sender<Result<(), StoreError>>),
}

pub(super) struct Committer {
    connection: Connection,
    /// Held for as long as anything is written.
    _directory: Directory,
    pool: Arc<Pool>,
    revisions: Arc<Vec<AtomicU64>>,
    wake: watch::Sender<Rev>,
    head: Rev,
    shards: Vec<Rev>,
    checkpoint: u64,
    /// The frames in the log at which to try the next checkpoint.
    checkpoint_at: u64,
}

impl Committer {
    pub(super) fn new(
        connection: Connection,
        directory: Directory,
        pool: Arc<Pool>,
        revisions: Arc<Vec<AtomicU64>>,
        wake: watch::Sender<Rev>,
        options: &Options,
    ) -> Result<Committer, StoreError> {
        let head = connection::revision(&connection)?;
        let shards = revisions.iter().map(|revision| revision.load(Ordering::SeqCst)).collect();
        let checkpoint = (options.checkpoint_bytes / connection::PAGE).max(1);
        Ok(Committer {
            connection,
            _directory: directory,
            pool,
            revisions,
            wake,
            head,
            shards,
            checkpoint,
            checkpoint_at: checkpoint,
        })
    }

    /// Works until all senders are gone.
    pub(super) fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut batch = Vec::with_capacity(BATCH);
        while jobs.blocking_recv_many(&mut batch, BATCH) > 0 {
            let mut commits = Vec::with_capacity(batch.len());
            for job in batch.drain(..) {
                match job {
                    Job::Commit(txn, answer) => commits.push((txn, answer)),
                    Job::Reset(answer) => {
                        self.commit(std::mem::take(&mut commits));
                        // Nobody waits any more: fine, it is done anyway.
                        let _ = answer.send(self.reset());
                    }
                }
            }
            self.commit(commits);
            self.checkpoint();
        }
        if let Err(error) = self.connection.close() {
            log::warn!("closing the store: {}", error.1);
        }
    }

    fn commit(&mut self, batch: Vec<(Txn, oneshot::Sender<Result<Committed, CommitError>>)>) {
        if batch.is_empty() {
            return;
        }
        let (txns, senders): (Vec<Txn>, Vec<_>) = batch.into_iter().unzip();
        let (head, shards) = (self.head, self.shards.clone());
        let answers = match self.apply_all(&txns) {
            Ok(answers) => {
                self.publish();
                answers
            }
            Err(error) => {
                (self.head, self.shards) = (head, shards);
                vec![Err(error); txns.len()]
            }
        };
        for (sender, answer) in senders.into_iter().zip(answers) {
            // A caller that has gone away learns the outcome by reading.
            let _: Result<(), _> = sender.send(answer);
        }
    }

    /// Applies a batch in one SQLite transaction: each transaction's own answer, or one failure for all.
    fn apply_all(&mut self, txns: &[Txn]) -> Result<Vec<Result<Committed, CommitError>>, CommitError> {
        self.pool.check()?;
        self.sql("BEGIN IMMEDIATE").map_err(|error| self.failure(error))?;
        let mut answers = Vec::with_capacity(txns.len());
        for txn in txns {
            match self.apply(txn) {
                Ok(committed) => answers.push(Ok(committed)),
                Err(Stop::Refused(error)) => answers.push(Err(error)),
                Err(Stop::Failed(error)) => return Err(self.undo(error)),
            }
        }
        self.finish().map_err(|error| self.undo(error))?;
        match self.connection.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([])) {
            Ok(_) => Ok(answers),
            Err(error) => Err(self.uncommitted(error)),
        }
    }

    fn apply(&mut self, txn: &Txn) -> Result<Committed, Stop> {
        if let Some(first) = self.first_answer(txn)? {
            return Ok(first);
        }
        let staged = stage(txn, &self.connection_view())?;
        self.head += 1;
        self.write(staged, self.head)?;
        let mut touched = txn.shards.clone();
        touched.sort_unstable();
        touched.dedup();
        let mut shards = Vec::with_capacity(touched.len());
        for shard in touched {
            shards.push((shard, self.log(shard, txn)?));
        }
        let committed = Committed { rev: self.head, shards };
        self.remember(txn, &committed)?;
        Ok(committed)
    }

    fn write(&self, staged: Staged, rev: Rev) -> Result<(), StoreError> {
        for (key, value) in staged {
            match value {
                Some(value) => self.execute(
                    "INSERT INTO kv VALUES (?1, ?2, ?3)
                     ON CONFLICT (k) DO UPDATE SET v = excluded.v, rev = excluded.rev",
                    params![key, row::seal(&key, value, rev), rev.cast_signed()],
                )?,
                None => self.execute("DELETE FROM kv WHERE k = ?1", params![key])?,
            }
        }
        Ok(())
    }

    /// Bumps a shard's revision and writes its log row.
    fn log(&mut self, shard: Shard, txn: &Txn) -> Result<Rev, StoreError> {
        let Some(revision) = self.shards.get_mut(usize::from(shard.0)) else {
            return Err(StoreError::corrupt("a shard that does not exist"));
        };
        *revision += 1;
        let revision = *revision;
        let (id, signed) = (shard.0, revision.cast_signed());
        self.execute("INSERT OR REPLACE INTO shard VALUES (?1, ?2)", params![id, signed])?;
        let touched = changelog::write(&txn.ops);
        self.execute(
            "INSERT INTO log VALUES (?1, ?2, ?3, ?4)",
            params![id, signed, self.head.cast_signed(), touched],
        )?;
        if revision.is_multiple_of(LOG_KEPT / 4) {
            let before = revision.saturating_sub(LOG_KEPT).cast_signed();
            self.execute("DELETE FROM log WHERE shard = ?1 AND rev <= ?2", params![id, before])?;
        }
        Ok(revision)
    }

    fn first_answer(&self, txn: &Txn) -> Result<Option<Committed>, StoreError> {
        let Some(idem) = txn.idem else { return Ok(None) };
        let answer: Option<Vec<u8>> = self
            .connection
            .prepare_cached("SELECT answer FROM idem WHERE id = ?1")
            .and_then(|mut select| select.query_row([&idem[..]], |row| row.get(0)).optional())
            .map_err(failed)?;
        let read =
            |bytes: Vec<u8>| rmp_serde::from_slice(&bytes).map_err(|_| StoreError::corrupt("an answer kept"));
        answer.map(read).transpose()
    }

    fn remember(&self, txn: &Txn, committed: &Committed) -> Result<(), StoreError> {
        let Some(idem) = txn.idem else { return Ok(()) };
        let answer = rmp_serde::to_vec(committed).map_err(|error| StoreError::corrupt(error.to_string()))?;
        let rev = committed.rev.cast_signed();
        self.execute("INSERT INTO idem VALUES (?1, ?2, ?3)", params![&idem[..], rev, answer])?;
        if committed.rev.is_multiple_of(64) {
            let before = committed.rev.saturating_sub(IDEM_KEPT).cast_signed();
            self.execute("DELETE FROM idem WHERE rev <= ?1", params![before])?;
        }
        Ok(())
    }

    fn finish(&self) -> Result<(), StoreError> {
        self.execute("UPDATE meta SET rev = ?1 WHERE id = 0", params![self.head.cast_signed()])
    }

    /// Makes a durable batch known. Snapshots first: who sees a new revision must not be given an old snapshot.
    fn publish(&self) {
        self.pool.advance(self.head);
        for (revision, newest) in self.revisions.iter().zip(&self.shards) {
            revision.store(*newest, Ordering::SeqCst);
        }
        self.wake.send_replace(self.head);
    }

    fn reset(&mut self) -> Result<(), StoreError> {
        self.pool.check()?;
        let (head, shards) = (self.head, self.shards.clone());
        self.head += 1;
        self.shards.iter_mut().for_each(|revision| *revision += 1);
        let outcome = self.empty();
        if let Err(error) = outcome {
            (self.head, self.shards) = (head, shards);
            let error = self.undo(error);
            return Err(StoreError::unavailable(format!("reset: {error}")));
        }
        self.publish();
        Ok(())
    }

    fn empty(&self) -> Result<(), StoreError> {
        self.sql("BEGIN IMMEDIATE").map_err(failed)?;
        for table in ["DELETE FROM kv", "DELETE FROM log", "DELETE FROM idem"] {
            self.execute(table, params![])?;
        }
        for (shard, revision) in Shard::all().zip(&self.shards) {
            self.execute(
                "INSERT OR REPLACE INTO shard VALUES (?1, ?2)",
                params![shard.0, revision.cast_signed()],
            )?;
        }
        self.finish()?;
        self.sql("COMMIT").map_err(failed)
    }

    /// Moves the log into the database once it is large. It happens after the answers, between batches.
    fn checkpoint(&mut self) {
        let outcome = self.checkpoint_if_due();
        if let Err(error) = outcome {
            self.pool.fail(&format!("checkpoint: {error}"));
        }
    }

    fn checkpoint_if_due(&mut self) -> Result<(), StoreError> {
        let (frames, _) = self.log_frames("NOOP")?;
        if frames < self.checkpoint_at {
            return Ok(());
        }
        let wait = frames >= self.checkpoint * WAIT_FOR_READERS;
        let mode = if wait { "RESTART" } else { "PASSIVE" };
        let (frames, moved) = self.pool.drained(|| self.log_frames(mode))?;
        // If readers are in the way, again when the log has grown some more.
        self.checkpoint_at = if frames == moved { self.checkpoint } else { frames + self.checkpoint / 4 };
        Ok(())
    }

    /// Checkpoints, and answers how many frames the log has and how many of them are in the database.
    fn log_frames(&self, mode: &str) -> Result<(u64, u64), StoreError> {
        let count =
            |row: &rusqlite::Row<'_>, column| row.get(column).map(|n: i64| u64::try_from(n).unwrap_or(0));
        self.connection
            .prepare_cached(&format!("PRAGMA wal_checkpoint({mode})"))
            .and_then(|mut pragma| pragma.query_row([], |row| Ok((count(row, 1)?, count(row, 2)?))))
            .map_err(failed)
    }

    /// Rolls back what cannot go on; answers what all of the batch get.
    fn undo(&self, error: StoreError) -> CommitError {
        if !self.connection.is_autocommit()
            && let Err(error) = self.sql("ROLLBACK")
        {
            self.pool.fail(&format!("rolling back: {error}"));
        }
        if let StoreError::Corrupt { what } = &error {
            self.pool.fail(what);
        }
        error.into()
    }

    /// What all of a batch get whose COMMIT failed. After a full disk nothing was applied: the last page, which
    /// would make it so, was not written. After a failed write or sync nobody knows, and SQLite must not go on.
    fn uncommitted(&self, error: rusqlite::Error) -> CommitError {
        let error = failed(error);
        let answer = match &error {
            StoreError::Corrupt { what } => Some(CommitError::Unknown { what: what.clone() }),
            _ => None,
        };
        let undone = self.undo(error);
        answer.unwrap_or(undone)
    }

    fn failure(&self, error: rusqlite::Error) -> CommitError {
        self.undo(failed(error))
    }

    fn sql(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute([]).map(|_| ())
    }

    fn execute(&self, sql: &str, params: impl rusqlite::Params) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut sql| sql.execute(params))
            .map(|_| ())
            .map_err(failed)
    }

    fn connection_view(&self) -> View<'_> {
        View(&self.connection)
    }
}

/// The state inside the open transaction.
struct View<'a>(&'a Connection);

impl Newest for View<'_> {
    fn rev(&self, key: &[u8]) -> Result<Option<Rev>, StoreError> {
        self.0
            .prepare_cached("SELECT rev FROM kv WHERE k = ?1")
            .and_then(|mut select| select.query_row([key], |row| rev(row, 0)).optional())
            .map_err(failed)
    }

    fn value(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let mut select = self.0.prepare_cached("SELECT v, rev FROM kv WHERE k = ?1").map_err(failed)?;
        let stored = select.query_row([key], |row| Ok((row.get::<_, Vec<u8>>(0)?, rev(row, 1)?)));
        let stored = stored.optional().map_err(failed)?;
        stored.map(|(stored, rev)| row::open(key, &stored, rev).map(<[u8]>::to_vec)).transpose()
    }

    fn scan(&self, range: &Range, see: &mut dyn FnMut(&[u8], Rev) -> bool) -> Result<(), StoreError> {
        let mut work = || {
            let mut select =
                self.0.prepare_cached("SELECT k, rev FROM kv WHERE k >= ?1 AND k < ?2 ORDER BY k")?;
            let mut rows = select.query([&range.start, &range.end])?;
            while let Some(row) = rows.next()? {
                if !see(blob(row, 0)?, rev(row, 1)?) {
                    break;
                }
            }
            Ok(())
        };
        work().map_err(failed)
    }
}
