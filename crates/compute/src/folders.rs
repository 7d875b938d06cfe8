//! Deletes folders that strangers filled: however deep they nest, it takes a fixed number of open files and no
//! recursion, and follows no link.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, fchmod, openat, renameat, unlinkat};
use rustix::io::Errno;

/// Opens a folder itself and never what a link leads to.
pub(crate) const FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Names that are looked at together: a folder may hold more than memory.
const BATCH: usize = 4096;

/// Deletes what `path` names; nothing there is no error.
pub(crate) fn remove_path(path: &Path) -> io::Result<()> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    match openat(CWD, parent, FOLDER.difference(OFlags::NOFOLLOW), Mode::empty()) {
        Ok(parent) => remove(parent.as_fd(), name),
        Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Deletes one name of a folder, with all below it; nothing there is no error.
pub(crate) fn remove(parent: BorrowedFd<'_>, name: &OsStr) -> io::Result<()> {
    match unlinkat(parent, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => return Ok(()),
        Err(Errno::ISDIR | Errno::PERM) => {}
        Err(error) => return Err(error.into()),
    }
    match unlinkat(parent, name, AtFlags::REMOVEDIR) {
        Ok(()) | Err(Errno::NOENT) => return Ok(()),
        Err(Errno::NOTEMPTY | Errno::EXIST | Errno::ACCESS) => {}
        Err(error) => return Err(error.into()),
    }
    let top = open_writable(parent, name)?;
    Flattening { top, moved: 0 }.empty()?;
    match unlinkat(parent, name, AtFlags::REMOVEDIR) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// A folder whose subfolders are emptied one after the other; what is a folder in them moves up first.
struct Flattening {
    top: OwnedFd,
    moved: u64,
}

impl Flattening {
    fn empty(&mut self) -> io::Result<()> {
        loop {
            let entries = entries(self.top.as_fd(), BATCH)?;
            if entries.is_empty() {
                return Ok(());
            }
            for (name, kind) in entries {
                if kind == FileType::Directory {
                    self.empty_subfolder(&name)?;
                } else {
                    gone(unlinkat(&self.top, &name, AtFlags::empty()))?;
                }
            }
        }
    }

    fn empty_subfolder(&mut self, name: &OsStr) -> io::Result<()> {
        if unlinkat(&self.top, name, AtFlags::REMOVEDIR).is_ok() {
            return Ok(());
        }
        let folder = match open_writable(self.top.as_fd(), name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other?,
        };
        loop {
            let entries = entries(folder.as_fd(), BATCH)?;
            if entries.is_empty() {
                return gone(unlinkat(&self.top, name, AtFlags::REMOVEDIR));
            }
            for (inner, kind) in entries {
                if kind != FileType::Directory {
                    gone(unlinkat(&folder, &inner, AtFlags::empty()))?;
                } else if unlinkat(&folder, &inner, AtFlags::REMOVEDIR).is_err() {
                    self.move_up(folder.as_fd(), &inner)?;
                }
            }
        }
    }

    fn move_up(&mut self, folder: BorrowedFd<'_>, name: &OsStr) -> io::Result<()> {
        loop {
            self.moved += 1;
            let free = format!(".removed-{}", self.moved);
            match renameat(folder, name, &self.top, &free) {
                // Somebody's own name, in use.
                Err(Errno::NOTEMPTY | Errno::EXIST | Errno::NOTDIR) => {}
                // A folder that its own user closed cannot be moved while its `..` would have to change.
                Err(Errno::ACCESS) => drop(open_writable(folder, name)?),
                other => return gone(other),
            }
        }
    }
}

/// Opens a folder and makes sure that its owner may change it.
fn open_writable(parent: BorrowedFd<'_>, name: &OsStr) -> io::Result<OwnedFd> {
    let folder = match openat(parent, name, FOLDER, Mode::empty()) {
        Err(Errno::ACCESS) => {
            // Only a plain user, whose own folder it is, comes here: no link is followed, for a link opens.
            rustix::fs::chmodat(parent, name, Mode::RWXU, AtFlags::empty())?;
            openat(parent, name, FOLDER, Mode::empty())?
        }
        other => other?,
    };
    fchmod(&folder, Mode::RWXU)?;
    Ok(folder)
}

/// The names in a folder and what they are; at most so many of them.
pub(crate) fn entries(folder: BorrowedFd<'_>, most: usize) -> io::Result<Vec<(OsString, FileType)>> {
    let mut found = Vec::new();
    for entry in Dir::read_from(folder)? {
        if found.len() == most {
            break;
        }
        let entry = entry?;
        let name = OsString::from_vec(entry.file_name().to_bytes().to_vec());
        if name == "." || name == ".." {
            continue;
        }
        let kind = match entry.file_type() {
            FileType::Unknown => {
                let stat = rustix::fs::statat(folder, &name, AtFlags::SYMLINK_NOFOLLOW)?;
                FileType::from_raw_mode(stat.st_mode)
            }
            known => known,
        };
        found.push((name, kind));
    }
    Ok(found)
}

fn gone(result: Result<(), Errno>) -> io::Result<()> {
    match result {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::fd::OwnedFd;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use rustix::fs::{CWD, Mode, mkdirat, openat};

    use super::{FOLDER, remove_path};

    #[test]
    fn a_folder_nested_deeper_than_any_path_is_deleted() {
        let place = tempfile::tempdir().unwrap();
        let top = place.path().join("top");
        fs::create_dir(&top).unwrap();
        let mut folder: OwnedFd = openat(CWD, &top, FOLDER, Mode::empty()).unwrap();
        for _ in 0..5000 {
            mkdirat(&folder, "nested", Mode::RWXU).unwrap();
            drop(openat(&folder, "file", FOLDER, Mode::empty()));
            folder = openat(&folder, "nested", FOLDER, Mode::empty()).unwrap();
        }
        remove_path(&top).unwrap();
        assert!(!top.exists());
    }

    #[test]
    fn links_are_deleted_and_not_followed() {
        let place = tempfile::tempdir().unwrap();
        let (top, kept) = (place.path().join("top"), place.path().join("kept"));
        fs::create_dir_all(top.join("a/b")).unwrap();
        fs::create_dir(&kept).unwrap();
        fs::write(kept.join("file"), "").unwrap();
        symlink(&kept, top.join("a/link")).unwrap();
        symlink(&kept, top.join("a/b/link")).unwrap();
        fs::set_permissions(top.join("a/b"), fs::Permissions::from_mode(0o0)).unwrap();
        remove_path(&top).unwrap();
        assert!(!top.exists() && kept.join("file").exists());
        remove_path(&top).unwrap();
    }
}
