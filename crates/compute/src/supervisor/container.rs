//! Containers that an engine runs: the supervisor joins their networks, and tells what their first process is run from.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use super::network::meeting;
use super::{Failure, Machines};
use crate::memory::Plain;
use crate::process::Process;
use crate::spec::Network;
use crate::sys;

impl Machines {
    /// Joins a container to its VPC; answers with the listener that its first process looks for, then those of its
    /// metadata.
    pub(super) fn join(
        &mut self,
        id: &str,
        network: &Network,
        files: Vec<OwnedFd>,
        plain: Plain,
    ) -> Result<Vec<OwnedFd>, Failure> {
        let failed = |error| ("join the network", error);
        let process = files.into_iter().next().ok_or_else(|| failed(io::ErrorKind::NotFound.into()))?;
        let process = Process::received(process);
        // It may be what the engine is, and would hand that down.
        plain.give(&process).map_err(|error| ("be among the first to go", error))?;
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
