//! The start of one instance: fork into namespaces, give it ids, limits and network, let it go on.
//!
//! The child mounts its root file system while the parent is busy with its network; three bytes on a pipe
//! keep the order: the child waits for its ids, and runs nothing of the user's before its network stands.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::{AsRawFd, OwnedFd};

use nix::libc;
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, pipe2};

use super::ids::{self, Ids, Slot};
use super::stage::Stage;
use super::{Child, Failure, Forge, Machines, Supervisor};
use crate::faults::Faults;
use crate::init::{self, Boot, Disk, Place};
use crate::memory::Plain;
use crate::microvm::{self, INITRAMFS, KERNEL, Machine, Tap};
use crate::process::Process;
use crate::spec::{Image, InstanceSpec};
use crate::sys::{self, Side};

const NAMESPACES: libc::c_int = libc::CLONE_NEWUSER
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWCGROUP;

impl Supervisor {
    /// Starts the first process of an instance; answers with its metadata listener when it has one.
    pub(super) fn launch(
        &mut self,
        spec: InstanceSpec,
        imds: Option<String>,
        files: Vec<OwnedFd>,
    ) -> Result<Vec<OwnedFd>, Failure> {
        let [control, console] = <[OwnedFd; 2]>::try_from(files)
            .map_err(|_| ("take the files", io::Error::other("want a socket and a console")))?;
        let id = spec.id.clone();
        let faults = self.faults.clone();
        faults.check("set the limits")?;
        let forge = self.machines.as_ref().and_then(|machines| machines.forge.as_ref());
        let hypervisor = forge.and_then(|forge| forge.hypervisor.as_ref()).filter(|_| spec.own_kernel);
        let memory = hypervisor.map_or(spec.memory_mib, |hypervisor| hypervisor.memory(&spec));
        let group = self.cgroups.group(&id, memory, spec.vcpus);
        let mut group = group.map_err(|error| ("set the limits", error))?;
        let (go_read, go_write) = match pipe2(nix::fcntl::OFlag::O_CLOEXEC) {
            Ok(pipe) => pipe,
            Err(error) => {
                group.remove();
                return Err(("make a pipe", error.into()));
            }
        };
        let mut groups = group.doors();
        if faults.is("enter the control groups") {
            // It is open for reading only.
            groups.extend(File::open("/dev/null").map(OwnedFd::from));
        }
        let boot = Boot { control, console, go: go_read, groups, imds };
        let forked = match &mut self.machines {
            Some(machines) => machines.start(&spec, boot, &group, &faults),
            None => fork_process(&self.dir, &spec, boot, &group).map(|pid| Forked {
                pid,
                slot: None,
                joined: None,
            }),
        };
        let Forked { pid, slot, joined } = match forked {
            Ok(forked) => forked,
            Err(failure) => {
                group.remove();
                return Err(failure);
            }
        };
        let child = Child { id, group, slot };
        let mut go = File::from(go_write);
        let equipped = equalize(self.plain, pid)
            .and_then(|()| equip(self.machines.as_mut(), pid, &spec, &child, &mut go, joined, &faults));
        self.children.insert(pid, child);
        if equipped.is_err() {
            // The exit is reaped like any other. While `go` is open the child has no complaint of its own.
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
        equipped
    }
}

/// A child that has just been forked.
struct Forked {
    pid: i32,
    slot: Option<Slot>,
    /// The listeners of one whose network stands already.
    joined: Option<Vec<OwnedFd>>,
}

/// Takes from a forked child that it is spared as this process is, which it would hand down.
fn equalize(plain: Plain, pid: i32) -> Result<(), Failure> {
    let given = Process::open(pid).and_then(|process| plain.give(&process));
    given.map_err(|error| ("be among the first to go", error))
}

/// Everything the parent does for a forked child, in the order the child waits for.
fn equip(
    machines: Option<&mut Machines>,
    pid: i32,
    spec: &InstanceSpec,
    child: &Child,
    go: &mut File,
    joined: Option<Vec<OwnedFd>>,
    faults: &Faults,
) -> Result<Vec<OwnedFd>, Failure> {
    let mut given = Vec::new();
    if let (Some(machines), Some(slot)) = (machines, &child.slot) {
        faults.check("map the user ids")?;
        ids::write_maps(pid, slot.ids).map_err(|error| ("map the user ids", error))?;
        // Before it goes on, since it hides itself as soon as it can.
        let guest =
            File::open(format!("/proc/{pid}/ns/net")).map_err(|error| ("open the namespace", error))?;
        go.write_all(b"i").map_err(|error| ("go on", error))?;
        faults.check("join the network")?;
        given.extend(match joined {
            Some(listeners) => listeners,
            None => machines.connect(Some(guest), spec)?,
        });
    }
    go.write_all(b"n").map_err(|error| ("go on", error))?;
    Ok(given)
}

impl Machines {
    /// Forks the first process of an instance, with ids that no other has.
    fn start(
        &mut self,
        spec: &InstanceSpec,
        boot: Boot,
        group: &super::Group,
        faults: &Faults,
    ) -> Result<Forked, Failure> {
        self.ensure_router(&spec.network.vpc)?;
        let unsupported = || ("fork", io::Error::from(io::ErrorKind::Unsupported));
        // A virtual machine is started with the ends of its links.
        let joined = if spec.own_kernel { Some(self.connect(None, spec)) } else { None };
        let joined = joined.transpose();
        let router = self.routers.get_mut(&spec.network.vpc.id);
        let taps = router.map(|router| router.take_taps(&spec.id)).unwrap_or_default();
        let forge = self.forge.as_mut().ok_or_else(unsupported)?;
        let forked = joined.and_then(|joined| {
            let (pid, slot) = forge.start(spec, boot, group, taps, faults)?;
            Ok(Forked { pid, slot: Some(slot), joined })
        });
        if forked.is_err()
            && let Some(router) = self.routers.get_mut(&spec.network.vpc.id)
        {
            router.leave(&spec.id);
        }
        forked
    }

    fn connect(&mut self, guest: Option<File>, spec: &InstanceSpec) -> Result<Vec<OwnedFd>, Failure> {
        let router = self
            .routers
            .get_mut(&spec.network.vpc.id)
            .ok_or(("find the network", io::Error::from(io::ErrorKind::NotFound)))?;
        router.join(&self.home, &spec.id, guest, &spec.network).map_err(|error| ("join the network", error))
    }
}

impl Forge {
    fn start(
        &mut self,
        spec: &InstanceSpec,
        boot: Boot,
        group: &super::Group,
        taps: Vec<Tap>,
        faults: &Faults,
    ) -> Result<(i32, Slot), Failure> {
        let slot = self.slots.take().map_err(|error| ("find user ids", error))?;
        let forked = self.fork(spec, boot, group, &slot, taps, faults);
        self.stage.clear();
        match forked {
            Ok(pid) => Ok((pid, slot)),
            Err(failure) => {
                self.slots.give_back(slot);
                Err(failure)
            }
        }
    }

    fn fork(
        &self,
        spec: &InstanceSpec,
        boot: Boot,
        group: &super::Group,
        slot: &Slot,
        taps: Vec<Tap>,
        faults: &Faults,
    ) -> Result<i32, Failure> {
        faults.check("make the disk")?;
        let (disk, sees_host) = self.disk(spec, slot).map_err(|error| ("make the disk", error))?;
        let shared = self.stage.set(slot, sees_host, &spec.mounts);
        let shared = shared.map_err(|error| ("share the host's folders", error))?;
        let own = self.hypervisor.as_ref().filter(|_| spec.own_kernel).map(|hypervisor| {
            let files = [(&*hypervisor.kernel, KERNEL), (&*hypervisor.initramfs, INITRAMFS)];
            Ok((hypervisor, Stage::set_for_qemu(slot, &files)?))
        });
        let own = own.transpose().map_err(|error| ("share the host's folders", error))?;
        faults.check("make the namespaces")?;
        match sys::clone_process(NAMESPACES, group.entry()).map_err(|error| ("make the namespaces", error))? {
            Side::Parent { pid } => Ok(pid),
            Side::Child if faults.is("boot") => std::process::exit(1),
            Side::Child => {
                let mut keep = boot.descriptors();
                keep.extend(disk.descriptors());
                keep.extend(taps.iter().map(|tap| tap.fd.as_raw_fd()));
                sys::close_all_but(&mut keep);
                let template = (spec.image == Image::HostUsr).then_some(&self.template);
                let ids = slot.ids;
                match own {
                    Some((hypervisor, own)) => microvm::keeper_main(
                        spec,
                        boot,
                        Machine { disk, shared, own, template, ids, taps, hypervisor },
                    ),
                    None => init::main(spec, boot, Place::Machine { disk, shared, template, ids }),
                }
            }
        }
    }

    /// What the instance's root is made of, and whether it sees the host's folders.
    fn disk(&self, spec: &InstanceSpec, slot: &Slot) -> io::Result<(Disk, bool)> {
        match &spec.image {
            Image::HostUsr => Ok((Disk::Whole(self.stage.disk(&spec.id, slot)?), true)),
            Image::RootFs { id } => {
                let (overlay, sees_host) = self.stage.overlay(&spec.id, id, slot)?;
                Ok((Disk::Over(overlay), sees_host))
            }
        }
    }
}

impl Machines {
    /// Tries what a start needs and this kernel or its policy may refuse: namespaces, and `/proc` in them.
    pub(super) fn probe(&self, ids: Ids) -> Result<(), Failure> {
        let (read, write) =
            pipe2(nix::fcntl::OFlag::O_CLOEXEC).map_err(|error| ("make a pipe", error.into()))?;
        match sys::clone_process(NAMESPACES, None).map_err(|error| ("make the namespaces", error))? {
            Side::Child => {
                drop(write);
                init::probe(read)
            }
            Side::Parent { pid } => {
                drop(read);
                let mapped = ids::write_maps(pid, ids)
                    .and_then(|()| File::from(write).write_all(b"i"))
                    .map_err(|error| ("map the user ids", error));
                let ended =
                    waitpid(Pid::from_raw(pid), None).map_err(|error| ("try an instance", error.into()))?;
                mapped?;
                match ended {
                    nix::sys::wait::WaitStatus::Exited(_, 0) => Ok(()),
                    nix::sys::wait::WaitStatus::Exited(_, errno) => {
                        Err(("mount /proc in new namespaces", io::Error::from_raw_os_error(errno)))
                    }
                    _ => Err(("try an instance", io::Error::other("it was killed"))),
                }
            }
        }
    }
}

fn fork_process(
    dir: &std::path::Path,
    spec: &InstanceSpec,
    boot: Boot,
    group: &super::Group,
) -> Result<i32, Failure> {
    let home = dir.join("instances").join(&spec.id).join("root");
    fs::create_dir_all(&home).map_err(|error| ("make the folder", error))?;
    match sys::clone_process(0, group.entry()).map_err(|error| ("fork", error))? {
        Side::Parent { pid } => Ok(pid),
        Side::Child => {
            sys::close_all_but(&mut boot.descriptors());
            init::main(spec, boot, Place::Folder(home))
        }
    }
}

/// Makes a plain user root of a user namespace, with no other user in it; and of a network namespace, for
/// only one's own can be come back to.
pub(super) fn enter_user_namespace() -> io::Result<()> {
    let (uid, gid) = (nix::unistd::geteuid(), nix::unistd::getegid());
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET)?;
    fs::write("/proc/self/uid_map", format!("0 {uid} 1"))?;
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/gid_map", format!("0 {gid} 1"))
}
