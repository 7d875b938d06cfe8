//! Archives that are sent to an engine: a fresh system for the host's `/usr`, and images of the driver's own store.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tar::{Builder, EntryType, Header};
use tokio::sync::mpsc;

use crate::init::template::Template;

/// How much is written before it is sent.
const PIECE: usize = 256 * 1024;
/// Pieces that wait to be sent.
const WAITING: usize = 8;

/// The far end of a request's body.
struct Pieces {
    to: mpsc::Sender<io::Result<Bytes>>,
    kept: Vec<u8>,
}

impl Pieces {
    fn pass_on(&mut self) -> io::Result<()> {
        if self.kept.is_empty() {
            return Ok(());
        }
        let piece = Bytes::from(std::mem::take(&mut self.kept));
        self.to.blocking_send(Ok(piece)).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.kept.extend_from_slice(bytes);
        if self.kept.len() >= PIECE {
            self.pass_on()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pass_on()
    }
}

/// The most bytes of holes in the files of an image: who unpacks it writes zeros for them.
const MOST_HOLES: u64 = 1 << 30;

/// Refuses what would grow out of proportion where it is unpacked.
pub(super) fn check_holes(root: &Path) -> io::Result<()> {
    let (mut waiting, mut holes) = (vec![root.to_owned()], 0_u64);
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let about = entry.metadata()?;
            if about.is_dir() {
                waiting.push(entry.path());
            } else if about.is_file() {
                holes = holes.saturating_add(about.len().saturating_sub(about.blocks() * 512));
            }
        }
    }
    if holes <= MOST_HOLES {
        return Ok(());
    }
    let text = format!("its files have {} MiB of holes, which would be filled", holes >> 20);
    Err(io::Error::new(io::ErrorKind::FileTooLarge, text))
}

/// Packs a folder of the store while it is sent. Its files' owners are moved down by `shift`.
pub(super) fn send_tree(root: PathBuf, shift: u32) -> mpsc::Receiver<io::Result<Bytes>> {
    let (to, pieces) = mpsc::channel(WAITING);
    tokio::task::spawn_blocking(move || {
        let mut archive = Builder::new(Pieces { to: to.clone(), kept: Vec::new() });
        let packed = pack(&mut archive, &root, shift).and_then(|()| archive.into_inner()?.flush());
        if let Err(error) = packed {
            // Cut short, it is no archive: who receives it is told, if they still listen.
            let _ = to.blocking_send(Err(error));
        }
    });
    pieces
}

fn pack(archive: &mut Builder<impl Write>, root: &Path, shift: u32) -> io::Result<()> {
    archive.follow_symlinks(false);
    let mut linked = HashMap::new();
    let mut waiting = vec![PathBuf::new()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            let about = entry.metadata()?;
            if about.is_dir() {
                waiting.push(path.clone());
            }
            add(archive, &entry.path(), &path, &about, shift, &mut linked)?;
        }
    }
    archive.finish()
}

/// Adds one name. A further name of a file that is in already becomes a link to the first.
fn add(
    archive: &mut Builder<impl Write>,
    from: &Path,
    path: &Path,
    about: &Metadata,
    shift: u32,
    linked: &mut HashMap<(u64, u64), PathBuf>,
) -> io::Result<()> {
    let mut header = header(about.mode() & 0o7777, about.mtime());
    header.set_uid(u64::from(about.uid().saturating_sub(shift)));
    header.set_gid(u64::from(about.gid().saturating_sub(shift)));
    let kind = about.file_type();
    if kind.is_dir() {
        header.set_entry_type(EntryType::Directory);
        return archive.append_data(&mut header, path, io::empty());
    }
    if kind.is_symlink() {
        header.set_entry_type(EntryType::Symlink);
        return append_link(archive, &mut header, path, &fs::read_link(from)?);
    }
    if about.nlink() > 1 {
        let file = (about.dev(), about.ino());
        if let Some(first) = linked.get(&file) {
            header.set_entry_type(EntryType::Link);
            return append_link(archive, &mut header, path, first);
        }
        linked.insert(file, path.to_owned());
    }
    if kind.is_fifo() {
        header.set_entry_type(EntryType::Fifo);
        return archive.append_data(&mut header, path, io::empty());
    }
    if !kind.is_file() {
        return Ok(());
    }
    header.set_size(about.len());
    archive.append_data(&mut header, path, File::open(from)?)
}

/// An absolute target or one with `..` is as good as any: nothing is looked up here.
fn append_link(
    archive: &mut Builder<impl Write>,
    header: &mut Header,
    path: &Path,
    target: &Path,
) -> io::Result<()> {
    if target.as_os_str().as_bytes().len() < 100 {
        header.set_link_name_literal(target.as_os_str().as_bytes())?;
        return archive.append_data(header, path, io::empty());
    }
    archive.append_link(header, path, target)
}

/// A system without `/usr`: what a fresh `/etc` takes over from the host, and the folders that are mounted over.
pub(super) fn fresh_system(places: &[PathBuf]) -> io::Result<Vec<u8>> {
    let mut archive = Builder::new(Vec::new());
    // With those above them: an engine makes what is not named as it likes.
    let folders: BTreeSet<&Path> = places.iter().flat_map(|place| place.ancestors()).collect();
    for place in folders.into_iter().filter(|place| !place.as_os_str().is_empty()) {
        let mut header = header(0o755, 0);
        header.set_entry_type(EntryType::Directory);
        archive.append_data(&mut header, place, io::empty())?;
    }
    Template::read().pack(&mut archive)?;
    archive.into_inner()
}

/// What every entry has.
pub(crate) fn header(mode: u32, modified: i64) -> Header {
    let mut header = Header::new_gnu();
    header.set_mode(mode);
    header.set_mtime(u64::try_from(modified).unwrap_or_default());
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(0);
    header.set_entry_type(EntryType::Regular);
    header
}

/// One archive that is in memory, as a request's body.
pub(super) async fn send_whole(bytes: Vec<u8>) -> mpsc::Receiver<io::Result<Bytes>> {
    let (to, pieces) = mpsc::channel(1);
    // There is room for one, and the receiver is right here.
    let _ = to.send(Ok(Bytes::from(bytes))).await;
    pieces
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::io::Read;
    use std::os::unix::fs::symlink;

    use tar::Archive;

    use super::{check_holes, send_tree};

    #[test]
    fn a_tree_that_is_mostly_holes_is_not_sent() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("var")).unwrap();
        let file = |name: &str, bytes: u64| {
            fs::File::create(root.path().join(name)).unwrap().set_len(bytes).unwrap();
        };
        file("var/one", 1 << 29);
        file("two", 1 << 29);
        check_holes(root.path()).unwrap();
        file("var/three", 1 << 20);
        let refused = check_holes(root.path()).unwrap_err().to_string();
        assert!(refused.contains("1025 MiB of holes"), "{refused}");
    }

    #[tokio::test]
    async fn a_tree_is_packed_with_its_links() {
        let root = tempfile::tempdir().unwrap();
        let long = "n".repeat(120);
        fs::create_dir_all(root.path().join("etc/deep")).unwrap();
        fs::write(root.path().join("etc/deep").join(&long), "text").unwrap();
        fs::write(root.path().join("etc/one"), "same").unwrap();
        fs::hard_link(root.path().join("etc/one"), root.path().join("etc/two")).unwrap();
        symlink("../../usr/bin/x", root.path().join("etc/link")).unwrap();
        symlink(format!("/{long}"), root.path().join("etc/far")).unwrap();
        let mut pieces = send_tree(root.path().to_owned(), 0);
        let mut bytes = Vec::new();
        while let Some(piece) = pieces.recv().await {
            bytes.extend_from_slice(&piece.unwrap());
        }
        let mut found = BTreeMap::new();
        for entry in Archive::new(bytes.as_slice()).entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            let link = entry.link_name().unwrap().map(|link| link.display().to_string());
            found.insert(entry.path().unwrap().display().to_string(), link.unwrap_or(text));
        }
        assert_eq!(found[&format!("etc/deep/{long}")], "text");
        assert_eq!(found["etc/link"], "../../usr/bin/x");
        assert_eq!(found["etc/far"], format!("/{long}"));
        let same = [found["etc/one"].as_str(), found["etc/two"].as_str()];
        assert!(
            same.contains(&"same") && (same.contains(&"etc/one") || same.contains(&"etc/two")),
            "{same:?}"
        );
    }
}
