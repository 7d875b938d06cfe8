//! Whether a server lives that left something in an engine. It is taken for dead only when that is certain.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

use super::{IDENTITY, LOCK};
use crate::process::Process;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    Lives,
    Dead,
    /// Neither can be told from here.
    Unknown,
}

/// This process, as a label says it: the boot of this machine, the process namespace, the number in it and the time of
/// its start.
pub(super) fn this_process() -> io::Result<String> {
    let own = Process::open(i32::try_from(std::process::id()).map_err(io::Error::other)?)?;
    Ok(format!("{} {} {}", surroundings()?, std::process::id(), began(&own)?))
}

/// Of the server `id`: by the lock in its folder, if that is what is seen there, else by its process.
pub(super) fn of(id: &str, folder: &Path, process: &str) -> Life {
    match of_folder(id, folder) {
        Life::Unknown => of_process(process).unwrap_or(Life::Unknown),
        told => told,
    }
}

/// It holds the lock of its folder. Another folder may be seen under that name from here.
fn of_folder(id: &str, folder: &Path) -> Life {
    if fs::read_to_string(folder.join(IDENTITY)).ok().as_deref() != Some(id) {
        return Life::Unknown;
    }
    let Ok(file) = fs::File::options().write(true).open(folder.join(LOCK)) else { return Life::Unknown };
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(_) => Life::Dead,
        Err((_, Errno::EWOULDBLOCK)) => Life::Lives,
        Err(_) => Life::Unknown,
    }
}

fn of_process(told: &str) -> io::Result<Life> {
    let [boot, namespace, pid, start] = *told.split(' ').collect::<Vec<_>>() else {
        return Ok(Life::Unknown);
    };
    let own = surroundings()?;
    let Some((own_boot, own_namespace)) = own.split_once(' ') else { return Ok(Life::Unknown) };
    if boot != own_boot {
        return Ok(Life::Dead);
    }
    if namespace != own_namespace {
        return Ok(Life::Unknown);
    }
    let pid = pid.parse().map_err(io::Error::other)?;
    match Process::open(pid).and_then(|process| began(&process)) {
        Ok(began) if began == start => Ok(Life::Lives),
        Ok(_) => Ok(Life::Dead),
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ESRCH)) => Ok(Life::Dead),
        Err(error) => Err(error),
    }
}

fn surroundings() -> io::Result<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
    Ok(format!("{} {}", boot.trim(), fs::metadata("/proc/self/ns/pid")?.ino()))
}

/// When a process began, in the kernel's ticks since the boot. What comes before it may have spaces in it.
fn began(process: &Process) -> io::Result<String> {
    let text = process.read("stat")?;
    let fields = text.rsplit(')').next().unwrap_or_default();
    let start = fields.split_whitespace().nth(19);
    start.map(str::to_owned).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::process::Command;

    use super::super::hold;
    use super::{Life, began, of, surroundings, this_process};
    use crate::process::Process;

    #[test]
    fn a_server_is_dead_when_its_lock_is_free_or_its_process_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("engine-id"), "00").unwrap();
        let held = hold(&folder.path().join("engine.lock")).unwrap();
        assert_eq!(of("00", folder.path(), ""), Life::Lives);
        drop(held);
        assert_eq!(of("00", folder.path(), ""), Life::Dead);
        let nowhere = Path::new("/nowhere");
        let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
        let process = Process::open(child.id() as i32).unwrap();
        let told = format!("{} {} {}", surroundings().unwrap(), child.id(), began(&process).unwrap());
        assert_eq!(of("00", nowhere, &told), Life::Lives);
        // Its number may be another's by now.
        assert_eq!(of("00", nowhere, &format!("{told}1")), Life::Dead);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(of("00", nowhere, &told), Life::Dead);
        assert_eq!(of("00", nowhere, "00000000-0000-0000-0000-000000000000 1 1 1"), Life::Dead);
    }

    #[test]
    fn a_server_whose_folder_and_process_cannot_be_seen_may_live() {
        let nowhere = Path::new("/nowhere");
        for told in ["", "1 2 3", "?"] {
            assert_eq!(of("00", nowhere, told), Life::Unknown, "{told}");
        }
        // In a process namespace of its own.
        let own = this_process().unwrap();
        let elsewhere = own.split(' ').enumerate().map(|(at, word)| if at == 1 { "1" } else { word });
        assert_eq!(of("00", nowhere, &elsewhere.collect::<Vec<_>>().join(" ")), Life::Unknown);
        // What is here under the name of its folder is another's.
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("engine-id"), "11").unwrap();
        fs::write(folder.path().join("engine.lock"), "").unwrap();
        assert_eq!(of("00", folder.path(), ""), Life::Unknown);
        assert_eq!(of("00", folder.path(), &own), Life::Lives);
    }
}
