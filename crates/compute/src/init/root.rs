//! The root file system of an instance: its disk, with the host's shared folders and the kernel's file
//! systems mounted in it; then the old root is let go.

use std::ffi::CString;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::unistd::{chdir, chroot, fchdir, pivot_root};

use super::{Disk, Step};
use crate::microvm::GUEST_ROOT;
use crate::supervisor::{DEVICES, DISK, EMPTY, Ids, LOWER, Overlay, QEMU_DEVICES, ROOT, Shared};
use crate::{images, sys};

const FOLDERS: &[&str] = &[
    "boot", "dev", "etc", "home", "mnt", "media", "opt", "proc", "root", "run", "srv", "sys", "tmp", "usr",
    "var",
];

/// What the kernel tells about the whole machine, and what only it should be told: shown empty.
pub(crate) const MASKED: &[&str] = &[
    "proc/acpi",
    "proc/asound",
    "proc/kcore",
    "proc/keys",
    "proc/latency_stats",
    "proc/sched_debug",
    "proc/scsi",
    "proc/sysrq-trigger",
    "proc/timer_list",
    "proc/timer_stats",
    "sys/devices/virtual/powercap",
    "sys/firmware",
    "sys/kernel/debug",
];

/// Builds the root on `disk` and moves into it. The working folder is the stage.
pub(super) fn build(disk: &Disk, shared: &[Shared], ids: Ids) -> Step<()> {
    let root = Path::new(ROOT);
    furnish(disk, shared, root)?;
    mount_kernel(root, ids).map_err(|error| ("mount the kernel's file systems", error))?;
    enter(root).map_err(|error| ("move into the root", error))
}

/// The folders that stand at the top of every system.
pub(super) fn make_folders(root: &Path) -> Step<()> {
    let mut made = FOLDERS.iter().map(|name| ensure_folder(root, Path::new(name)));
    made.try_for_each(|made| made.map(drop)).map_err(|error| ("make the top-level folders", error))
}

/// Builds a root for QEMU, with what it needs of the host, and in it the root of its machine; and moves into it.
pub(super) fn build_for_qemu(disk: &Disk, shared: &[Shared], own: &[Shared]) -> Step<()> {
    let root = Path::new(ROOT);
    kernel(Path::new("tmpfs"), root, MsFlags::empty(), "mode=755,size=1m")
        .map_err(|error| ("make a root for QEMU", error))?;
    show_all(own, root)?;
    for name in ["bin", "lib", "lib32", "lib64", "libx32"] {
        if let Ok(target) = fs::read_link(Path::new("/").join(name)) {
            symlink(target, root.join(name)).map_err(|error| ("make a root for QEMU", error))?;
        }
    }
    let folder =
        |name: &str| ensure_folder(root, Path::new(name)).map_err(|error| ("make room for QEMU", error));
    let (dev, proc, guest) = (folder("dev")?, folder("proc")?, folder(GUEST_ROOT.trim_start_matches('/'))?);
    let mounted = bind(Path::new(QEMU_DEVICES), &dev)
        .and_then(|()| kernel(Path::new("proc"), &proc, MsFlags::empty(), ""))
        .and_then(|()| mask(root));
    mounted.map_err(|error| ("mount the kernel's file systems", error))?;
    furnish(disk, shared, &guest)?;
    enter(root).map_err(|error| ("move into the root", error))
}

/// Runs `work` with the machine's root as its root, and comes back.
pub(super) fn inside<T>(work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let outside = File::open("/")?;
    chroot(GUEST_ROOT)?;
    chdir("/")?;
    let done = work();
    fchdir(&outside)?;
    chroot(".")?;
    done
}

/// Puts at `root` what an instance sees: its disk, and what it shares of the host.
fn furnish(disk: &Disk, shared: &[Shared], root: &Path) -> Step<()> {
    match disk {
        Disk::Whole(disk) => {
            let at = CString::new(root.as_os_str().as_encoded_bytes()).map_err(io::Error::other);
            let attached = at.and_then(|at| sys::attach_mount(disk.as_fd(), &at));
            attached.map_err(|error| ("attach the disk", error))?;
        }
        Disk::Over(overlay) => {
            lay_over(overlay, root).map_err(|error| ("lay the disk over the image", error))?;
        }
    }
    make_folders(root)?;
    show_all(shared, root)
}

fn show_all(shared: &[Shared], root: &Path) -> Step<()> {
    for item in shared {
        let target = place(root, item).map_err(|error| ("make room for a shared folder", error))?;
        bind(Path::new(&item.name), &target).map_err(|error| ("mount a shared folder", error))?;
    }
    Ok(())
}

fn lay_over(overlay: &Overlay, root: &Path) -> io::Result<()> {
    sys::attach_mount(overlay.lower.as_fd(), c"lower")?;
    sys::attach_mount(overlay.disk.as_fd(), c"disk")?;
    // In `user.` attributes, for the `trusted.` ones are not for root inside.
    let options = format!(
        "lowerdir={LOWER},upperdir={DISK}/{},workdir={DISK}/{},userxattr",
        images::UPPER,
        images::WORK
    );
    let kind = Some("overlay");
    Ok(mount(kind, root, kind, MsFlags::MS_NODEV, Some(options.as_str()))?)
}

/// What [`crate::supervisor`] tries before it promises anything: `/proc` of new namespaces.
pub(super) fn try_proc() -> io::Result<()> {
    kernel(Path::new("proc"), Path::new(ROOT), MsFlags::empty(), "")
}

fn mount_kernel(root: &Path, ids: Ids) -> io::Result<()> {
    let read_only = MsFlags::MS_RDONLY;
    let run = root.join("run");
    kernel(Path::new("proc"), &root.join("proc"), MsFlags::empty(), "")?;
    kernel(Path::new("sysfs"), &root.join("sys"), read_only, "")?;
    kernel(Path::new("tmpfs"), &run, MsFlags::empty(), "mode=755")?;
    mask(root)?;
    let dev = root.join("dev");
    bind(Path::new(DEVICES), &dev)?;
    let shm = MsFlags::MS_NOEXEC;
    kernel(Path::new("tmpfs"), &dev.join("shm"), shm, "mode=1777")?;
    kernel(Path::new("mqueue"), &dev.join("mqueue"), MsFlags::MS_NOEXEC, "")?;
    // Group 5 is `tty`; with one user id there is no group 5.
    let terminals = if ids.is_single() {
        "newinstance,ptmxmode=0666,mode=0620"
    } else {
        "newinstance,ptmxmode=0666,mode=0620,gid=5"
    };
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC;
    mount(Some("devpts"), &dev.join("pts"), Some("devpts"), flags, Some(terminals))?;
    Ok(())
}

fn mask(root: &Path) -> io::Result<()> {
    for path in MASKED.iter().map(|name| root.join(name)) {
        match fs::metadata(&path) {
            Ok(about) if about.is_dir() => bind(Path::new(EMPTY), &path)?,
            Ok(_) => bind(&Path::new(DEVICES).join("null"), &path)?,
            // Not every kernel has them all.
            Err(_) => {}
        }
    }
    Ok(())
}

fn kernel(kind: &Path, at: &Path, flags: MsFlags, options: &str) -> io::Result<()> {
    let flags = flags | MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(Some(kind), at, Some(kind), flags, Some(options)).map_err(|error| {
        io::Error::new(io::Error::from(error).kind(), format!("{}: {error}", kind.display()))
    })
}

fn bind(from: &Path, to: &Path) -> io::Result<()> {
    Ok(mount(Some(from), to, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>)?)
}

fn enter(root: &Path) -> io::Result<()> {
    chdir(root)?;
    // With both names the same the old root ends up on top of the new one, and goes from there.
    pivot_root(".", ".")?;
    umount2(".", MntFlags::MNT_DETACH)?;
    chdir("/")?;
    Ok(())
}

/// Makes the mount point of a shared folder or file, and tells its path.
fn place(root: &Path, item: &Shared) -> io::Result<PathBuf> {
    let guest = item.guest.strip_prefix("/").map_err(io::Error::other)?;
    if fs::metadata(&item.name)?.is_dir() {
        return ensure_folder(root, guest);
    }
    let parent = ensure_folder(root, guest.parent().unwrap_or(Path::new("")))?;
    let path = parent.join(guest.file_name().unwrap_or_default());
    match fs::symlink_metadata(&path) {
        Ok(about) if about.is_file() => {}
        Ok(_) => return Err(io::Error::other(format!("/{} is not a file", guest.display()))),
        Err(_) => drop(File::create(&path)?),
    }
    Ok(path)
}

/// Makes folders below `root` without following a link: root inside could have put one anywhere, and
/// the host's tree is still in sight.
fn ensure_folder(root: &Path, below: &Path) -> io::Result<PathBuf> {
    let mut path = root.to_owned();
    for part in below.components() {
        let Component::Normal(part) = part else {
            return Err(io::Error::other(format!("`{}` is not a plain path", below.display())));
        };
        path.push(part);
        match fs::symlink_metadata(&path) {
            Ok(about) if about.is_dir() => {}
            Ok(_) => return Err(io::Error::other(format!("/{} is not a folder", below.display()))),
            Err(_) => fs::create_dir(&path)?,
        }
    }
    Ok(path)
}

/// Shows a terminal as `/dev/console`.
pub(super) fn bind_console(slave: &Path) -> io::Result<()> {
    bind(slave, Path::new("/dev/console"))
}
