//! Containers that an engine runs: the supervisor joins their networks, and tells what their first process is run from.

use std::ffi::CString;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::exit;

use nix::libc;
use nix::sched::{CloneFlags, setns};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

use super::network::meeting;
use super::{Failure, Machines};
use crate::process::Process;
use crate::spec::Network;
use crate::sys::{self, MOUNT_ATTR_NODEV, MOUNT_ATTR_RDONLY, Side};

impl Machines {
    /// Joins a container to its VPC; answers with the listener that its first process looks for, then those of its
    /// metadata.
    pub(super) fn join(
        &mut self,
        id: &str,
        process: &Process,
        network: &Network,
    ) -> Result<Vec<OwnedFd>, Failure> {
        let failed = |error| ("join the network", error);
        let namespace = process.file("ns/net").map_err(failed)?;
        if is_own(&namespace).map_err(failed)? {
            return Err(failed(io::Error::other("the container has none of its own")));
        }
        self.ensure_router(&network.vpc)?;
        let meeting = meeting(&self.home, namespace.as_fd()).map_err(failed)?;
        let router = self.routers.get_mut(&network.vpc.id);
        let router = router.ok_or_else(|| failed(io::ErrorKind::NotFound.into()))?;
        let metadata = router.join(&self.home, id, Some(namespace), network);
        if metadata.is_err() {
            router.leave(id);
        }
        let mut given = vec![meeting];
        given.extend(metadata.map_err(failed)?);
        Ok(given)
    }
}

/// Makes what a container sees of the host read-only with all that is mounted below it: an engine does so for the top only.
pub(super) fn close(process: &Process, shared: &[PathBuf]) -> io::Result<()> {
    let namespace = process.file("ns/mnt")?;
    let Side::Parent { pid } = sys::clone_process(0, None)? else {
        let closed = close_in(&namespace, shared);
        exit(closed.map_or_else(|error| error.raw_os_error().unwrap_or(libc::EIO), |()| 0))
    };
    match waitpid(Pid::from_raw(pid), None)? {
        // It is said at the start where the kernel has no such call.
        WaitStatus::Exited(_, 0 | libc::ENOSYS) => Ok(()),
        WaitStatus::Exited(_, errno) => Err(io::Error::from_raw_os_error(errno)),
        _ => Err(io::Error::other("it was killed")),
    }
}

/// In a process of its own, which does not come back. Where a name leads is the container's matter: it is looked up there.
fn close_in(namespace: &File, shared: &[PathBuf]) -> io::Result<()> {
    setns(namespace, CloneFlags::CLONE_NEWNS)?;
    shared.iter().try_for_each(|place| {
        let place = CString::new(place.as_os_str().as_bytes())?;
        sys::set_mounts_at(&place, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV)
    })
}

/// Whether a network namespace is the one that this process is in.
fn is_own(namespace: &File) -> io::Result<bool> {
    let (own, other) = (fs::metadata("/proc/self/ns/net")?, namespace.metadata()?);
    Ok((own.dev(), own.ino()) == (other.dev(), other.ino()))
}

/// The files that this process runs from: its program, its loader when it has one, its libraries by the names that the
/// loader knows them by.
pub(super) fn parts() -> io::Result<Vec<PathBuf>> {
    let (loader, libraries) = sys::loaded();
    let program = fs::read_link("/proc/self/exe")?;
    Ok([program].into_iter().chain(loader).chain(libraries).collect())
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn a_program_knows_the_files_it_runs_from() {
        let parts = parts().unwrap();
        assert_eq!(parts.first().unwrap(), &std::env::current_exe().unwrap());
        assert!(parts.iter().all(|part| part.is_absolute() && part.is_file()), "{parts:?}");
        if let [_, loader, libraries @ ..] = parts.as_slice() {
            let name = loader.file_name().unwrap().to_str().unwrap();
            assert!(name.starts_with("ld"), "{parts:?}");
            let is_c = |part: &std::path::PathBuf| part.to_str().unwrap().contains("/libc.");
            assert!(name.contains("musl") || libraries.iter().any(is_c), "{parts:?}");
        }
    }
}
