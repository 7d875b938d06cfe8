//! Consoles of instances: files, written by their first processes and read by the server.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

use super::{Host, beside};
use crate::ComputeError;

impl Host {
    pub(crate) async fn console(&self, id: &str) -> Result<Vec<u8>, ComputeError> {
        let path = self.folder(id).join("console.log");
        beside("read the console", move || read_tail(&path)).await
    }

    pub(crate) fn console_now(&self, id: &str) -> Result<Vec<u8>, ComputeError> {
        let read = read_tail(&self.folder(id).join("console.log"));
        read.map_err(|error| ComputeError::failed("read the console", error))
    }

    pub(super) fn open_console(&self, id: &str) -> io::Result<OwnedFd> {
        let folder = self.folder(id);
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let path = folder.join("console.log");
        let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
        // Room for what is kept: on a disk that an instance fills up, its console is what tells of it.
        match fallocate(&file, FallocateFlags::KEEP_SIZE, 0, crate::CONSOLE_LIMIT as u64) {
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(file.into()),
            Err(error) => Err(error.into()),
        }
    }
}

fn read_tail(path: &Path) -> io::Result<Vec<u8>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let length = file.metadata()?.len();
    let kept = length.min(crate::CONSOLE_LIMIT as u64);
    let mut bytes = vec![0; kept as usize];
    // The init may have cut the file meanwhile: then there is less.
    let read = file.read_at(&mut bytes, length - kept)?;
    bytes.truncate(read);
    Ok(bytes)
}
