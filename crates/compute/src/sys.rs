//! System calls that have no safe wrapper elsewhere: new mount API, `clone3`, capabilities, seccomp; and what the loader
//! knows.

use std::ffi::{CStr, OsStr};
use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::ptr;

use nix::libc;

pub(crate) const MOUNT_ATTR_RDONLY: u64 = 0x1;
pub(crate) const MOUNT_ATTR_NODEV: u64 = 0x4;
pub(crate) const MOUNT_ATTR_IDMAP: u64 = 0x0010_0000;
const OPEN_TREE_CLONE: libc::c_uint = 1;
const MOVE_MOUNT_F_EMPTY_PATH: libc::c_uint = 4;
const AT_RECURSIVE: libc::c_uint = 0x8000;

/// What [`clone_process`] gives to each side.
pub(crate) enum Side {
    Child,
    Parent { pid: i32 },
}

#[repr(C)]
#[derive(Default)]
struct CloneArgs {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    tls: u64,
    set_tid: u64,
    set_tid_size: u64,
    cgroup: u64,
}

/// Forks into new namespaces, and into a version 2 cgroup when one is given.
///
/// Must be called from a process with one thread: the child goes on with a copy of its memory.
pub(crate) fn clone_process(flags: libc::c_int, cgroup: Option<BorrowedFd<'_>>) -> io::Result<Side> {
    const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;
    let mut args =
        CloneArgs { flags: flags as u64, exit_signal: libc::SIGCHLD as u64, ..CloneArgs::default() };
    if let Some(cgroup) = cgroup {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = cgroup.as_raw_fd() as u64;
    }
    // SAFETY: `args` outlives the call and its size is given; without CLONE_VM the child has its own
    // copy of memory, and the process has one thread, so no lock is held by a thread that is not copied.
    let pid = unsafe { libc::syscall(libc::SYS_clone3, &raw mut args, size_of::<CloneArgs>()) };
    match check(pid)? {
        0 => Ok(Side::Child),
        pid => Ok(Side::Parent { pid }),
    }
}

#[repr(C)]
struct MountAttr {
    set: u64,
    clear: u64,
    propagation: u64,
    userns: u64,
}

/// A detached copy of the mount at `path` with all that is mounted beneath it.
pub(crate) fn open_tree(path: &CStr) -> io::Result<OwnedFd> {
    let flags = OPEN_TREE_CLONE | libc::O_CLOEXEC as libc::c_uint | AT_RECURSIVE;
    // SAFETY: `path` is a terminated string that outlives the call.
    let fd = unsafe { libc::syscall(libc::SYS_open_tree, libc::AT_FDCWD, path.as_ptr(), flags) };
    let fd: RawFd = check(fd)?;
    // SAFETY: the kernel has just made this descriptor; nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Sets attributes on a detached tree, and with [`MOUNT_ATTR_IDMAP`] the ids of `userns`.
pub(crate) fn set_mount(tree: BorrowedFd<'_>, set: u64, userns: Option<BorrowedFd<'_>>) -> io::Result<()> {
    let userns = userns.map_or(0, |fd| fd.as_raw_fd() as u64);
    let attributes = MountAttr { set, clear: 0, propagation: 0, userns };
    let flags = libc::AT_EMPTY_PATH as libc::c_uint | AT_RECURSIVE;
    // SAFETY: the empty path and `attributes` outlive the call, and the size given is that of the struct.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            tree.as_raw_fd(),
            c"".as_ptr(),
            flags,
            &raw const attributes,
            size_of::<MountAttr>(),
        )
    };
    check(result).map(drop)
}

/// Sets attributes on the mount at `path` with all that is mounted beneath it.
pub(crate) fn set_mounts_at(path: &CStr, set: u64) -> io::Result<()> {
    let attributes = MountAttr { set, clear: 0, propagation: 0, userns: 0 };
    // SAFETY: `path` and `attributes` outlive the call, and the size given is that of the struct.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            AT_RECURSIVE,
            &raw const attributes,
            size_of::<MountAttr>(),
        )
    };
    check(result).map(drop)
}

/// Attaches a detached tree at `path`.
pub(crate) fn attach_mount(tree: BorrowedFd<'_>, path: &CStr) -> io::Result<()> {
    // SAFETY: both paths are terminated strings that outlive the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_move_mount,
            tree.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_FDCWD,
            path.as_ptr(),
            MOVE_MOUNT_F_EMPTY_PATH,
        )
    };
    check(result).map(drop)
}

/// Closes every descriptor from 3 up that is not in `keep`.
pub(crate) fn close_all_but(keep: &mut [RawFd]) {
    keep.sort_unstable();
    let mut first = 3;
    for &fd in keep.iter().filter(|&&fd| fd >= 3) {
        if fd > first {
            close_range(first, fd - 1);
        }
        first = fd + 1;
    }
    close_range(first, i32::MAX);
}

fn close_range(first: RawFd, last: RawFd) {
    // SAFETY: only called in a child that never touches the closed descriptors again.
    unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
}

#[repr(C)]
struct CapHeader {
    version: u32,
    pid: i32,
}

#[repr(C)]
struct CapData {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// Keeps only the capabilities of `keep` (one bit each), in the bounding set and in this process.
pub(crate) fn keep_capabilities(keep: u64) -> io::Result<()> {
    const VERSION_3: u32 = 0x2008_0522;
    for number in 0..64 {
        let kept = keep & (1 << number) != 0;
        // SAFETY: a call with numbers only.
        if !kept && unsafe { libc::prctl(libc::PR_CAPBSET_DROP, number, 0, 0, 0) } != 0 {
            let error = io::Error::last_os_error();
            // The first number beyond the kernel's last capability is refused: the end.
            if error.raw_os_error() == Some(libc::EINVAL) {
                break;
            }
            return Err(error);
        }
    }
    let header = CapHeader { version: VERSION_3, pid: 0 };
    let half = |bits: u64| CapData { effective: bits as u32, permitted: bits as u32, inheritable: 0 };
    let data = [half(keep & 0xffff_ffff), half(keep >> 32)];
    // SAFETY: header and data have the layout of version 3 (two data structs) and outlive the call.
    let result = unsafe { libc::syscall(libc::SYS_capset, &raw const header, data.as_ptr()) };
    check(result).map(drop)
}

/// Installs a system call filter for this process and its children to come. It needs CAP_SYS_ADMIN, since
/// `no_new_privs` is not set: that would break `su` and `sudo`.
pub(crate) fn install_filter(program: &[libc::sock_filter]) -> io::Result<()> {
    let length = u16::try_from(program.len()).map_err(io::Error::other)?;
    let program = libc::sock_fprog { len: length, filter: program.as_ptr().cast_mut() };
    // SAFETY: the kernel reads `len` instructions from `filter`, which outlive the call; it writes nothing.
    let result =
        unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const program) };
    check(result).map(drop)
}

/// Turns the machine off whose first process this is. Comes back only where that cannot be done.
pub(crate) fn power_off() {
    // SAFETY: a call with numbers only.
    unsafe { libc::reboot(libc::LINUX_REBOOT_CMD_POWER_OFF) };
}

/// Loads a module into the kernel that this process is the first of; one that is compressed is unpacked by the kernel.
pub(crate) fn load_module(file: BorrowedFd<'_>, compressed: bool) -> io::Result<()> {
    const MODULE_INIT_COMPRESSED_FILE: libc::c_int = 4;
    let flags = if compressed { MODULE_INIT_COMPRESSED_FILE } else { 0 };
    // SAFETY: the parameters are a terminated string that outlives the call.
    let result = unsafe { libc::syscall(libc::SYS_finit_module, file.as_raw_fd(), c"".as_ptr(), flags) };
    check(result).map(drop)
}

/// Makes a network interface of Ethernet whose packets are read and written by the descriptor, in the network
/// namespace this process is in now. It is gone when the descriptor is closed.
pub(crate) fn open_tap(name: &str, index: u32) -> io::Result<OwnedFd> {
    let path = c"/dev/net/tun";
    // SAFETY: `path` is a terminated string that outlives the call.
    let fd = unsafe { libc::open(path.as_ptr(), libc::O_RDWR | libc::O_CLOEXEC | libc::O_NONBLOCK) };
    // SAFETY: the kernel has just made this descriptor; nobody else owns it.
    let tap = unsafe { OwnedFd::from_raw_fd(check(fd.into())?) };
    // SAFETY: all zeros are a value of this plain struct.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (place, byte) in request.ifr_name.iter_mut().take(libc::IFNAMSIZ - 1).zip(name.bytes()) {
        *place = byte as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_TAP | libc::IFF_NO_PI | libc::IFF_VNET_HDR) as libc::c_short;
    // SAFETY: the kernel reads one number, then one `ifreq`; both outlive the calls.
    check(unsafe { libc::ioctl(tap.as_raw_fd(), libc::TUNSETIFINDEX, &raw const index) }.into())?;
    // SAFETY: as above.
    check(unsafe { libc::ioctl(tap.as_raw_fd(), libc::TUNSETIFF, &raw mut request) }.into())?;
    Ok(tap)
}

/// Has the kernel send `signal` when the parent ends.
pub(crate) fn die_with_parent(signal: libc::c_int) -> io::Result<()> {
    // SAFETY: a call with numbers only.
    check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, signal, 0, 0, 0) }.into()).map(drop)
}

/// Hides this process's program, memory and descriptors from those who may see only its namespaces: its
/// program was started outside of them, so even root inside has no say over it.
pub(crate) fn hide_from_inside() -> io::Result<()> {
    // SAFETY: a call with numbers only.
    check(unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) }.into()).map(drop)
}

/// Makes this process the parent of orphaned descendants.
pub(crate) fn adopt_orphans() -> io::Result<()> {
    // SAFETY: a call with numbers only.
    check(unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }.into()).map(drop)
}

/// Makes the terminal on descriptor 0 the controlling one of this new session.
pub(crate) fn take_terminal() -> io::Result<()> {
    // SAFETY: the request takes one number and no memory.
    check(unsafe { libc::ioctl(0, libc::TIOCSCTTY, 0) }.into()).map(drop)
}

/// Sets a terminal's size; the foreground program gets SIGWINCH.
pub(crate) fn set_terminal_size(terminal: BorrowedFd<'_>, columns: u16, rows: u16) -> io::Result<()> {
    let size = libc::winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the kernel reads one `winsize`, which outlives the call.
    check(unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCSWINSZ, &raw const size) }.into()).map(drop)
}

/// A TCP socket option or ioctl that takes an `int`.
pub(crate) fn set_int_option(
    socket: BorrowedFd<'_>,
    level: libc::c_int,
    name: libc::c_int,
    value: libc::c_int,
) -> io::Result<()> {
    // SAFETY: the kernel reads one `int`, which outlives the call, and its size is given.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            name,
            ptr::from_ref(&value).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    check(result.into()).map(drop)
}

/// The files that the loader put into this process: the loader itself, when there is one, and the libraries.
pub(crate) fn loaded() -> (Option<PathBuf>, Vec<PathBuf>) {
    /// Adds a name that is a path, with the place that it was loaded at.
    unsafe extern "C" fn note(
        info: *mut libc::dl_phdr_info,
        _: libc::size_t,
        found: *mut libc::c_void,
    ) -> libc::c_int {
        // SAFETY: both are good for the time of the call: the loader's own record, and the list below.
        let (info, found) = unsafe { (&*info, &mut *found.cast::<Vec<(u64, PathBuf)>>()) };
        if !info.dlpi_name.is_null() {
            // SAFETY: the loader's names are terminated strings that stay as long as the library is loaded.
            let name = unsafe { CStr::from_ptr(info.dlpi_name) };
            if name.to_bytes().starts_with(b"/") {
                found.push((info.dlpi_addr, PathBuf::from(OsStr::from_bytes(name.to_bytes()))));
            }
        }
        0
    }
    let mut found: Vec<(u64, PathBuf)> = Vec::new();
    // SAFETY: `note` has the signature that is wanted, does not unwind, and `found` outlives the call.
    unsafe { libc::dl_iterate_phdr(Some(note), (&raw mut found).cast()) };
    // SAFETY: a call with a number only.
    let loader = unsafe { libc::getauxval(libc::AT_BASE) } as u64;
    let (loaders, libraries): (Vec<_>, Vec<_>) = found.into_iter().partition(|(at, _)| *at == loader);
    let paths = |list: Vec<(u64, PathBuf)>| list.into_iter().map(|(_, path)| path);
    (paths(loaders).next(), paths(libraries).collect())
}

fn check(result: libc::c_long) -> io::Result<i32> {
    if result < 0 { Err(io::Error::last_os_error()) } else { i32::try_from(result).map_err(io::Error::other) }
}
