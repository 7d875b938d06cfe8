//! The folder driver: a file a blob in two levels of folders, `ab/cd/<id>`.
//!
//! A body is written to a file without a name (`O_TMPFILE`), or, where the file system has no such thing, to one in
//! `tmp/`; a hard link then gives it its name. With [`Durability::Strict`] the data are synced before, and the folder
//! after, so that a committed blob outlives a power cut.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use rolecall_base::Time;
use rolecall_env::Env;
use rustix::fs::{AtFlags, CWD, OFlags};

use crate::error::blocking;
use crate::read::{BlobStream, clamp};
use crate::{BlobError, BlobId, Swept};

/// What a commit promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// A committed blob outlives a power cut.
    Strict,
    /// A committed blob outlives the process only: for tests and throw-away servers.
    None,
}

/// Blobs in files.
#[derive(Clone)]
pub struct Folder(Arc<Inner>);

struct Inner {
    env: Env,
    root: PathBuf,
    durability: Durability,
    /// Cleared for good when the file system turns out not to have unnamed files.
    unnamed_files: AtomicBool,
    /// Second-level folders that this process has made (or found) and synced. Whether a folder that is there is
    /// also durable cannot be asked, so the first commit into each syncs it.
    ready: Vec<AtomicBool>,
}

/// A body on its way to a name; a named one is unlinked when it is dropped.
pub(crate) struct Draft {
    pub(crate) file: File,
    named: Option<PathBuf>,
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(path) = &self.named
            && let Err(failure) = fs::remove_file(path)
        {
            log::warn!("{}: an abandoned draft stays until the next sweep: {failure}", path.display());
        }
    }
}

impl Folder {
    pub(crate) fn open(env: Env, root: &Path, durability: Durability) -> Result<Folder, BlobError> {
        make_folder(root)?;
        make_folder(&root.join("tmp"))?;
        if durability == Durability::Strict {
            sync_folder(root)?;
            let above = root.canonicalize()?;
            above.parent().map_or(Ok(()), sync_folder)?;
        }
        let ready = (0..=u16::MAX).map(|_| AtomicBool::new(false)).collect();
        let unnamed_files = AtomicBool::new(true);
        Ok(Folder(Arc::new(Inner { env, root: root.to_owned(), durability, unnamed_files, ready })))
    }

    /// A new file without a name. Blocks.
    pub(crate) fn draft(&self) -> io::Result<Draft> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).mode(0o600);
        if self.0.unnamed_files.load(Ordering::Relaxed) {
            let flag = i32::try_from(OFlags::TMPFILE.bits()).map_err(io::Error::other)?;
            match options.clone().custom_flags(flag).open(&self.0.root) {
                Ok(file) => return Ok(Draft { file, named: None }),
                Err(refused) if no_unnamed_files(&refused) => {
                    self.0.unnamed_files.store(false, Ordering::Relaxed);
                }
                Err(other) => return Err(other),
            }
        }
        let name: String = self.0.env.random::<16>().iter().map(|byte| format!("{byte:02x}")).collect();
        let path = self.0.root.join("tmp").join(name);
        let file = options.create_new(true).open(&path)?;
        Ok(Draft { file, named: Some(path) })
    }

    /// Syncs a draft's data where durability asks for it. Blocks.
    pub(crate) fn sync(&self, draft: &Draft) -> io::Result<()> {
        draft.file.set_modified(system_time(self.0.env.now()))?;
        if self.0.durability == Durability::Strict { draft.file.sync_data() } else { Ok(()) }
    }

    /// Gives a synced draft its name. Blocks.
    pub(crate) fn keep(&self, draft: &Draft, checksum: u64) -> io::Result<BlobId> {
        let id = BlobId::new(self.0.env.random(), checksum);
        let path = self.path(&id);
        let folder = path.parent().unwrap_or(&self.0.root);
        let strict = self.0.durability == Durability::Strict;
        let ready = self.0.ready.get(usize::from(id.fan_out()));
        if !ready.is_some_and(|ready| ready.load(Ordering::Acquire)) {
            let above = folder.parent().unwrap_or(&self.0.root);
            make_folder(above)?;
            make_folder(folder)?;
            if strict {
                sync_folder(&self.0.root)?;
                sync_folder(above)?;
            }
            ready.inspect(|ready| ready.store(true, Ordering::Release));
        }
        link(draft, &path)?;
        if strict {
            sync_folder(folder)?;
        }
        Ok(id)
    }

    pub(crate) async fn read(&self, id: BlobId, range: Option<Range<u64>>) -> Result<BlobStream, BlobError> {
        // Opening a file costs a few microseconds and no disk access once its folders are cached: less than a hop to
        // another thread and back.
        let file = File::open(self.path(&id)).map_err(|failure| not_found(failure, id))?;
        let length = file.metadata()?.len();
        Ok(BlobStream::file(file, clamp(range, length), length, id))
    }

    pub(crate) async fn delete(&self, id: BlobId) -> Result<bool, BlobError> {
        let path = self.path(&id);
        match blocking(move || fs::remove_file(path)).await {
            Ok(()) => Ok(true),
            Err(missing) if missing.kind() == ErrorKind::NotFound => Ok(false),
            Err(other) => Err(other.into()),
        }
    }

    pub(crate) async fn sweep(
        &self,
        live: impl Fn(&BlobId) -> bool + Send + 'static,
        older_than: Duration,
    ) -> Result<Swept, BlobError> {
        let folder = self.clone();
        let before = system_time(self.0.env.now() - older_than);
        Ok(blocking(move || folder.sweep_files(live, before)).await?)
    }

    fn sweep_files(&self, live: impl Fn(&BlobId) -> bool, before: SystemTime) -> io::Result<Swept> {
        let mut swept = Swept::default();
        let mut folders = vec![self.0.root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                let found = match entry.metadata() {
                    Ok(found) => found,
                    Err(gone) if gone.kind() == ErrorKind::NotFound => continue,
                    Err(other) => return Err(other),
                };
                if found.is_dir() {
                    folders.push(entry.path());
                    continue;
                }
                let id = entry.file_name().to_str().and_then(|name| name.parse::<BlobId>().ok());
                let is_draft = folder.ends_with("tmp");
                let wanted = if is_draft { false } else { id.is_none_or(|id| live(&id)) };
                if found.modified()? > before || wanted {
                    swept.kept += u64::from(!is_draft);
                    continue;
                }
                match fs::remove_file(entry.path()) {
                    Err(gone) if gone.kind() == ErrorKind::NotFound => {}
                    other => {
                        other?;
                        swept.removed += 1;
                        swept.removed_bytes += found.len();
                    }
                }
            }
        }
        Ok(swept)
    }

    fn path(&self, id: &BlobId) -> PathBuf {
        let name = id.to_string();
        let (first, second) = (name.get(..2).unwrap_or("00"), name.get(2..4).unwrap_or("00"));
        self.0.root.join(first).join(second).join(&name)
    }
}

impl fmt::Debug for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Folder({}, {:?})", self.0.root.display(), self.0.durability)
    }
}

fn link(draft: &Draft, path: &Path) -> io::Result<()> {
    match &draft.named {
        Some(name) => fs::hard_link(name, path),
        None => {
            let own = format!("/proc/self/fd/{}", draft.file.as_raw_fd());
            Ok(rustix::fs::linkat(CWD, own, CWD, path, AtFlags::SYMLINK_FOLLOW)?)
        }
    }
}

/// Old file systems and network ones know no `O_TMPFILE`; very old kernels take it for a folder to be written.
fn no_unnamed_files(refused: &io::Error) -> bool {
    matches!(refused.kind(), ErrorKind::Unsupported | ErrorKind::IsADirectory | ErrorKind::InvalidInput)
        || !Path::new("/proc/self/fd").exists()
}

fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn not_found(failure: io::Error, id: BlobId) -> BlobError {
    if failure.kind() == ErrorKind::NotFound { BlobError::NotFound(id) } else { failure.into() }
}

fn system_time(time: Time) -> SystemTime {
    SystemTime::UNIX_EPOCH + time.since(Time::from_millis(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn a_file_system_without_unnamed_files_gets_named_drafts() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(Env::sim(1), root.path(), Durability::Strict).unwrap();
        folder.0.unnamed_files.store(false, Ordering::Relaxed);
        let drafts = || fs::read_dir(root.path().join("tmp")).unwrap().count();
        let mut draft = folder.draft().unwrap();
        draft.file.write_all(b"body").unwrap();
        assert_eq!(drafts(), 1);
        folder.sync(&draft).unwrap();
        let id = folder.keep(&draft, 7).unwrap();
        drop(draft);
        assert_eq!((drafts(), fs::read(folder.path(&id)).unwrap()), (0, b"body".to_vec()));
        drop(folder.draft().unwrap());
        assert_eq!(drafts(), 0);
    }
}
