//! What instances see of the host: `/usr`, a few folders of `/etc`, device nodes, and the folders a caller shares. For
//! each start it is mounted in the supervisor's private mount namespace, with the ids of that instance and read-only,
//! before the instance's namespaces are made: so the kernel locks the flag against root inside.
//!
//! The stage is a small file system that is the supervisor's working folder: a child reaches it by
//! relative paths, although the folders above it are closed to the child's user.

use std::ffi::CString;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, chown};
use std::path::{Path, PathBuf};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::sys::stat::{Mode, SFlag, makedev, mknod};

use super::ids::{Ids, Slot, Slots};
use crate::images;
use crate::spec::Mount;
use crate::sys::{self, MOUNT_ATTR_IDMAP, MOUNT_ATTR_NODEV, MOUNT_ATTR_RDONLY};

/// Where the child puts the disk that becomes its root; relative to the stage.
pub(crate) const ROOT: &str = "root";
/// Where the child puts an image, and the disk that lies over it; relative to the stage.
pub(crate) const LOWER: &str = "lower";
pub(crate) const DISK: &str = "disk";
/// A folder with nothing in it.
pub(crate) const EMPTY: &str = "empty";
/// Where stands what one instance sees of the host, while it is started; relative to the stage.
const SET: &str = "set";
/// Its `/dev`.
pub(crate) const DEVICES: &str = "set/dev";
/// Where all of them come from.
const BUILD: &str = "dev-build";
/// The same for QEMU.
pub(crate) const QEMU_DEVICES: &str = "set/qemu-dev";
const QEMU_BUILD: &str = "dev-qemu";

/// Folders of the host that every instance sees, when they exist: public, and needed by programs in `/usr`.
pub(crate) const SYSTEM: &[&str] = &[
    "/usr",
    "/etc/alternatives",
    "/etc/ssl/certs",
    "/etc/pki/ca-trust/extracted",
    "/etc/pki/tls/certs",
    "/etc/crypto-policies",
];

/// Name, major and minor number of a device.
type Node = (&'static str, u64, u64);
/// What QEMU has beside them where the processor helps.
const KVM: Node = ("kvm", 10, 232);

/// The devices an instance has.
const NODES: &[Node] =
    &[("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0)];

/// Links in `/dev`.
pub(crate) const DEVICE_LINKS: &[(&str, &str)] = &[
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("ptmx", "pts/ptmx"),
    ("core", "/proc/kcore"),
];

/// One thing of the host on the stage: `name` relative to it, `guest` where it belongs inside.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub name: String,
    pub guest: PathBuf,
}

/// What a root is made of when the instance has an image.
#[derive(Debug)]
pub(crate) struct Overlay {
    pub lower: OwnedFd,
    pub disk: OwnedFd,
}

/// The stage, and what every instance sees of the host.
#[derive(Debug)]
pub(crate) struct Stage {
    /// The driver's folder.
    dir: PathBuf,
    single: bool,
    system: Vec<&'static str>,
}

impl Stage {
    /// Makes the private mount namespace and the stage at `dir`, and goes there. Tells how ids are handed out.
    pub(crate) fn new(
        dir: &Path,
        single: bool,
        kvm: Option<bool>,
        notes: &mut Vec<String>,
    ) -> io::Result<(Stage, Slots)> {
        unshare(CloneFlags::CLONE_NEWNS)?;
        mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)?;
        let (place, disks) = (dir.join("stage"), dir.join("instances"));
        DirBuilder::new().recursive(true).mode(0o700).create(&place)?;
        DirBuilder::new().recursive(true).mode(0o700).create(&disks)?;
        mount(Some("stage"), &place, Some("tmpfs"), MsFlags::MS_NOSUID, Some("mode=755,size=1m"))?;
        let dir = fs::canonicalize(dir)?;
        std::env::set_current_dir(&place)?;
        for name in [ROOT, LOWER, DISK, EMPTY, SET] {
            fs::create_dir(name)?;
        }
        let system = SYSTEM.iter().copied().filter(|path| Path::new(path).exists()).collect();
        let stage = Stage { dir, single, system };
        stage.make_devices(BUILD, None)?;
        if let Some(kvm) = kvm {
            stage.make_devices(QEMU_BUILD, kvm.then_some(KVM))?;
        }
        let slots = if single { Slots::single() } else { stage.slots(notes)? };
        Ok((stage, slots))
    }

    /// A range of ids for each instance where files can be shown through a map of ids, also under an overlay.
    fn slots(&self, notes: &mut Vec<String>) -> io::Result<Slots> {
        let mut slots = Slots::distinct();
        let slot = slots.take()?;
        let tried = kernel_is_at_least(5, 19).and_then(|()| {
            let map = slot.disk.as_ref().map(|map| map.as_fd());
            sys::set_mount(open(&self.dir.join("instances"))?.as_fd(), MOUNT_ATTR_IDMAP, map)
        });
        for path in &self.system {
            let map = slot.host.as_ref().map(|map| map.as_fd());
            if let Err(error) = sys::set_mount(open(Path::new(path))?.as_fd(), MOUNT_ATTR_IDMAP, map) {
                notes.push(format!("owners of {path} do not show inside ({error}); su does not work"));
            }
        }
        match tried {
            Ok(()) => {
                slots.give_back(slot);
                Ok(slots)
            }
            Err(error) => {
                notes.push(format!("all instances have the same range of user ids ({error})"));
                Slots::one_range()
            }
        }
    }

    /// Puts what one instance sees of the host on the stage, read-only and with its ids. Cleared by
    /// [`Stage::clear`] once its first process has a copy, in which the kernel locks the flags.
    pub(crate) fn set(&self, slot: &Slot, sees_host: bool, mounts: &[Mount]) -> io::Result<Vec<Shared>> {
        mount(Some("set"), SET, Some("tmpfs"), MsFlags::MS_NOSUID, Some("mode=755,size=64k"))?;
        let system = self.system.iter().filter(|_| sees_host).map(|path| (Path::new(path), Path::new(path)));
        let wanted = mounts.iter().map(|mount| (mount.host.as_path(), mount.guest.as_path()));
        let mut shared = Vec::new();
        for (number, (host, guest)) in system.chain(wanted).enumerate() {
            let name = format!("{SET}/{number}");
            Stage::show_at(host, &name, slot)?;
            shared.push(Shared { name, guest: guest.to_owned() });
        }
        fs::create_dir(DEVICES)?;
        show(Path::new(BUILD), DEVICES, MOUNT_ATTR_RDONLY, slot)?;
        Ok(shared)
    }

    /// Puts beside it, on the same stage, what QEMU needs: the host's programs, a kernel, the machine's first files.
    pub(crate) fn set_for_qemu(slot: &Slot, files: &[(&Path, &str)]) -> io::Result<Vec<Shared>> {
        let folders = ["/usr", "/lib", "/lib64"].map(|path| (Path::new(path), path));
        let is_own = |path: &Path| fs::symlink_metadata(path).is_ok_and(|about| about.is_dir());
        let folders = folders.into_iter().filter(|(path, _)| is_own(path));
        let mut shared = Vec::new();
        fs::create_dir(QEMU_DEVICES)?;
        show(Path::new(QEMU_BUILD), QEMU_DEVICES, MOUNT_ATTR_RDONLY, slot)?;
        for (number, (host, guest)) in folders.chain(files.iter().copied()).enumerate() {
            let name = format!("{SET}/qemu-{number}");
            Stage::show_at(host, &name, slot)?;
            shared.push(Shared { name, guest: guest.into() });
        }
        Ok(shared)
    }

    /// Makes room on the stage and mounts a folder or file of the host there, read-only.
    fn show_at(host: &Path, name: &str, slot: &Slot) -> io::Result<()> {
        if fs::metadata(host)?.is_dir() {
            fs::create_dir(name)?;
        } else {
            drop(File::create(name)?);
        }
        show(host, name, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV, slot)
    }

    /// Takes everything off the stage again; nothing there is no error.
    pub(crate) fn clear(&self) {
        // With all that is mounted below it.
        let _ = umount2(SET, MntFlags::MNT_DETACH);
    }

    /// The disk of an instance as a detached mount, made when it is not there yet.
    pub(crate) fn disk(&self, id: &str, slot: &Slot) -> io::Result<OwnedFd> {
        let disk = self.dir.join("instances").join(id).join("root");
        DirBuilder::new().recursive(true).mode(0o700).create(&disk)?;
        self.give(&disk)?;
        detached(&disk, MOUNT_ATTR_NODEV, slot)
    }

    /// An image and the disk of an instance that lies over it, as detached mounts; and whether the host's folders
    /// are seen as well.
    pub(crate) fn overlay(&self, id: &str, image: &str, slot: &Slot) -> io::Result<(Overlay, bool)> {
        let base = images::base(&self.dir, image)?;
        let lower = detached(&base.root, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV, slot)?;
        let disk = self.disk(id, slot)?;
        for name in [images::UPPER, images::WORK] {
            let folder = self.dir.join("instances").join(id).join("root").join(name);
            DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
            self.give(&folder)?;
        }
        Ok((Overlay { lower, disk }, base.over_host))
    }

    /// Makes a folder of root inside.
    fn give(&self, folder: &Path) -> io::Result<()> {
        if !self.single {
            chown(folder, Some(Ids::RANGE.base), Some(Ids::RANGE.base))?;
        }
        fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o755))
    }

    /// `/dev` is one read-only file system for all: nodes stay writable, names cannot be added.
    fn make_devices(&self, build: &str, further: Option<Node>) -> io::Result<()> {
        fs::create_dir(build)?;
        mount(Some("dev"), build, Some("tmpfs"), MsFlags::MS_NOSUID, Some("mode=755,size=64k"))?;
        let build = Path::new(build);
        for (name, major, minor) in NODES.iter().copied().chain(further) {
            let at = build.join(name);
            if self.single {
                File::create(&at)?;
                let host = Path::new("/dev").join(name);
                mount(Some(&host), &at, None::<&str>, MsFlags::MS_BIND, None::<&str>)?;
            } else {
                mknod(&at, SFlag::S_IFCHR, Mode::from_bits_truncate(0o666), makedev(major, minor))?;
                fs::set_permissions(&at, std::os::unix::fs::PermissionsExt::from_mode(0o666))?;
            }
        }
        for (name, target) in DEVICE_LINKS {
            std::os::unix::fs::symlink(target, build.join(name))?;
        }
        for name in ["pts", "shm", "mqueue"] {
            fs::create_dir(build.join(name))?;
        }
        File::create(build.join("console"))?;
        Ok(())
    }
}

/// Mounts a folder or file of the host at a name on the stage. One whose file system cannot map ids shows as
/// nobody's, and its set-user-id programs do nothing.
fn show(host: &Path, name: &str, attributes: u64, slot: &Slot) -> io::Result<()> {
    let tree = open(host)?;
    let map = slot.host.as_ref().map(|map| map.as_fd());
    let mapped = map.is_some() && sys::set_mount(tree.as_fd(), attributes | MOUNT_ATTR_IDMAP, map).is_ok();
    if !mapped {
        sys::set_mount(tree.as_fd(), attributes, None)?;
    }
    sys::attach_mount(tree.as_fd(), &terminated(Path::new(name))?)
}

/// Version as in `6.1.0-18`.
pub(super) fn kernel_is_at_least(major: u32, minor: u32) -> io::Result<()> {
    let name = nix::sys::utsname::uname()?;
    let mut numbers = name.release().to_str().unwrap_or_default().split(['.', '-']);
    let mut number = || numbers.next().and_then(|text| text.parse::<u32>().ok()).unwrap_or_default();
    let found = (number(), number());
    if found >= (major, minor) {
        return Ok(());
    }
    Err(io::Error::other(format!("the kernel is older than {major}.{minor}")))
}

/// A folder of a disk or image, with the ids of an instance.
fn detached(path: &Path, attributes: u64, slot: &Slot) -> io::Result<OwnedFd> {
    let tree = open(path)?;
    match &slot.disk {
        Some(map) => sys::set_mount(tree.as_fd(), attributes | MOUNT_ATTR_IDMAP, Some(map.as_fd()))?,
        None => sys::set_mount(tree.as_fd(), attributes, None)?,
    }
    Ok(tree)
}

fn open(path: &Path) -> io::Result<OwnedFd> {
    sys::open_tree(&terminated(path)?)
}

fn terminated(path: &Path) -> io::Result<CString> {
    Ok(CString::new(path.as_os_str().as_encoded_bytes())?)
}
