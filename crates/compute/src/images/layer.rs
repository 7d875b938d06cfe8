//! A tar archive, unpacked into a tree: a root file system, or one layer of an image with its whiteouts.
//!
//! Names are kept short in memory, whatever the archive claims; device nodes are left out, since nothing inside could
//! open them; extended attributes too.

use std::collections::HashSet;
use std::ffi::OsString;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use tar::{Archive, Entry, EntryType};

use super::tree::{About, Tree, inside, refuse};
use crate::folders;

/// The longest header of long names that is taken.
const LONGEST_HEADER: u64 = 64 * 1024;
const WHITEOUT: &[u8] = b".wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";
/// The bytes of memory that a layer's own names may take.
const MOST_OWN: usize = 256 << 20;
/// What each takes beside its bytes.
const OWN_ENTRY: usize = 64;

/// What the names in an archive mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    RootFs,
    /// A change of what is below: `.wh.NAME` takes a name away.
    Layer,
}

/// Unpacks a whole archive.
pub(super) fn unpack(tree: &mut Tree, archive: impl Read, meaning: Meaning) -> io::Result<()> {
    let mut archive = Archive::new(archive);
    let mut unpacking = Unpacking { tree, meaning, own: Own::default(), next: Long::default() };
    for entry in archive.entries()?.raw(true) {
        unpacking.take(entry?)?;
    }
    Ok(())
}

struct Unpacking<'t> {
    tree: &'t mut Tree,
    meaning: Meaning,
    own: Own,
    next: Long,
}

/// What a layer made: its whiteouts are about what was below it.
#[derive(Debug, Default)]
struct Own {
    names: HashSet<PathBuf>,
    bytes: usize,
}

impl Own {
    fn add(&mut self, path: PathBuf) -> io::Result<()> {
        let bytes = path.as_os_str().len() + OWN_ENTRY;
        if self.names.insert(path) {
            self.bytes += bytes;
        }
        if self.bytes > MOST_OWN {
            let message = "the names of a layer are too many and too long";
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        Ok(())
    }

    fn has(&self, path: &Path) -> bool {
        self.names.contains(path)
    }
}

/// What headers of their own say about the entry that follows.
#[derive(Debug, Default)]
struct Long {
    path: Option<PathBuf>,
    link: Option<PathBuf>,
    uid: Option<u64>,
    gid: Option<u64>,
    modified: Option<i64>,
}

impl Unpacking<'_> {
    fn take(&mut self, mut entry: Entry<'_, impl Read>) -> io::Result<()> {
        match entry.header().entry_type() {
            EntryType::GNULongName => self.next.path = Some(name(read_header(&mut entry)?)),
            EntryType::GNULongLink => self.next.link = Some(name(read_header(&mut entry)?)),
            EntryType::XHeader => self.next.read(&read_header(&mut entry)?)?,
            EntryType::XGlobalHeader => drop(read_header(&mut entry)?),
            _ => {
                let long = std::mem::take(&mut self.next);
                return self.make(entry, long);
            }
        }
        Ok(())
    }

    fn make(&mut self, mut entry: Entry<'_, impl Read>, long: Long) -> io::Result<()> {
        let header = entry.header();
        let path = long.path.unwrap_or_else(|| name(header.path_bytes().into_owned()));
        let path = inside(&path)?;
        if self.meaning == Meaning::Layer && self.white_out(&path)? {
            return Ok(());
        }
        let about = About {
            mode: header.mode()?,
            uid: long.uid.map_or_else(|| header.uid(), Ok)?,
            gid: long.gid.map_or_else(|| header.gid(), Ok)?,
            modified: long.modified.map_or_else(|| header.mtime().map(|time| time as i64), Ok)?,
        };
        let target = || {
            let plain = || header.link_name_bytes().map(|bytes| name(bytes.into_owned()));
            long.link.or_else(plain).ok_or_else(|| refuse(&path, "is a link to nothing"))
        };
        match header.entry_type() {
            EntryType::Directory => self.tree.folder(&path, about)?,
            EntryType::Symlink => self.tree.symlink(&path, &target()?, about)?,
            EntryType::Link => self.tree.link(&path, &inside(&target()?)?)?,
            EntryType::Fifo => self.tree.fifo(&path, about)?,
            EntryType::Char | EntryType::Block => return Ok(()),
            EntryType::Regular | EntryType::Continuous => self.tree.file(&path, about, &mut entry)?,
            EntryType::GNUSparse => return Err(refuse(&path, "is stored sparse; pack it without --sparse")),
            _ => return Err(refuse(&path, "is of a kind that no root file system has")),
        }
        if self.meaning == Meaning::Layer {
            self.own.add(path)?;
        }
        Ok(())
    }

    /// Whether the name only takes others away; does so.
    fn white_out(&mut self, path: &Path) -> io::Result<bool> {
        let Some(name) = path.file_name().map(OsStrExt::as_bytes) else { return Ok(false) };
        let folder = path.parent().unwrap_or(Path::new(""));
        if name == OPAQUE {
            self.empty(folder)?;
            return Ok(true);
        }
        let Some(hidden) = name.strip_prefix(WHITEOUT) else { return Ok(false) };
        // `.wh..wh.` begins names that only the storage driver which wrote them knows.
        if !hidden.starts_with(WHITEOUT) && !hidden.is_empty() {
            let hidden = folder.join(OsString::from_vec(hidden.to_vec()));
            if inside(&hidden)? == hidden && !self.own.has(&hidden) {
                self.tree.remove(&hidden)?;
            }
        }
        Ok(true)
    }

    fn empty(&mut self, folder: &Path) -> io::Result<()> {
        let found = match self.tree.find(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other?,
        };
        for (name, _) in folders::entries(found.as_fd(), usize::MAX)? {
            let path = folder.join(name);
            if !self.own.has(&path) {
                self.tree.remove(&path)?;
            }
        }
        Ok(())
    }
}

impl Long {
    /// The records of a `pax` header: `LENGTH NAME=VALUE\n`.
    fn read(&mut self, bytes: &[u8]) -> io::Result<()> {
        let wrong = || io::Error::new(io::ErrorKind::InvalidData, "a header of the archive is broken");
        for record in tar::PaxExtensions::new(bytes) {
            let record = record?;
            let text = record.value().ok();
            let number = || text.and_then(|text| text.parse::<u64>().ok()).ok_or_else(wrong);
            match record.key_bytes() {
                b"path" => self.path = Some(name(record.value_bytes().to_vec())),
                b"linkpath" => self.link = Some(name(record.value_bytes().to_vec())),
                b"uid" => self.uid = Some(number()?),
                b"gid" => self.gid = Some(number()?),
                b"mtime" => {
                    let whole = text.and_then(|text| text.split('.').next());
                    self.modified = Some(whole.and_then(|text| text.parse().ok()).ok_or_else(wrong)?);
                }
                // Beyond 8 GiB: then the plain header does not tell where the file ends.
                b"size" => {
                    return Err(io::Error::new(io::ErrorKind::FileTooLarge, "a file of 8 GiB or more"));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn read_header(entry: &mut Entry<'_, impl Read>) -> io::Result<Vec<u8>> {
    if entry.size() > LONGEST_HEADER {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a name in the archive is too long"));
    }
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn name(mut bytes: Vec<u8>) -> PathBuf {
    while bytes.last() == Some(&0) {
        bytes.pop();
    }
    PathBuf::from(OsString::from_vec(bytes))
}

#[cfg(test)]
mod tests {
    use super::{MOST_OWN, OWN_ENTRY, Own};

    #[test]
    fn the_names_of_a_layer_are_bounded_by_their_bytes() {
        let mut own = Own { bytes: MOST_OWN - 2 * OWN_ENTRY, ..Own::default() };
        own.add("etc/one".into()).unwrap();
        // One name is kept once.
        own.add("etc/one".into()).unwrap();
        let refused = own.add("etc/".to_owned().repeat(20).into()).unwrap_err();
        assert!(refused.to_string().contains("too many"), "{refused}");
    }
}
