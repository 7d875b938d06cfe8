//! A root file system while it is put together. Names come from strangers: each is looked up inside the tree, links
//! lead to where they would lead for a process whose root it is, and nothing outside can be reached.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{
    AtFlags, CWD, FileType, Gid, Mode, OFlags, ResolveFlags, Timespec, Timestamps, Uid, chmodat, chownat,
    fchmod, fchown, futimens, linkat, mkdirat, mknodat, openat, openat2, statat, symlinkat, unlinkat,
};
use rustix::io::Errno;

use super::holes::Filling;
use super::{Stored, Wanted};
use crate::folders::{self, FOLDER};

/// The bytes that an image may unpack to, and its names.
const MOST_BYTES: u64 = 64 << 30;
const MOST_FILES: u64 = 4_000_000;
/// The longest path of a folder inside.
const LONGEST_PATH: usize = 1024;
/// Ids above this do not exist inside; they become nobody's.
const MOST_IDS: u64 = 65_535;
const NOBODY: u32 = 65_534;

/// Who owns the files of the store.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Owners {
    /// Ids inside, moved up by so many: root inside is nobody outside.
    Shifted(u32),
    /// All is this process's, which may give nothing away.
    Own,
}

/// What the tree's files have beside their bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct About {
    pub mode: u32,
    pub uid: u64,
    pub gid: u64,
    pub modified: i64,
}

#[derive(Debug)]
pub(super) struct Tree {
    root: OwnedFd,
    root_length: usize,
    owners: Owners,
    /// What stands for id 0 in what is unpacked.
    root_is: u32,
    most_bytes: u64,
    wanted: Wanted,
    stored: Stored,
}

impl Tree {
    /// Opens the folder that the tree grows in.
    pub(super) fn open(folder: &Path, owners: Owners, wanted: &Wanted) -> io::Result<Tree> {
        let root = openat(CWD, folder, FOLDER, Mode::empty())?;
        let root_length = real_path(root.as_fd())?.as_os_str().len();
        let (wanted, stored) = (wanted.clone(), Stored::default());
        Ok(Tree { root, root_length, owners, root_is: 0, most_bytes: MOST_BYTES, wanted, stored })
    }

    /// Says that ids are those of a range that begins here.
    pub(super) fn ids_from(&mut self, first: u32) {
        self.root_is = first;
    }

    #[cfg(test)]
    pub(super) fn limit(&mut self, bytes: u64) {
        self.most_bytes = bytes;
    }

    pub(super) fn stored(&self) -> Stored {
        self.stored
    }

    /// The folder that holds `path`'s last name, made when absent, and that name.
    pub(super) fn parent<'p>(&self, path: &'p Path) -> io::Result<(OwnedFd, &'p OsStr)> {
        let name = path.file_name().ok_or_else(|| refuse(path, "has no name"))?;
        let parent = path.parent().unwrap_or(Path::new(""));
        match self.find(parent) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.make_folders(parent)?;
                Ok((self.find(parent)?, name))
            }
            found => Ok((found?, name)),
        }
    }

    /// An existing folder.
    pub(super) fn find(&self, path: &Path) -> io::Result<OwnedFd> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let inside = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY;
        Ok(openat2(&self.root, path, flags, Mode::empty(), inside)?)
    }

    fn make_folders(&self, path: &Path) -> io::Result<()> {
        let mut done = PathBuf::new();
        for part in path.components() {
            let parent = self.find(&done)?;
            match mkdirat(&parent, part.as_os_str(), Mode::from_raw_mode(0o755)) {
                Ok(()) => self.own(parent.as_fd(), part.as_os_str(), 0, 0)?,
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
            done.push(part);
        }
        Ok(())
    }

    pub(super) fn folder(&mut self, path: &Path, about: About) -> io::Result<()> {
        if path.as_os_str().is_empty() {
            return self.settle(self.root.as_fd(), about);
        }
        let (parent, name) = self.parent(path)?;
        if real_path(parent.as_fd())?.as_os_str().len() + name.len() > self.root_length + LONGEST_PATH {
            return Err(refuse(path, "is too long"));
        }
        let kind = statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW)
            .map(|stat| FileType::from_raw_mode(stat.st_mode));
        if kind.is_ok_and(|kind| kind != FileType::Directory) {
            unlinkat(&parent, name, AtFlags::empty())?;
        }
        match mkdirat(&parent, name, Mode::from_raw_mode(0o700)) {
            Ok(()) => self.count()?,
            Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        let made = openat(&parent, name, FOLDER, Mode::empty())?;
        self.settle(made.as_fd(), about)
    }

    /// A file in the place of whatever has its name.
    pub(super) fn file(&mut self, path: &Path, about: About, bytes: &mut dyn Read) -> io::Result<()> {
        let (parent, name) = self.parent(path)?;
        self.clear(parent.as_fd(), name)?;
        self.count()?;
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(&parent, name, flags, Mode::from_raw_mode(0o600))?;
        let mut filling = Filling::new(file.into());
        self.fill(&mut filling, bytes)?;
        let file = filling.finish()?;
        self.settle(file.as_fd(), about)
    }

    fn fill(&mut self, file: &mut Filling, bytes: &mut dyn Read) -> io::Result<()> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = bytes.read(&mut buffer)?;
            if read == 0 {
                return Ok(());
            }
            self.wanted.check()?;
            self.stored.bytes += read as u64;
            if self.stored.bytes > self.most_bytes {
                let limit = format!("the image has more than {} bytes", self.most_bytes);
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, limit));
            }
            file.write_all(buffer.get(..read).unwrap_or_default())?;
        }
    }

    pub(super) fn symlink(&mut self, path: &Path, target: &Path, about: About) -> io::Result<()> {
        let (parent, name) = self.parent(path)?;
        self.clear(parent.as_fd(), name)?;
        self.count()?;
        symlinkat(target, &parent, name)?;
        self.own(parent.as_fd(), name, about.uid, about.gid)
    }

    /// Another name for a file of this tree.
    pub(super) fn link(&mut self, path: &Path, target: &Path) -> io::Result<()> {
        let other = target.file_name().ok_or_else(|| refuse(target, "has no name"))?;
        let folder = self.find(target.parent().unwrap_or(Path::new("")))?;
        let (parent, name) = self.parent(path)?;
        let stat = statat(&folder, other, AtFlags::SYMLINK_NOFOLLOW)?;
        if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
            return Err(refuse(target, "is a folder and can have no other name"));
        }
        if statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW).is_ok_and(|own| own.st_ino == stat.st_ino) {
            return Ok(());
        }
        self.clear(parent.as_fd(), name)?;
        self.count()?;
        Ok(linkat(&folder, other, &parent, name, AtFlags::empty())?)
    }

    pub(super) fn fifo(&mut self, path: &Path, about: About) -> io::Result<()> {
        let (parent, name) = self.parent(path)?;
        self.clear(parent.as_fd(), name)?;
        self.count()?;
        mknodat(&parent, name, FileType::Fifo, Mode::from_raw_mode(about.mode & 0o777), 0)?;
        self.own(parent.as_fd(), name, about.uid, about.gid)?;
        Ok(chmodat(&parent, name, Mode::from_raw_mode(about.mode & 0o777), AtFlags::empty())?)
    }

    /// Takes a name away, with all below it; one that is not there is no error.
    pub(super) fn remove(&mut self, path: &Path) -> io::Result<()> {
        let Some(name) = path.file_name() else { return Ok(()) };
        match self.find(path.parent().unwrap_or(Path::new(""))) {
            Ok(parent) => self.clear(parent.as_fd(), name),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn clear(&self, parent: BorrowedFd<'_>, name: &OsStr) -> io::Result<()> {
        folders::remove(parent, name)
    }

    fn count(&mut self) -> io::Result<()> {
        self.wanted.check()?;
        self.stored.files += 1;
        if self.stored.files > MOST_FILES {
            let limit = format!("the image has more than {MOST_FILES} files");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, limit));
        }
        Ok(())
    }

    fn own(&self, parent: BorrowedFd<'_>, name: &OsStr, uid: u64, gid: u64) -> io::Result<()> {
        let Owners::Shifted(by) = self.owners else { return Ok(()) };
        let (uid, gid) = (Uid::from_raw(self.shifted(uid, by)), Gid::from_raw(self.shifted(gid, by)));
        Ok(chownat(parent, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?)
    }

    /// Owner first: a change of owner takes set-user-id bits away.
    fn settle(&self, file: BorrowedFd<'_>, about: About) -> io::Result<()> {
        if let Owners::Shifted(by) = self.owners {
            let (uid, gid) = (self.shifted(about.uid, by), self.shifted(about.gid, by));
            fchown(file, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?;
        }
        fchmod(file, Mode::from_raw_mode(about.mode & 0o7777))?;
        let time = Timespec { tv_sec: about.modified, tv_nsec: 0 };
        Ok(futimens(file, &Timestamps { last_access: time, last_modification: time })?)
    }

    fn shifted(&self, id: u64, by: u32) -> u32 {
        let id = id.checked_sub(u64::from(self.root_is)).filter(|id| *id <= MOST_IDS);
        by + id.and_then(|id| u32::try_from(id).ok()).unwrap_or(NOBODY)
    }
}

/// A path as an archive has it, as names below the root.
pub(super) fn inside(path: &Path) -> io::Result<PathBuf> {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => clean.push(name),
            Component::CurDir | Component::RootDir => {}
            Component::ParentDir | Component::Prefix(_) => {
                return Err(refuse(path, "leads out of the image"));
            }
        }
    }
    Ok(clean)
}

fn real_path(folder: BorrowedFd<'_>) -> io::Result<PathBuf> {
    std::fs::read_link(format!("/proc/self/fd/{}", folder.as_raw_fd()))
}

pub(super) fn refuse(path: &Path, why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("`{}` {why}", path.display()))
}
