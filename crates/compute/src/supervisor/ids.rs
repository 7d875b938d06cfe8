//! Which of the host's user ids stand for an instance's: a range of its own for each, as far as this machine can map
//! ids of files. On disks and in images the ids are always those of one range; each instance sees them through a map.

use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, pause};

use crate::sys::{self, Side};

/// Which of the host's user ids the ids inside stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ids {
    /// The host's id of root inside.
    pub base: u32,
    pub count: u32,
}

impl Ids {
    /// What disks and images are owned by, far above any login user.
    pub(crate) const RANGE: Ids = Ids { base: 1_000_000_000, count: 65_536 };
    /// A plain user's supervisor: root inside is that user, and there is no other.
    pub(crate) const SINGLE: Ids = Ids { base: 0, count: 1 };

    pub(crate) fn is_single(self) -> bool {
        self.count == 1
    }

    /// The range number `n` above that of the disks.
    fn own(n: u32) -> Option<Ids> {
        let above = n.checked_add(1)?.checked_mul(Ids::RANGE.count)?;
        let base = Ids::RANGE.base.checked_add(above)?;
        base.checked_add(Ids::RANGE.count).map(|_| Ids { base, ..Ids::RANGE })
    }
}

/// The ids of one running instance, and the maps to them.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    pub ids: Ids,
    /// From the host's own ids; absent where there is nothing to map.
    pub host: Option<Arc<OwnedFd>>,
    /// From the ids of disks and images.
    pub disk: Option<Arc<OwnedFd>>,
}

/// Hands ranges out, and takes them back.
#[derive(Debug)]
pub(crate) struct Slots {
    /// The one that all share, where each cannot have its own.
    shared: Option<Slot>,
    free: Vec<Slot>,
    next: u32,
}

impl Slots {
    /// For a plain user: one id.
    pub(crate) fn single() -> Slots {
        Slots { shared: Some(Slot { ids: Ids::SINGLE, host: None, disk: None }), free: Vec::new(), next: 0 }
    }

    pub(crate) fn distinct() -> Slots {
        Slots { shared: None, free: Vec::new(), next: 0 }
    }

    /// The range of the disks for everybody.
    pub(crate) fn one_range() -> io::Result<Slots> {
        let host = Some(Arc::new(map(0, Ids::RANGE)?));
        Ok(Slots { shared: Some(Slot { ids: Ids::RANGE, host, disk: None }), free: Vec::new(), next: 0 })
    }

    /// A range that no running instance has.
    pub(crate) fn take(&mut self) -> io::Result<Slot> {
        if let Some(shared) = &self.shared {
            return Ok(shared.clone());
        }
        if let Some(slot) = self.free.pop() {
            return Ok(slot);
        }
        let ids = Ids::own(self.next).ok_or_else(|| io::Error::other("no user ids are left"))?;
        let host = Some(Arc::new(map(0, ids)?));
        let disk = Some(Arc::new(map(Ids::RANGE.base, ids)?));
        self.next += 1;
        Ok(Slot { ids, host, disk })
    }

    /// Its instance has ended, with every process of its ids.
    pub(crate) fn give_back(&mut self, slot: Slot) {
        if self.shared.is_none() {
            self.free.push(slot);
        }
    }
}

/// A user namespace in which the ids from `first` on stand for `ids`, held open only to name the map to the kernel.
fn map(first: u32, ids: Ids) -> io::Result<OwnedFd> {
    match sys::clone_process(nix::libc::CLONE_NEWUSER, None)? {
        Side::Child => loop {
            pause();
        },
        Side::Parent { pid } => {
            let result = write(pid, first, ids).and_then(|()| File::open(format!("/proc/{pid}/ns/user")));
            kill(Pid::from_raw(pid), Signal::SIGKILL)?;
            waitpid(Pid::from_raw(pid), None)?;
            result.map(OwnedFd::from)
        }
    }
}

/// Gives the new user namespace of an instance its ids.
pub(crate) fn write_maps(pid: i32, ids: Ids) -> io::Result<()> {
    write(pid, 0, ids)
}

fn write(pid: i32, first: u32, ids: Ids) -> io::Result<()> {
    let map = format!("{first} {} {}", ids.base, ids.count);
    fs::write(format!("/proc/{pid}/uid_map"), &map)?;
    if ids.is_single() {
        fs::write(format!("/proc/{pid}/setgroups"), "deny")?;
    }
    fs::write(format!("/proc/{pid}/gid_map"), &map)
}

#[cfg(test)]
mod tests {
    use super::Ids;

    #[test]
    fn ranges_do_not_meet_and_end_within_32_bits() {
        let (first, second) = (Ids::own(0).unwrap(), Ids::own(1).unwrap());
        assert_eq!(first.base, Ids::RANGE.base + Ids::RANGE.count);
        assert_eq!(second.base, first.base + first.count);
        assert!(Ids::own(49_999).is_some() && Ids::own(60_000).is_none() && Ids::own(u32::MAX).is_none());
    }
}
