//! Snapshots: read transactions on pooled connections.
//!
//! A connection that comes back keeps its transaction open, and the next snapshot takes it as it is if nothing was
//! committed since: then a snapshot costs no SQL at all. The committer ends the idle ones before a checkpoint.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Connection, Row};

use crate::sqlite::Options;
use crate::sqlite::connection::{self, failed};
use crate::sqlite::row;
use crate::{Order, Range, Rev, See, Snapshot, StoreError};

/// Idle connections beyond this are closed.
const IDLE: usize = 8;
/// Snapshots that may be alive at once.
const MOST: usize = 512;

pub(super) struct Pool {
    path: PathBuf,
    options: Options,
    idle: Mutex<Vec<Open>>,
    count: AtomicUsize,
    /// The newest revision that is known to be durable.
    head: AtomicU64,
    /// A checkpoint waits for snapshots to end: none may be passed on.
    draining: AtomicBool,
    /// Why nothing may be served any more.
    broken: OnceLock<String>,
}

/// A connection, and the revision its open transaction reads.
struct Open {
    connection: Connection,
    at: Option<Rev>,
}

impl Pool {
    pub(super) fn new(path: PathBuf, options: Options, head: Rev) -> Pool {
        Pool {
            path,
            options,
            idle: Mutex::default(),
            count: AtomicUsize::new(0),
            head: AtomicU64::new(head),
            draining: AtomicBool::new(false),
            broken: OnceLock::new(),
        }
    }

    pub(super) fn snapshot(self: &Arc<Pool>) -> Result<Held, StoreError> {
        self.check()?;
        let idle = self.idle().pop();
        let mut open = match idle {
            Some(open) => open,
            None => self.open()?,
        };
        let pinned = self.pin(&mut open);
        let held = |at| Held { at, open: Mutex::new(Some(open)), pool: Arc::clone(self) };
        match pinned {
            Ok(at) => Ok(held(at)),
            Err(error) => {
                // Gives the connection back.
                drop(held(0));
                Err(error)
            }
        }
    }

    /// Moves on to a revision that is durable.
    pub(super) fn advance(&self, head: Rev) {
        self.head.fetch_max(head, Ordering::SeqCst);
    }

    /// Runs a checkpoint, past which no open transaction is passed on from one snapshot to the next.
    pub(super) fn drained<R>(&self, checkpoint: impl FnOnce() -> R) -> R {
        self.draining.store(true, Ordering::SeqCst);
        self.release();
        let outcome = checkpoint();
        self.draining.store(false, Ordering::SeqCst);
        outcome
    }

    /// Ends the transactions of idle connections.
    pub(super) fn release(&self) {
        let mut idle = self.idle();
        let before = idle.len();
        idle.retain_mut(|open| open.end().is_ok());
        self.count.fetch_sub(before - idle.len(), Ordering::SeqCst);
    }

    /// Stops all serving.
    pub(super) fn fail(&self, what: &str) {
        log::error!("the store stops serving: {what}");
        // The first reason is the one that counts.
        let _ = self.broken.set(what.to_owned());
    }

    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.broken.get().map_or(Ok(()), |what| Err(StoreError::corrupt(what.as_str())))
    }

    fn open(&self) -> Result<Open, StoreError> {
        if self.count.fetch_add(1, Ordering::SeqCst) >= MOST {
            self.count.fetch_sub(1, Ordering::SeqCst);
            return Err(StoreError::unavailable("too many snapshots at once"));
        }
        match connection::reader(&self.path, &self.options) {
            Ok(connection) => Ok(Open { connection, at: None }),
            Err(error) => {
                self.count.fetch_sub(1, Ordering::SeqCst);
                Err(error)
            }
        }
    }

    /// Makes the connection read the newest revision, and tells it.
    fn pin(&self, open: &mut Open) -> Result<Rev, StoreError> {
        let head = self.head.load(Ordering::SeqCst);
        if open.at == Some(head) && !self.draining.load(Ordering::SeqCst) {
            return Ok(head);
        }
        open.end()?;
        open.run("BEGIN")?;
        let at = connection::revision(&open.connection)?;
        // Whoever asks after us must not be given an older snapshot, even if the committer has not told yet.
        self.advance(at);
        open.at = Some(at);
        Ok(at)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Open>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give_back(&self, mut open: Open) {
        let whole = open.at.is_some() && (!self.draining.load(Ordering::SeqCst) || open.end().is_ok());
        let mut idle = self.idle();
        if whole && idle.len() < IDLE {
            idle.push(open);
        } else {
            drop(idle);
            self.count.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl Open {
    /// Ends the transaction, if one is open.
    fn end(&mut self) -> Result<(), StoreError> {
        if self.at.take().is_some() { self.run("COMMIT") } else { Ok(()) }
    }

    fn run(&self, sql: &str) -> Result<(), StoreError> {
        self.connection.prepare_cached(sql).and_then(|mut sql| sql.execute([])).map(|_| ()).map_err(failed)
    }
}

/// A snapshot: a connection with an open read transaction.
pub(super) struct Held {
    at: Rev,
    open: Mutex<Option<Open>>,
    pool: Arc<Pool>,
}

impl Held {
    /// Runs `work` on a prepared statement.
    pub(super) fn query<R>(
        &self,
        sql: &str,
        work: impl FnOnce(&mut CachedStatement<'_>) -> Result<R, Failure>,
    ) -> Result<R, StoreError> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(open) = open.as_ref() else { return Err(StoreError::unavailable("the snapshot has ended")) };
        let statement = open.connection.prepare_cached(sql).map_err(Failure::from);
        let answer = statement.and_then(|mut statement| work(&mut statement));
        answer.map_err(|failure| failure.0).inspect_err(|error| {
            if let StoreError::Corrupt { what } = error {
                self.pool.fail(what);
            }
        })
    }
}

impl Snapshot for Held {
    fn revision(&self) -> Rev {
        self.at
    }

    fn get(&self, key: &[u8], see: &mut dyn FnMut(&[u8], Rev)) -> Result<bool, StoreError> {
        self.query("SELECT v, rev FROM kv WHERE k = ?1", |select| {
            let mut rows = select.query([key])?;
            let Some(row) = rows.next()? else { return Ok(false) };
            let rev = rev(row, 1)?;
            see(row::open(key, blob(row, 0)?, rev)?, rev);
            Ok(true)
        })
    }

    fn scan(&self, range: &Range, order: Order, see: &mut See<'_>) -> Result<(), StoreError> {
        let sql = match order {
            Order::Ascending => "SELECT k, v, rev FROM kv WHERE k >= ?1 AND k < ?2 ORDER BY k",
            Order::Descending => "SELECT k, v, rev FROM kv WHERE k >= ?1 AND k < ?2 ORDER BY k DESC",
        };
        self.query(sql, |select| {
            let mut rows = select.query([&range.start, &range.end])?;
            while let Some(row) = rows.next()? {
                let (key, rev) = (blob(row, 0)?, rev(row, 2)?);
                if !see(key, row::open(key, blob(row, 1)?, rev)?, rev) {
                    break;
                }
            }
            Ok(())
        })
    }
}

/// SQLite's errors and ours, so that `?` takes both.
pub(super) struct Failure(StoreError);

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Failure {
        Failure(failed(error))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        Failure(error)
    }
}

/// A column's bytes, borrowed from SQLite.
pub(super) fn blob<'a>(row: &'a Row<'_>, column: usize) -> rusqlite::Result<&'a [u8]> {
    match row.get_ref(column)? {
        ValueRef::Blob(bytes) => Ok(bytes),
        other => Err(rusqlite::Error::InvalidColumnType(column, "bytes".into(), other.data_type())),
    }
}

pub(super) fn rev(row: &Row<'_>, column: usize) -> rusqlite::Result<Rev> {
    row.get(column).map(i64::cast_unsigned)
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Snapshot of SQLite")
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let open = self.open.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(open) = open {
            self.pool.give_back(open);
        }
    }
}
