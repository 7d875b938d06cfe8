//! What instances see of the host, mounted once in the supervisor's private mount namespace: `/usr`, a few
//! folders of `/etc`, device nodes, and the folders a caller shares. Everything is read-only here already,
//! before the namespaces of an instance are made, so that the kernel locks the flag against root inside.
//!
//! The stage is a small file system that is the supervisor's working folder: a child reaches it by
//! relative paths, although the folders above it are closed to the child's user.

use std::collections::HashMap;
use std::ffi::CString;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, chown};
use std::path::{Path, PathBuf};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, pause};

use crate::images;
use crate::sys::{self, MOUNT_ATTR_IDMAP, MOUNT_ATTR_NODEV, MOUNT_ATTR_RDONLY, Side};

/// Where the child puts the disk that becomes its root; relative to the stage.
pub(crate) const ROOT: &str = "root";
/// Where the child puts an image, and the disk that lies over it; relative to the stage.
pub(crate) const LOWER: &str = "lower";
pub(crate) const DISK: &str = "disk";
/// A folder with nothing in it.
pub(crate) const EMPTY: &str = "empty";
/// The prepared `/dev`, relative to the stage.
pub(crate) const DEVICES: &str = "dev";

/// Folders of the host that every instance sees, when they exist: public, and needed by programs in `/usr`.
const SYSTEM: &[&str] = &[
    "/usr",
    "/etc/alternatives",
    "/etc/ssl/certs",
    "/etc/pki/ca-trust/extracted",
    "/etc/pki/tls/certs",
    "/etc/crypto-policies",
];

/// Name, major and minor number: the devices an instance has.
const NODES: &[(&str, u64, u64)] =
    &[("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0)];

/// Links in `/dev`.
const DEVICE_LINKS: &[(&str, &str)] = &[
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("ptmx", "pts/ptmx"),
    ("core", "/proc/kcore"),
];

/// Which of the host's user ids the ids inside stand for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ids {
    /// The host's id of root inside.
    pub base: u32,
    pub count: u32,
}

impl Ids {
    /// Root's supervisor: a range of its own, far above any login user.
    pub(crate) const RANGE: Ids = Ids { base: 1_000_000_000, count: 65_536 };
    /// A plain user's supervisor: root inside is that user, and there is no other.
    pub(crate) const SINGLE: Ids = Ids { base: 0, count: 1 };

    pub(crate) fn is_single(self) -> bool {
        self.count == 1
    }

    /// The text of `/proc/PID/uid_map`.
    pub(crate) fn map(self) -> String {
        format!("0 {} {}", self.base, self.count)
    }
}

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

/// The stage, with what is shared already.
#[derive(Debug)]
pub(crate) struct Stage {
    /// The driver's folder.
    dir: PathBuf,
    ids: Ids,
    id_map: Option<OwnedFd>,
    shared: HashMap<(PathBuf, u64, u64), String>,
    pub(crate) system: Vec<Shared>,
}

impl Stage {
    /// Makes the private mount namespace and the stage at `dir`, and goes there.
    pub(crate) fn new(dir: &Path, ids: Ids, notes: &mut Vec<String>) -> io::Result<Stage> {
        unshare(CloneFlags::CLONE_NEWNS)?;
        mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)?;
        let (place, disks) = (dir.join("stage"), dir.join("instances"));
        DirBuilder::new().recursive(true).mode(0o700).create(&place)?;
        DirBuilder::new().recursive(true).mode(0o700).create(&disks)?;
        mount(Some("stage"), &place, Some("tmpfs"), MsFlags::MS_NOSUID, Some("mode=755,size=1m"))?;
        let dir = fs::canonicalize(dir)?;
        std::env::set_current_dir(&place)?;
        for name in [ROOT, LOWER, DISK, EMPTY] {
            fs::create_dir(name)?;
        }
        let id_map = if ids.is_single() { None } else { Some(id_map(ids)?) };
        let mut stage = Stage { dir, ids, id_map, shared: HashMap::new(), system: Vec::new() };
        stage.make_devices()?;
        for path in SYSTEM.iter().map(Path::new).filter(|path| path.exists()) {
            let name = stage.share(path, notes)?;
            stage.system.push(Shared { name, guest: path.into() });
        }
        Ok(stage)
    }

    /// Puts a folder or file of the host on the stage, read-only, and tells its name there.
    pub(crate) fn share(&mut self, host: &Path, notes: &mut Vec<String>) -> io::Result<String> {
        let about = fs::metadata(host)?;
        let key = (host.to_owned(), about.dev(), about.ino());
        if let Some(name) = self.shared.get(&key) {
            return Ok(name.clone());
        }
        let name = format!("shared-{}", self.shared.len());
        if about.is_dir() {
            fs::create_dir(&name)?
        } else {
            drop(File::create(&name)?)
        }
        self.mount_read_only(host, &name, notes)?;
        self.shared.insert(key, name.clone());
        Ok(name)
    }

    /// The disk of an instance as a detached mount, made when it is not there yet.
    pub(crate) fn disk(&self, id: &str) -> io::Result<OwnedFd> {
        let disk = self.dir.join("instances").join(id).join("root");
        DirBuilder::new().recursive(true).mode(0o700).create(&disk)?;
        self.give(&disk)?;
        detached(&disk, MOUNT_ATTR_NODEV)
    }

    /// An image and the disk of an instance that lies over it, as detached mounts; and whether the host's folders
    /// are seen as well.
    pub(crate) fn overlay(&self, id: &str, image: &str) -> io::Result<(Overlay, bool)> {
        let base = images::base(&self.dir, image)?;
        let lower = detached(&base.root, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV)?;
        let disk = self.disk(id)?;
        for name in [images::UPPER, images::WORK] {
            let folder = self.dir.join("instances").join(id).join("root").join(name);
            DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
            self.give(&folder)?;
        }
        Ok((Overlay { lower, disk }, base.over_host))
    }

    /// Makes a folder of root inside.
    fn give(&self, folder: &Path) -> io::Result<()> {
        if !self.ids.is_single() {
            chown(folder, Some(self.ids.base), Some(self.ids.base))?;
        }
        fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o755))
    }

    fn mount_read_only(&self, host: &Path, name: &str, notes: &mut Vec<String>) -> io::Result<()> {
        let tree = sys::open_tree(&terminated(host)?)?;
        let attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV;
        let mapped = self
            .id_map
            .as_ref()
            .map(|map| sys::set_mount(tree.as_fd(), attributes | MOUNT_ATTR_IDMAP, Some(map.as_fd())));
        match mapped {
            Some(Ok(())) => {}
            // The file system cannot map ids: files show as nobody's, and set-user-id programs do nothing.
            Some(Err(error)) => {
                notes.push(format!(
                    "owners of {} do not show inside ({error}); su does not work",
                    host.display()
                ));
                sys::set_mount(tree.as_fd(), attributes, None)?;
            }
            None => sys::set_mount(tree.as_fd(), attributes, None)?,
        }
        sys::attach_mount(tree.as_fd(), &terminated(Path::new(name))?)
    }

    /// `/dev` is one read-only file system for all: nodes stay writable, names cannot be added.
    fn make_devices(&self) -> io::Result<()> {
        const BUILD: &str = "dev-build";
        fs::create_dir(BUILD)?;
        fs::create_dir(DEVICES)?;
        mount(Some("dev"), BUILD, Some("tmpfs"), MsFlags::MS_NOSUID, Some("mode=755,size=64k"))?;
        let build = Path::new(BUILD);
        for &(name, major, minor) in NODES {
            let at = build.join(name);
            if self.ids.is_single() {
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
        let tree = sys::open_tree(c"dev-build")?;
        let map = self.id_map.as_ref().map(AsFd::as_fd);
        let mapped = MOUNT_ATTR_RDONLY | if map.is_some() { MOUNT_ATTR_IDMAP } else { 0 };
        // Without the map the nodes work just as well, but show as nobody's.
        sys::set_mount(tree.as_fd(), mapped, map)
            .or_else(|_| sys::set_mount(tree.as_fd(), MOUNT_ATTR_RDONLY, None))?;
        sys::attach_mount(tree.as_fd(), c"dev")
    }
}

/// A user namespace with the map of `ids`, held open only to name the map to the kernel.
fn id_map(ids: Ids) -> io::Result<OwnedFd> {
    match sys::clone_process(nix::libc::CLONE_NEWUSER, None)? {
        Side::Child => loop {
            pause();
        },
        Side::Parent { pid } => {
            let result = write_maps(pid, ids).and_then(|()| File::open(format!("/proc/{pid}/ns/user")));
            kill(Pid::from_raw(pid), Signal::SIGKILL)?;
            waitpid(Pid::from_raw(pid), None)?;
            result.map(OwnedFd::from)
        }
    }
}

/// Gives the new user namespace of `pid` its ids.
pub(crate) fn write_maps(pid: i32, ids: Ids) -> io::Result<()> {
    let map = ids.map();
    fs::write(format!("/proc/{pid}/uid_map"), &map)?;
    if ids.is_single() {
        fs::write(format!("/proc/{pid}/setgroups"), "deny")?;
    }
    fs::write(format!("/proc/{pid}/gid_map"), &map)
}

fn detached(path: &Path, attributes: u64) -> io::Result<OwnedFd> {
    let tree = sys::open_tree(&terminated(path)?)?;
    sys::set_mount(tree.as_fd(), attributes, None)?;
    Ok(tree)
}

fn terminated(path: &Path) -> io::Result<CString> {
    Ok(CString::new(path.as_os_str().as_encoded_bytes())?)
}
