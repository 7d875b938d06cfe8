//! What even root inside may not do: capabilities it does not have, system calls it may not make.
//!
//! `no_new_privs` stays off, so that `su` and `sudo` work inside; the user namespace already makes root
//! inside nobody outside, and the filter is inherited by every process.

use std::io;

use nix::libc;

use crate::sys;

/// Docker's set without the right to make device nodes, and with CAP_NET_ADMIN for the instance's own
/// network and CAP_SYS_BOOT for `reboot(2)`, which in a process namespace ends only that.
const CAPABILITIES: &[u8] = &[
    0,  // chown
    1,  // dac_override
    3,  // fowner
    4,  // fsetid
    5,  // kill
    6,  // setgid
    7,  // setuid
    8,  // setpcap
    10, // net_bind_service
    12, // net_admin
    13, // net_raw
    18, // sys_chroot
    22, // sys_boot
    29, // audit_write
    31, // setfcap
];

/// Refused with EPERM: new namespaces and mounts, kernel keys, programs and modules, the clock, and calls
/// that mostly serve attacks. Most need a capability root inside lacks; the filter keeps their code out of reach.
const REFUSED: &[libc::c_long] = &[
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_setns,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_fanotify_init,
    libc::SYS_nfsservctl,
    libc::SYS_syslog,
    libc::SYS_vhangup,
    libc::SYS_kcmp,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_process_vm_writev,
    libc::SYS_lookup_dcookie,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_uselib,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ustat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_sysfs,
];

#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: u32 = 0xc000_00b7;

/// Numbers from here on are x32 calls on x86-64: the same calls by other numbers.
const X32: u32 = 0x4000_0000;

const NUMBER_AT: u32 = 0;
const ARCHITECTURE_AT: u32 = 4;
const FIRST_ARGUMENT_AT: u32 = 16;

/// What QEMU needs to keep the owners of files on the machine's disk: chown, dac_override, fowner, fsetid.
pub(super) const OWNERS: &[u8] = &[0, 1, 3, 4];

/// Confines this process and all it will start.
pub(super) fn confine() -> io::Result<()> {
    confine_to(CAPABILITIES)
}

/// The same for a process that is yet to set the host name, for which the kernel wants sys_admin. The filter is there already.
pub(super) fn confine_but_for_name() -> io::Result<()> {
    confine_to(&[CAPABILITIES, &[21]].concat())
}

/// What is left to give up then.
pub(super) fn give_up_name() -> io::Result<()> {
    keep(CAPABILITIES)
}

/// The same, to other capabilities.
pub(super) fn confine_to(capabilities: &[u8]) -> io::Result<()> {
    sys::install_filter(&filter())?;
    keep(capabilities)
}

fn keep(capabilities: &[u8]) -> io::Result<()> {
    sys::keep_capabilities(capabilities.iter().fold(0, |bits, number| bits | 1 << number))
}

fn filter() -> Vec<libc::sock_filter> {
    let (refuse, unknown) = (errno(libc::EPERM), errno(libc::ENOSYS));
    let mut program = vec![
        load(ARCHITECTURE_AT),
        jump(libc::BPF_JEQ, ARCHITECTURE, 1, 0),
        answer(libc::SECCOMP_RET_KILL_PROCESS),
        load(NUMBER_AT),
        jump(libc::BPF_JGE, X32, 0, 1),
        unknown,
        // Its flags are in memory, where a filter cannot look: libraries fall back to `clone`.
        jump(libc::BPF_JEQ, libc::SYS_clone3 as u32, 0, 1),
        unknown,
    ];
    for call in REFUSED {
        program.extend([jump(libc::BPF_JEQ, *call as u32, 0, 1), refuse]);
    }
    // Sockets that lead around the network: to whoever runs this host, and into the kernel's ciphers.
    program.extend([
        jump(libc::BPF_JEQ, libc::SYS_socket as u32, 0, 5),
        load(FIRST_ARGUMENT_AT),
        jump(libc::BPF_JEQ, libc::AF_VSOCK as u32, 1, 0),
        jump(libc::BPF_JEQ, libc::AF_ALG as u32, 0, 1),
        errno(libc::EAFNOSUPPORT),
        answer(libc::SECCOMP_RET_ALLOW),
    ]);
    // A new user namespace gives every capability inside it.
    program.extend([
        jump(libc::BPF_JEQ, libc::SYS_clone as u32, 1, 0),
        jump(libc::BPF_JEQ, libc::SYS_unshare as u32, 0, 3),
        load(FIRST_ARGUMENT_AT),
        jump(libc::BPF_JSET, libc::CLONE_NEWUSER as u32, 0, 1),
        refuse,
        answer(libc::SECCOMP_RET_ALLOW),
    ]);
    program
}

fn load(offset: u32) -> libc::sock_filter {
    libc::sock_filter { code: (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16, jt: 0, jf: 0, k: offset }
}

fn jump(test: u32, value: u32, if_true: u8, if_false: u8) -> libc::sock_filter {
    libc::sock_filter {
        code: (libc::BPF_JMP | test | libc::BPF_K) as u16,
        jt: if_true,
        jf: if_false,
        k: value,
    }
}

fn answer(value: u32) -> libc::sock_filter {
    libc::sock_filter { code: (libc::BPF_RET | libc::BPF_K) as u16, jt: 0, jf: 0, k: value }
}

fn errno(number: libc::c_int) -> libc::sock_filter {
    answer(libc::SECCOMP_RET_ERRNO | number as u32)
}
