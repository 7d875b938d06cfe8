//! Connections: settings, tables, and what SQLite's errors mean to us.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, Error, ErrorCode, OpenFlags};

use crate::sqlite::Options;
use crate::{Rev, StoreError};

/// `user_version` of the databases that this code reads and writes.
const FORMAT: i64 = 1;

/// Bytes of a page.
pub(super) const PAGE: u64 = 4096;

const TABLES: &str = "
    BEGIN;
    CREATE TABLE kv (k BLOB PRIMARY KEY, v BLOB NOT NULL, rev INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE meta (id INTEGER PRIMARY KEY CHECK (id = 0), rev INTEGER NOT NULL);
    CREATE TABLE shard (id INTEGER PRIMARY KEY, rev INTEGER NOT NULL);
    CREATE TABLE log (
        shard INTEGER NOT NULL, rev INTEGER NOT NULL, written INTEGER NOT NULL, touched BLOB NOT NULL,
        PRIMARY KEY (shard, rev)
    ) WITHOUT ROWID;
    CREATE TABLE idem (id BLOB PRIMARY KEY, rev INTEGER NOT NULL, answer BLOB NOT NULL) WITHOUT ROWID;
    CREATE INDEX idem_by_rev ON idem (rev);
    INSERT INTO meta VALUES (0, 0);
    PRAGMA user_version = 1;
    COMMIT;";

/// Makes an empty database, without a sync: the caller syncs the file, and gives it its name after that.
pub(super) fn create(path: &Path) -> Result<(), StoreError> {
    let connection = open(path, &Options::default(), 1024)?;
    let make = || -> rusqlite::Result<()> {
        connection.pragma_update(None, "page_size", PAGE.cast_signed())?;
        connection.pragma_update(None, "synchronous", "OFF")?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.execute_batch(TABLES)
    };
    make().map_err(failed)?;
    connection.close().map_err(|(_, error)| failed(error))
}

/// The one connection that writes.
pub(super) fn writer(path: &Path, options: &Options) -> Result<Connection, StoreError> {
    let connection = open(path, options, 4 * 1024)?;
    let pragma = |name: &str, value: &dyn rusqlite::ToSql| connection.pragma_update(None, name, value);
    let settings = || -> rusqlite::Result<()> {
        pragma("synchronous", &"FULL")?;
        // The committer checkpoints by itself, after it has answered.
        pragma("wal_autocheckpoint", &0)?;
        // Kept, and written over: a sync of a file that does not grow takes half the time.
        pragma("journal_size_limit", &options.checkpoint_bytes.saturating_mul(2).cast_signed())?;
        if let Some(bytes) = options.max_bytes {
            pragma("max_page_count", &(bytes / PAGE).max(16).cast_signed())?;
        }
        Ok(())
    };
    settings().map_err(failed)?;
    match user_version(&connection).map_err(failed)? {
        FORMAT => Ok(connection),
        other => Err(StoreError::corrupt(format!("the database has format {other}, not {FORMAT}"))),
    }
}

/// A connection that reads.
pub(super) fn reader(path: &Path, options: &Options) -> Result<Connection, StoreError> {
    let connection = open(path, options, 2 * 1024)?;
    connection.pragma_update(None, "query_only", true).map_err(failed)?;
    Ok(connection)
}

/// The revision of the newest commit that the connection's transaction sees.
pub(super) fn revision(connection: &Connection) -> Result<Rev, StoreError> {
    connection
        .prepare_cached("SELECT rev FROM meta WHERE id = 0")
        .and_then(|mut select| select.query_row([], |row| row.get(0)))
        .map(i64::cast_unsigned)
        .map_err(failed)
}

/// What an error means to callers. Its text is for the log: it names no values.
pub(super) fn failed(error: Error) -> StoreError {
    let what = format!("SQLite: {error}");
    match error.sqlite_error_code() {
        Some(
            ErrorCode::DiskFull
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::OutOfMemory
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::PermissionDenied,
        ) => StoreError::unavailable(what),
        _ => StoreError::corrupt(what),
    }
}

fn open(path: &Path, options: &Options, cache_kib: i64) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connect = || {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.set_prepared_statement_cache_capacity(32);
        connection.busy_timeout(Duration::from_secs(2))?;
        connection.pragma_update(None, "cache_size", -cache_kib)?;
        connection.pragma_update(None, "mmap_size", options.mmap_bytes.cast_signed())?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        connection.pragma_update(None, "trusted_schema", false)?;
        Ok(connection)
    };
    connect().map_err(failed)
}

fn user_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}
