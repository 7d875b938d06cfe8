//! The data directory: its modes, and the lock that keeps a second process out.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::StoreError;
use crate::sqlite::connection;

/// The directory, held by this process until it is dropped.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    _lock: File,
}

impl Directory {
    /// Makes the directory (mode 0700) and an empty database (0600) where they are missing, and takes the lock.
    pub(super) fn take(path: &Path) -> Result<Directory, StoreError> {
        let fail =
            |error: io::Error| StoreError::unavailable(format!("data directory {}: {error}", path.display()));
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(fail)?;
        let mode = path.metadata().map_err(fail)?.permissions().mode();
        if mode & 0o077 != 0 {
            log::warn!("data directory {} is open to other users (mode {:o})", path.display(), mode & 0o777);
        }
        let lock = private(&path.join("lock")).map_err(fail)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let what = format!("data directory {} is in use by another process", path.display());
                return Err(StoreError::unavailable(what));
            }
            Err(TryLockError::Error(error)) => return Err(fail(error)),
        }
        let directory = Directory { path: path.to_path_buf(), _lock: lock };
        if !directory.database().try_exists().map_err(fail)? {
            directory.create(fail)?;
        }
        Ok(directory)
    }

    /// Makes the database under another name and renames it, so that what has the name is whole.
    fn create(&self, fail: impl Fn(io::Error) -> StoreError) -> Result<(), StoreError> {
        let new = self.path.join("new.sqlite");
        for left_over in ["new.sqlite", "new.sqlite-wal", "new.sqlite-shm", "new.sqlite-journal"] {
            match std::fs::remove_file(self.path.join(left_over)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(fail(error)),
                _ => {}
            }
        }
        // SQLite gives its other files the modes of this one.
        let file = private(&new).map_err(&fail)?;
        connection::create(&new)?;
        file.sync_all().map_err(&fail)?;
        std::fs::rename(&new, self.database()).map_err(&fail)?;
        File::open(&self.path).and_then(|directory| directory.sync_all()).map_err(&fail)
    }

    pub(super) fn database(&self) -> PathBuf {
        self.path.join("store.sqlite")
    }
}

fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}
