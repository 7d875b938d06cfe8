//! The driver's store of images: root file systems that instances boot from, each a folder that nobody writes to
//! once it stands.
//!
//! ```text
//!   images/ami-1/root         the files, owned as on instances' disks
//!   images/ami-1/image.json   what it is; written last
//!   images/ami-1/deleted      nobody may start from it any more, but some still do
//!   images/.new-7             being made; swept at the next start
//! ```

mod archive;
mod compression;
mod copy;
mod holes;
mod layer;
#[cfg(test)]
mod tests;
mod tree;
mod wanted;

use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, chown};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt};

use holes::Filling;
pub(crate) use tree::Owners;
use tree::Tree;
pub(crate) use wanted::{Wanted, Wish};

use crate::{ComputeError, Image, Reader, folders};

/// How much of a stream is kept at a time.
const PIECE: usize = 256 << 10;
/// The most bytes that are read of an archive.
const MOST_SOURCE: u64 = 64 << 30;
const IMAGES: &str = "images";
const ROOT: &str = "root";
const ABOUT: &str = "image.json";
const DELETED: &str = "deleted";
/// In the folder of an instance: the id of the image that it booted from.
const USED: &str = "image";
/// In an overlay's disk: what the instance wrote, and the kernel's room to work in.
pub(crate) const UPPER: &str = "upper";
pub(crate) const WORK: &str = "work";

/// Where an image's bytes come from.
pub enum ImageSource {
    File(PathBuf),
    Stream(Reader),
}

impl fmt::Debug for ImageSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ImageSource::File(path) => f.debug_tuple("File").field(path).finish(),
            ImageSource::Stream(_) => f.write_str("Stream"),
        }
    }
}

/// What is kept of an image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// The bytes of its files.
    pub bytes: u64,
    pub files: u64,
}

/// What an image is, beside its files.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct About {
    /// It was made of an instance that saw this host's `/usr`, and its instances do, too.
    over_host: bool,
    stored: Stored,
}

/// An image as an instance boots it.
#[derive(Debug)]
pub(crate) struct Base {
    pub root: PathBuf,
    pub over_host: bool,
}

/// How an engine exports containers.
#[derive(Debug)]
pub(crate) struct Exported {
    /// The id that root inside has in the archive.
    pub root_is: u32,
    /// Names at the top that are the engine's and ours, not the instance's.
    pub engine_own: &'static [&'static str],
}

/// Finds the files of an image below the driver's folder.
pub(crate) fn base(dir: &Path, id: &str) -> io::Result<Base> {
    let folder = dir.join(IMAGES).join(id);
    let about = about(&folder)?;
    Ok(Base { root: folder.join(ROOT), over_host: about.over_host })
}

fn about(folder: &Path) -> io::Result<About> {
    Ok(serde_json::from_slice(&fs::read(folder.join(ABOUT))?)?)
}

/// Fills a file with what comes, beside the runtime's threads.
async fn keep(file: File, stream: &mut (impl AsyncRead + Unpin)) -> io::Result<File> {
    let (mut filling, mut piece) = (Filling::new(file), Vec::with_capacity(PIECE));
    loop {
        piece.clear();
        while piece.len() < PIECE && stream.read_buf(&mut piece).await? > 0 {}
        if piece.is_empty() {
            return filling.finish();
        }
        let written = tokio::task::spawn_blocking(move || {
            filling.write_all(&piece)?;
            io::Result::Ok((filling, piece))
        });
        (filling, piece) = written.await.map_err(io::Error::other)??;
    }
}

/// The images of one driver.
#[derive(Debug)]
pub(crate) struct Images {
    /// The driver's folder.
    dir: PathBuf,
    owners: Owners,
    number: AtomicU64,
    /// Held while it is looked up, written or deleted who uses what.
    uses: Mutex<()>,
}

impl Images {
    pub(crate) fn open(dir: &Path, owners: Owners) -> io::Result<Images> {
        let images = dir.join(IMAGES);
        DirBuilder::new().recursive(true).mode(0o700).create(&images)?;
        for entry in fs::read_dir(&images)?.flatten() {
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                folders::remove_path(&entry.path())?;
            }
        }
        Ok(Images { dir: dir.to_owned(), owners, number: AtomicU64::new(0), uses: Mutex::new(()) })
    }

    /// A file of the store's own for what comes as a stream.
    pub(crate) async fn source(&self, source: ImageSource) -> Result<File, ComputeError> {
        let failed = |error| ComputeError::failed("read the image", error);
        match source {
            ImageSource::File(path) => {
                let file = OpenOptions::new().read(true).custom_flags(nix::libc::O_NONBLOCK).open(path);
                let file = file.map_err(failed)?;
                if file.metadata().map_err(failed)?.is_file() {
                    return Ok(file);
                }
                Err(failed(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file")))
            }
            ImageSource::Stream(stream) => {
                let mut stream = stream.take(MOST_SOURCE);
                let kept = keep(self.spool().map_err(failed)?, &mut stream).await.map_err(failed)?;
                if stream.limit() == 0 {
                    return Err(failed(io::ErrorKind::FileTooLarge.into()));
                }
                Ok(kept)
            }
        }
    }

    /// An open file without a name.
    fn spool(&self) -> io::Result<File> {
        let path = self.fresh();
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        fs::remove_file(&path)?;
        Ok(file)
    }

    fn fresh(&self) -> PathBuf {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        self.dir.join(IMAGES).join(format!(".new-{number}"))
    }

    /// Unpacks an archive as the image `id`. An image that is there already stays as it is.
    pub(crate) fn import(&self, id: &str, file: &File, wanted: &Wanted) -> io::Result<Stored> {
        self.make(id, wanted, |root| {
            let mut tree = Tree::open(root, self.owners, wanted)?;
            archive::import(&mut tree, file, || self.spool())?;
            let stored = tree.stored();
            if stored.files == 0 {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the archive is empty"));
            }
            Ok(About { over_host: false, stored })
        })
    }

    /// Takes what an engine exports of a container as the image `id`. `base` is what the container was made from.
    pub(crate) fn adopt(
        &self,
        id: &str,
        file: &File,
        base: &Image,
        exported: &Exported,
        wanted: &Wanted,
    ) -> io::Result<Stored> {
        let over_host = match base {
            Image::HostUsr => true,
            Image::RootFs { id } => self::base(&self.dir, id)?.over_host,
        };
        self.make(id, wanted, |root| {
            let mut tree = Tree::open(root, self.owners, wanted)?;
            tree.ids_from(exported.root_is);
            archive::import(&mut tree, file, || self.spool())?;
            let folder = File::open(root)?;
            for name in exported.engine_own {
                folders::remove(folder.as_fd(), OsStr::new(name))?;
            }
            Ok(About { over_host, stored: tree.stored() })
        })
    }

    /// Whether instances can still start from an image.
    pub(crate) fn has(&self, id: &str) -> bool {
        let image = self.dir.join(IMAGES).join(id);
        image.join(ABOUT).exists() && !image.join(DELETED).exists()
    }

    /// Makes the image `id` of the disk of `instance`.
    pub(crate) fn snapshot(&self, instance: &str, id: &str, wanted: &Wanted) -> io::Result<Stored> {
        let folder = self.instance(instance);
        let disk = folder.join(ROOT);
        self.make(id, wanted, |root| {
            let Some(used) = self.used(&folder)? else {
                return Ok(About { over_host: true, stored: copy::apply_disk(&disk, root, wanted)? });
            };
            let base = base(&self.dir, &used)?;
            let mut stored = copy::clone_tree(&base.root, root, wanted)?;
            let own = copy::apply_disk(&disk.join(UPPER), root, wanted)?;
            stored.files += own.files;
            stored.bytes += own.bytes;
            Ok(About { over_host: base.over_host, stored })
        })
    }

    fn make(
        &self,
        id: &str,
        wanted: &Wanted,
        fill: impl FnOnce(&Path) -> io::Result<About>,
    ) -> io::Result<Stored> {
        let place = self.dir.join(IMAGES).join(id);
        if let Ok(about) = about(&place) {
            return Ok(about.stored);
        }
        let new = self.fresh();
        let made = self.fill(&new, fill).and_then(|stored| {
            // What nobody waits for would be in nobody's record.
            wanted.check()?;
            fs::rename(&new, &place)?;
            Ok(stored)
        });
        if made.is_err() {
            // The first error is the cause; what is left is swept at the next start.
            let _ = folders::remove_path(&new);
        }
        made
    }

    fn fill(&self, new: &Path, fill: impl FnOnce(&Path) -> io::Result<About>) -> io::Result<Stored> {
        let root = new.join(ROOT);
        DirBuilder::new().mode(0o700).create(new)?;
        DirBuilder::new().mode(0o755).create(&root)?;
        if let Owners::Shifted(by) = self.owners {
            chown(&root, Some(by), Some(by))?;
        }
        let about = fill(&root)?;
        fs::write(new.join(ABOUT), serde_json::to_vec(&about)?)?;
        Ok(about.stored)
    }

    /// Notes that an instance boots from its image, at its first start; refused for one that is not there.
    pub(crate) fn take(&self, instance: &str, image: &Image) -> io::Result<()> {
        let Image::RootFs { id } = image else { return Ok(()) };
        let _held = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = self.instance(instance);
        if self.used(&folder)?.as_ref() == Some(id) {
            return Ok(());
        }
        if !self.has(id) {
            return Err(io::Error::new(io::ErrorKind::NotFound, format!("there is no image `{id}` here")));
        }
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        fs::write(folder.join(USED), id)
    }

    /// Deletes an image, or marks it until its last instance has gone. Gives what to delete now.
    pub(crate) fn delete(&self, id: &str) -> io::Result<()> {
        let _held = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        let image = self.dir.join(IMAGES).join(id);
        if !image.exists() {
            return Ok(());
        }
        fs::write(image.join(DELETED), "")?;
        self.discard_unused(id)
    }

    /// Called when the folder of an instance is gone: its image may have waited for that.
    pub(crate) fn released(&self, image: &str) -> io::Result<()> {
        let _held = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        self.discard_unused(image)
    }

    fn discard_unused(&self, id: &str) -> io::Result<()> {
        let image = self.dir.join(IMAGES).join(id);
        if !image.join(DELETED).exists() {
            return Ok(());
        }
        for entry in fs::read_dir(self.dir.join("instances"))?.flatten() {
            if self.used(&entry.path())?.as_deref() == Some(id) {
                return Ok(());
            }
        }
        let gone = self.fresh();
        fs::rename(&image, &gone)?;
        folders::remove_path(&gone)
    }

    /// The image that the instance of this folder booted from.
    pub(crate) fn used(&self, instance: &Path) -> io::Result<Option<String>> {
        match fs::read_to_string(instance.join(USED)) {
            Ok(id) => Ok(Some(id)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn instance(&self, id: &str) -> PathBuf {
        self.dir.join("instances").join(id)
    }
}
