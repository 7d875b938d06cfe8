//! An image made of an instance's disk: what it booted from, by further names of the same files, and over that
//! what the instance wrote, copied.
//!
//! The instance may be running and mean harm: its folders are opened one by one and no link is followed.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, CWD, FileType, Gid, Mode, OFlags, ResolveFlags, Stat, Timespec, Timestamps, Uid, chownat,
    fchmod, fchown, fgetxattr, fstat, ftruncate, futimens, linkat, mkdirat, mknodat, openat, openat2,
    readlinkat, statat, symlinkat,
};
use rustix::io::Errno;

use super::{Stored, Wanted};
use crate::folders::{self, FOLDER};

/// How deep folders may nest in an image that is made of an instance.
const DEEPEST: usize = 256;
/// Names in one folder.
const MOST_NAMES: usize = 1_000_000;
/// So much is copied before it is asked whether it is still wanted.
const PIECE: u64 = 64 << 20;
/// What is not on the disk, or does not outlive a boot.
const VOLATILE: &[&str] = &["dev", "proc", "run", "sys", "tmp"];

/// Gives every file of `from` a further name in the empty folder `to`.
pub(super) fn clone_tree(from: &Path, to: &Path, wanted: &Wanted) -> io::Result<Stored> {
    let (from, to) = (open(CWD, from.as_os_str())?, open(CWD, to.as_os_str())?);
    let mut copy = Copy::new(to.try_clone()?, wanted);
    copy.clone_folder(from.as_fd(), to.as_fd(), 0)?;
    Ok(copy.stored)
}

/// Brings what an instance wrote into `to`: the upper layer of an overlay, or a whole disk.
pub(super) fn apply_disk(disk: &Path, to: &Path, wanted: &Wanted) -> io::Result<Stored> {
    let (from, to) = (open(CWD, disk.as_os_str())?, open(CWD, to.as_os_str())?);
    let mut copy = Copy::new(to.try_clone()?, wanted);
    copy.apply_folder(from.as_fd(), to.as_fd(), Path::new(""))?;
    Ok(copy.stored)
}

struct Copy {
    root: OwnedFd,
    /// Files of several names, by inode: the name that was copied first.
    linked: HashMap<u64, PathBuf>,
    wanted: Wanted,
    stored: Stored,
}

impl Copy {
    fn new(root: OwnedFd, wanted: &Wanted) -> Copy {
        Copy { root, linked: HashMap::new(), wanted: wanted.clone(), stored: Stored::default() }
    }

    fn clone_folder(&mut self, from: BorrowedFd<'_>, to: BorrowedFd<'_>, depth: usize) -> io::Result<()> {
        check_depth(depth)?;
        for (name, kind) in folders::entries(from, MOST_NAMES)? {
            self.wanted.check()?;
            self.stored.files += 1;
            if kind == FileType::Directory {
                let (inner, made) = (open(from, &name)?, make(to, &name)?);
                self.clone_folder(inner.as_fd(), made.as_fd(), depth + 1)?;
                settle(made.as_fd(), &fstat(&inner)?)?;
                continue;
            }
            match linkat(from, &name, to, &name, AtFlags::empty()) {
                // Too many names by now.
                Err(Errno::MLINK) => self.copy_file(from, to, &name)?,
                other => other?,
            }
        }
        Ok(())
    }

    fn apply_folder(&mut self, from: BorrowedFd<'_>, to: BorrowedFd<'_>, path: &Path) -> io::Result<()> {
        check_depth(path.components().count())?;
        for (name, _) in folders::entries(from, MOST_NAMES)? {
            let below = path.join(&name);
            match self.apply(from, to, &name, &below) {
                // A running instance deletes files, too.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                other => other?,
            }
        }
        Ok(())
    }

    fn apply(
        &mut self,
        from: BorrowedFd<'_>,
        to: BorrowedFd<'_>,
        name: &OsStr,
        below: &Path,
    ) -> io::Result<()> {
        self.wanted.check()?;
        let about = statat(from, name, AtFlags::SYMLINK_NOFOLLOW)?;
        match FileType::from_raw_mode(about.st_mode) {
            FileType::Directory => self.apply_subfolder(from, to, name, below)?,
            FileType::RegularFile if about.st_nlink > 1 => {
                self.apply_linked(from, to, name, below, &about)?
            }
            FileType::RegularFile => {
                folders::remove(to, name)?;
                self.copy_file(from, to, name)?;
            }
            FileType::Symlink => {
                folders::remove(to, name)?;
                symlinkat(readlinkat(from, name, Vec::new())?, to, name)?;
                own(to, name, &about)?;
            }
            FileType::Fifo => {
                folders::remove(to, name)?;
                mknodat(to, name, FileType::Fifo, Mode::from_raw_mode(about.st_mode & 0o777), 0)?;
                own(to, name, &about)?;
            }
            // An overlay's word for a name that is no more.
            FileType::CharacterDevice if about.st_rdev == 0 => return folders::remove(to, name),
            // Sockets end with who listens; devices are not made inside.
            _ => return Ok(()),
        }
        self.stored.files += 1;
        Ok(())
    }

    fn apply_subfolder(
        &mut self,
        from: BorrowedFd<'_>,
        to: BorrowedFd<'_>,
        name: &OsStr,
        below: &Path,
    ) -> io::Result<()> {
        let inner = open(from, name)?;
        let is_folder = statat(to, name, AtFlags::SYMLINK_NOFOLLOW)
            .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Directory);
        if !is_folder || is_opaque(inner.as_fd()) {
            folders::remove(to, name)?;
        }
        let made = make(to, name)?;
        if !VOLATILE.iter().any(|name| Path::new(name) == below) {
            self.apply_folder(inner.as_fd(), made.as_fd(), below)?;
        }
        settle(made.as_fd(), &fstat(&inner)?)
    }

    fn apply_linked(
        &mut self,
        from: BorrowedFd<'_>,
        to: BorrowedFd<'_>,
        name: &OsStr,
        below: &Path,
        about: &Stat,
    ) -> io::Result<()> {
        folders::remove(to, name)?;
        if let Some(first) = self.linked.get(&about.st_ino)
            && self.link(first, to, name).is_ok()
        {
            return Ok(());
        }
        self.copy_file(from, to, name)?;
        self.linked.insert(about.st_ino, below.to_owned());
        Ok(())
    }

    /// A further name of a file that was copied. The instance moves folders meanwhile: no part of the way there may
    /// have become a link.
    fn link(&self, first: &Path, to: BorrowedFd<'_>, name: &OsStr) -> io::Result<()> {
        let file = first.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let parent = first.parent().filter(|parent| !parent.as_os_str().is_empty());
        let inside = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        let parent = openat2(&self.root, parent.unwrap_or(Path::new(".")), FOLDER, Mode::empty(), inside)?;
        Ok(linkat(&parent, file, to, name, AtFlags::empty())?)
    }

    fn copy_file(&mut self, from: BorrowedFd<'_>, to: BorrowedFd<'_>, name: &OsStr) -> io::Result<()> {
        let reading = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let mut source = File::from(openat(from, name, reading, Mode::empty())?);
        let about = fstat(&source)?;
        if FileType::from_raw_mode(about.st_mode) != FileType::RegularFile {
            return Err(io::ErrorKind::NotFound.into());
        }
        let writing = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut target = File::from(openat(to, name, writing, Mode::from_raw_mode(0o600))?);
        if rustix::fs::ioctl_ficlone(&target, &source).is_ok() {
            self.stored.bytes += about.st_size as u64;
        } else {
            self.stored.bytes += copy_data(&mut source, &mut target, about.st_size as u64, &self.wanted)?;
        }
        settle(target.as_fd(), &about)
    }
}

/// Copies what is in the file and leaves its holes.
fn copy_data(source: &mut File, target: &mut File, length: u64, wanted: &Wanted) -> io::Result<u64> {
    ftruncate(&*target, length)?;
    let (mut at, mut copied) = (0, 0);
    while at < length {
        wanted.check()?;
        let start = match rustix::fs::seek(&*source, rustix::fs::SeekFrom::Data(at)) {
            // Nothing but a hole.
            Err(Errno::NXIO) => break,
            other => other?,
        };
        let end =
            rustix::fs::seek(&*source, rustix::fs::SeekFrom::Hole(start))?.min(length).min(start + PIECE);
        if end <= start {
            break;
        }
        source.seek(SeekFrom::Start(start))?;
        target.seek(SeekFrom::Start(start))?;
        copied += io::copy(&mut io::Read::take(&mut *source, end - start), target)?;
        at = end;
    }
    Ok(copied)
}

fn check_depth(depth: usize) -> io::Result<()> {
    if depth <= DEEPEST {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, format!("folders nest deeper than {DEEPEST}")))
}

fn open(parent: BorrowedFd<'_>, name: &OsStr) -> io::Result<OwnedFd> {
    Ok(openat(parent, name, FOLDER, Mode::empty())?)
}

fn make(parent: BorrowedFd<'_>, name: &OsStr) -> io::Result<OwnedFd> {
    match mkdirat(parent, name, Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => open(parent, name),
        Err(error) => Err(error.into()),
    }
}

/// Whether an overlay hides what is below this folder.
fn is_opaque(folder: BorrowedFd<'_>) -> bool {
    let mut value = [0; 1];
    // None such, or a file system without attributes.
    fgetxattr(folder, "user.overlay.opaque", &mut value).is_ok_and(|length| length == 1) && value == *b"y"
}

fn settle(file: BorrowedFd<'_>, about: &Stat) -> io::Result<()> {
    give(fchown(file, Some(Uid::from_raw(about.st_uid)), Some(Gid::from_raw(about.st_gid))))?;
    fchmod(file, Mode::from_raw_mode(about.st_mode & 0o7777))?;
    let modified = Timespec { tv_sec: about.st_mtime, tv_nsec: about.st_mtime_nsec as _ };
    Ok(futimens(file, &Timestamps { last_access: modified, last_modification: modified })?)
}

fn own(folder: BorrowedFd<'_>, name: &OsStr, about: &Stat) -> io::Result<()> {
    let (uid, gid) = (Uid::from_raw(about.st_uid), Gid::from_raw(about.st_gid));
    give(chownat(folder, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW))
}

/// A plain user owns all of it already, and may give nothing away.
fn give(result: Result<(), Errno>) -> io::Result<()> {
    match result {
        Err(Errno::PERM) if !rustix::process::geteuid().is_root() => Ok(()),
        other => Ok(other?),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::fs;
    use std::os::fd::AsFd;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use rustix::fs::CWD;

    use super::{Copy, open};
    use crate::images::Wanted;

    #[test]
    fn no_further_name_is_given_to_a_file_that_a_link_leads_to() {
        let (place, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(outside.path().join("secret"), "secret").unwrap();
        fs::create_dir(place.path().join("folder")).unwrap();
        fs::write(place.path().join("folder/file"), "own").unwrap();
        symlink(fs::canonicalize(outside.path()).unwrap(), place.path().join("moved")).unwrap();
        let copy = Copy::new(open(CWD, place.path().as_os_str()).unwrap(), &Wanted::default());
        let link = |first: &str, name: &str| copy.link(Path::new(first), copy.root.as_fd(), OsStr::new(name));
        link("folder/file", "twin").unwrap();
        link("twin", "triplet").unwrap();
        assert_eq!(fs::read_to_string(place.path().join("triplet")).unwrap(), "own");
        link("moved/secret", "stolen").unwrap_err();
        assert!(!place.path().join("stolen").exists());
    }

    #[test]
    fn a_copy_that_nobody_waits_for_ends_before_its_next_file() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(from.path().join("file"), "own").unwrap();
        let wish = crate::images::Wish::default();
        let wanted = wish.wanted();
        drop(wish);
        let copies: [fn(&Path, &Path, &Wanted) -> _; 2] = [super::apply_disk, super::clone_tree];
        for copy in copies {
            assert_eq!(
                copy(from.path(), to.path(), &wanted).unwrap_err().kind(),
                std::io::ErrorKind::TimedOut
            );
        }
        assert_eq!(fs::read_dir(to.path()).unwrap().count(), 0);
    }
}
