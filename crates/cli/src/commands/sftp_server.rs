//! `rolecall sftp-server`: SFTP on standard input and output, with the rights of whoever runs it. SSH runs it inside an
//! instance whose image has no such server; nobody needs to call it.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt, PermissionsExt, chown, symlink};
use std::path::Path;

use nix::fcntl::AT_FDCWD;
use nix::sys::stat::{UtimensatFlags, utimensat};
use nix::sys::time::TimeSpec;
use russh_sftp::protocol::{
    Attrs, Data, File as Entry, FileAttributes, Handle, Name, OpenFlags, Packet, Status, StatusCode, Version,
};
use russh_sftp::server::{Handler, StatusReply};
use tokio::sync::oneshot;

use super::block_on;
use crate::client::Failure;

/// Files and folders that may be open at a time.
const HANDLES: usize = 256;
/// Bytes of one answer to a read.
const PIECE: u32 = 255 * 1024;
/// Names of one answer to a listing.
const NAMES: usize = 100;
/// What this server has beyond version 3.
const EXTENSIONS: [&str; 3] = [RENAME, LINK, SYNC];
const RENAME: &str = "posix-rename@openssh.com";
const LINK: &str = "hardlink@openssh.com";
const SYNC: &str = "fsync@openssh.com";

pub fn run() -> Result<u8, Failure> {
    block_on(async {
        let (alive, over) = oneshot::channel();
        let stream = tokio::io::join(tokio::io::stdin(), tokio::io::stdout());
        russh_sftp::server::run(stream, Files { open: HashMap::new(), made: 0, _alive: alive }).await;
        // The files go when the client has ended its input.
        let _ = over.await;
        Ok::<_, Failure>(0)
    })
}

/// What a client has open.
struct Files {
    open: HashMap<String, Open>,
    made: u64,
    _alive: oneshot::Sender<()>,
}

enum Open {
    File(File),
    /// The names that were not listed yet.
    Folder(std::vec::IntoIter<Entry>),
}

/// What went wrong, as the protocol says it.
struct Wrong(StatusCode, String);

impl From<io::Error> for Wrong {
    fn from(error: io::Error) -> Wrong {
        let code = match error.kind() {
            io::ErrorKind::NotFound => StatusCode::NoSuchFile,
            io::ErrorKind::PermissionDenied => StatusCode::PermissionDenied,
            io::ErrorKind::UnexpectedEof => StatusCode::Eof,
            _ => StatusCode::Failure,
        };
        Wrong(code, error.to_string())
    }
}

impl From<nix::Error> for Wrong {
    fn from(error: nix::Error) -> Wrong {
        io::Error::from(error).into()
    }
}

impl From<Wrong> for StatusReply {
    fn from(Wrong(code, text): Wrong) -> StatusReply {
        code.with_message(text)
    }
}

type Done<T> = Result<T, Wrong>;

impl Files {
    fn keep(&mut self, id: u32, open: Open) -> Done<Handle> {
        if self.open.len() >= HANDLES {
            return Err(Wrong(StatusCode::Failure, "too many files are open".into()));
        }
        self.made += 1;
        let handle = self.made.to_string();
        self.open.insert(handle.clone(), open);
        Ok(Handle { id, handle })
    }

    fn file(&self, handle: &str) -> Done<&File> {
        match self.open.get(handle) {
            Some(Open::File(file)) => Ok(file),
            _ => Err(Wrong(StatusCode::Failure, "no such handle".into())),
        }
    }
}

fn good(id: u32) -> Status {
    let (error_message, language_tag) = ("Success".to_owned(), "en".to_owned());
    Status { id, status_code: StatusCode::Ok, error_message, language_tag }
}

/// A path; an empty one is the folder that the session began in.
fn path(text: &str) -> &Path {
    Path::new(if text.is_empty() { "." } else { text })
}

/// Sets what a client wishes of a file, by its path.
fn set(path: &Path, wished: &FileAttributes) -> Done<()> {
    if let Some(size) = wished.size {
        OpenOptions::new().write(true).open(path)?.set_len(size)?;
    }
    if let Some(mode) = wished.permissions {
        fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o7777))?;
    }
    if wished.uid.is_some() || wished.gid.is_some() {
        chown(path, wished.uid, wished.gid)?;
    }
    if let (Some(accessed), Some(changed)) = (wished.atime, wished.mtime) {
        let time = |seconds: u32| TimeSpec::new(i64::from(seconds), 0);
        let (accessed, changed) = (time(accessed), time(changed));
        utimensat(AT_FDCWD, path, &accessed, &changed, UtimensatFlags::FollowSymlink)?;
    }
    Ok(())
}

/// The strings that the data of an extension begins with.
fn strings<const N: usize>(mut data: &[u8]) -> Done<[String; N]> {
    let bad = || Wrong(StatusCode::BadMessage, "a request is cut off".into());
    let mut found = [const { String::new() }; N];
    for one in &mut found {
        let (length, rest) = data.split_first_chunk::<4>().ok_or_else(bad)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| bad())?;
        let (text, rest) = rest.split_at_checked(length).ok_or_else(bad)?;
        *one = String::from_utf8(text.to_vec()).map_err(|_| bad())?;
        data = rest;
    }
    Ok(found)
}

impl Handler for Files {
    type Error = Wrong;

    fn unimplemented(&self) -> Wrong {
        Wrong(StatusCode::OpUnsupported, "not supported".into())
    }

    async fn init(&mut self, _: u32, _: HashMap<String, String>) -> Done<Version> {
        let mut version = Version::new();
        version.extensions = EXTENSIONS.iter().map(|name| ((*name).to_owned(), "1".to_owned())).collect();
        Ok(version)
    }

    async fn open(
        &mut self,
        id: u32,
        name: String,
        flags: OpenFlags,
        wished: FileAttributes,
    ) -> Done<Handle> {
        let mut options = OpenOptions::from(flags);
        options.mode(wished.permissions.map_or(0o666, |mode| mode & 0o7777));
        let file = options.open(path(&name))?;
        self.keep(id, Open::File(file))
    }

    async fn close(&mut self, id: u32, handle: String) -> Done<Status> {
        let closed = self.open.remove(&handle);
        closed.map(|_| good(id)).ok_or_else(|| Wrong(StatusCode::Failure, "no such handle".into()))
    }

    async fn read(&mut self, id: u32, handle: String, offset: u64, length: u32) -> Done<Data> {
        let mut data = vec![0; usize::try_from(length.min(PIECE)).unwrap_or(0)];
        let read = self.file(&handle)?.read_at(&mut data, offset)?;
        if read == 0 && length > 0 {
            return Err(Wrong(StatusCode::Eof, "end of file".into()));
        }
        data.truncate(read);
        Ok(Data { id, data })
    }

    async fn write(&mut self, id: u32, handle: String, offset: u64, data: Vec<u8>) -> Done<Status> {
        self.file(&handle)?.write_all_at(&data, offset)?;
        Ok(good(id))
    }

    async fn lstat(&mut self, id: u32, name: String) -> Done<Attrs> {
        Ok(Attrs { id, attrs: FileAttributes::from(&fs::symlink_metadata(path(&name))?) })
    }

    async fn stat(&mut self, id: u32, name: String) -> Done<Attrs> {
        Ok(Attrs { id, attrs: FileAttributes::from(&fs::metadata(path(&name))?) })
    }

    async fn fstat(&mut self, id: u32, handle: String) -> Done<Attrs> {
        Ok(Attrs { id, attrs: FileAttributes::from(&self.file(&handle)?.metadata()?) })
    }

    async fn setstat(&mut self, id: u32, name: String, wished: FileAttributes) -> Done<Status> {
        set(path(&name), &wished)?;
        Ok(good(id))
    }

    async fn fsetstat(&mut self, id: u32, handle: String, wished: FileAttributes) -> Done<Status> {
        use std::os::fd::AsRawFd as _;
        // The file itself, whatever its name leads to by now.
        let own = format!("/proc/self/fd/{}", self.file(&handle)?.as_raw_fd());
        set(Path::new(&own), &wished)?;
        Ok(good(id))
    }

    async fn opendir(&mut self, id: u32, name: String) -> Done<Handle> {
        let folder = path(&name);
        let mut found = Vec::new();
        for special in [".", ".."] {
            let attributes = FileAttributes::from(&fs::metadata(folder.join(special))?);
            found.push(Entry::new(special, attributes));
        }
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            // One that has just gone is not there.
            let Ok(metadata) = entry.metadata() else { continue };
            let name = entry.file_name().to_string_lossy().into_owned();
            found.push(Entry::new(name, FileAttributes::from(&metadata)));
        }
        self.keep(id, Open::Folder(found.into_iter()))
    }

    async fn readdir(&mut self, id: u32, handle: String) -> Done<Name> {
        let Some(Open::Folder(left)) = self.open.get_mut(&handle) else {
            return Err(Wrong(StatusCode::Failure, "no such handle".into()));
        };
        let files: Vec<Entry> = left.by_ref().take(NAMES).collect();
        if files.is_empty() {
            return Err(Wrong(StatusCode::Eof, "end of folder".into()));
        }
        Ok(Name { id, files })
    }

    async fn remove(&mut self, id: u32, name: String) -> Done<Status> {
        fs::remove_file(path(&name))?;
        Ok(good(id))
    }

    async fn mkdir(&mut self, id: u32, name: String, wished: FileAttributes) -> Done<Status> {
        let mode = wished.permissions.map_or(0o777, |mode| mode & 0o7777);
        fs::DirBuilder::new().mode(mode).create(path(&name))?;
        Ok(good(id))
    }

    async fn rmdir(&mut self, id: u32, name: String) -> Done<Status> {
        fs::remove_dir(path(&name))?;
        Ok(good(id))
    }

    async fn realpath(&mut self, id: u32, name: String) -> Done<Name> {
        let given = path(&name);
        let real = match fs::canonicalize(given) {
            Ok(real) => real,
            // The last name may be one that is yet to be made.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let folder = given.parent().filter(|folder| !folder.as_os_str().is_empty());
                let real = fs::canonicalize(folder.unwrap_or(Path::new(".")))?;
                given.file_name().map_or(real.clone(), |last| real.join(last))
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Name { id, files: vec![Entry::dummy(real.to_string_lossy())] })
    }

    async fn rename(&mut self, id: u32, from: String, to: String) -> Done<Status> {
        // Version 3 never replaces a file.
        if fs::symlink_metadata(path(&to)).is_ok() {
            return Err(Wrong(StatusCode::Failure, "the new name is taken".into()));
        }
        fs::rename(path(&from), path(&to))?;
        Ok(good(id))
    }

    async fn readlink(&mut self, id: u32, name: String) -> Done<Name> {
        let target = fs::read_link(path(&name))?;
        Ok(Name { id, files: vec![Entry::dummy(target.to_string_lossy())] })
    }

    /// OpenSSH's clients and server name the target first, against the protocol's text; all others follow them.
    async fn symlink(&mut self, id: u32, target: String, link: String) -> Done<Status> {
        symlink(path(&target), path(&link))?;
        Ok(good(id))
    }

    async fn extended(&mut self, id: u32, request: String, data: Vec<u8>) -> Done<Packet> {
        match request.as_str() {
            RENAME => {
                let [from, to] = strings(&data)?;
                fs::rename(path(&from), path(&to))?;
            }
            LINK => {
                let [from, to] = strings(&data)?;
                fs::hard_link(path(&from), path(&to))?;
            }
            SYNC => {
                let [handle] = strings(&data)?;
                self.file(&handle)?.sync_all()?;
            }
            _ => return Err(self.unimplemented()),
        }
        Ok(Packet::Status(good(id)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strings_of_an_extension_are_read_and_cut_off_ones_refused() {
        let data = [&[0, 0, 0, 1][..], b"a", &[0, 0, 0, 2], b"bc"].concat();
        assert!(strings::<2>(&data).is_ok_and(|found| found == ["a", "bc"]));
        assert!(strings::<3>(&data).is_err());
        assert!(strings::<1>(&[0, 0, 0, 9, 1]).is_err());
        assert!(strings::<1>(&[255, 255, 255, 255]).is_err());
    }
}
