//! An instance is a machine: its users, its limits, its ends; and what even its root may not do.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test code, also outside of test functions"
)]

mod world;

use std::path::Path;
use std::time::Duration;

use rolecall_compute::{ComputeError, Ending, Event, ExecSpec, ExitStatus, InstanceSpec};
use world::{GRACE, World, printed, spec};

const ID: &str = "i-0123456789abcd010";
/// Longer than anything waited for here takes; only to name what never came.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs a line that may end the machine before its own start is told.
async fn ask(world: &World, line: &str) {
    // Nobody hears it: a tool that complains must not end by that.
    let line = format!("exec >/dev/null 2>&1; {line}");
    if let Err(error) = world.driver.exec(ID, ExecSpec::root(["sh", "-c", &line])).await {
        assert!(matches!(error, ComputeError::NotRunning(_)), "{error}");
    }
}

#[tokio::test]
async fn the_login_user_becomes_root_by_sudo() {
    let Some(world) = World::new(world::choice()).await else { return };
    if !Path::new("/usr/bin/sudo").exists() || !nix::unistd::geteuid().is_root() {
        return;
    }
    // In its containers the owners of the host's files do not show, so the host's sudo is nobody's there.
    if world.podman.is_some() {
        return;
    }
    world.driver.start(spec(10)).await.unwrap();
    let ask = |line: &str| ExecSpec { user: "ec2-user".into(), ..ExecSpec::root(["sh", "-c", line]) };
    let ran = world.run(ID, ask("sudo -n id -un; sudo -n cat /etc/shadow | wc -l"), b"").await;
    assert_eq!((ran.stdout.lines().next(), ran.status), (Some("root"), ExitStatus::Code(0)), "{ran:?}");
    // What the user may not do without it.
    assert_ne!(world.run(ID, ask("cat /etc/shadow"), b"").await.status, ExitStatus::Code(0));
}

#[tokio::test]
async fn each_way_to_power_off_or_reboot_inside_is_understood() {
    let Some(world) = World::new(world::choice()).await else { return };
    let spec = spec(10);
    let mut events = world.driver.events();
    let request = |level: char| {
        format!(
            "perl -e 'print pack(\"iiii\", 0x03091969, 1, ord \"{level}\", 0), \"\\0\" x 368' > /run/initctl"
        )
    };
    let mut offs = vec!["kill -s USR2 1".to_owned(), "kill -s PWR 1".to_owned(), request('0')];
    let mut again = vec!["kill -s TERM 1".to_owned(), "kill -s INT 1".to_owned(), request('6')];
    // Tools of the image reach the fifo; an image without any is given some.
    if Path::new("/usr/sbin/poweroff").exists() {
        offs.extend(["poweroff", "halt", "shutdown -h now"].map(String::from));
        again.extend(["reboot", "shutdown -r now"].map(String::from));
    }
    for line in offs {
        world.driver.start(spec.clone()).await.unwrap();
        ask(&world, &line).await;
        let expected = Event::Exited { id: ID.into(), how: Ending::PowerOff };
        let event = tokio::time::timeout(LIMIT, events.next()).await;
        assert_eq!(event.expect(&line), expected, "{line}");
    }
    world.driver.start(spec).await.unwrap();
    for line in again {
        let before = world.console_until(ID, "").await.matches("] reboot\n").count();
        world.sh(ID, "touch /run/before").await;
        ask(&world, &line).await;
        let lines = async {
            while world.console_until(ID, "] reboot\n").await.matches("] reboot\n").count() == before {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(LIMIT, lines).await.expect(&line);
        assert_ne!(world.sh(ID, "ls /run/before").await.status, ExitStatus::Code(0), "{line}");
    }
    assert!(events.try_next().is_none());
}

#[tokio::test]
async fn a_restart_by_the_kernel_is_told_as_one() {
    let Some(world) = World::new(world::choice()).await else { return };
    world.driver.start(spec(10)).await.unwrap();
    let mut events = world.driver.events();
    // LINUX_REBOOT_CMD_RESTART
    let line = format!("perl -e 'syscall({}, 0xfee1dead, 672274793, 0x1234567, 0)'", nix::libc::SYS_reboot);
    ask(&world, &line).await;
    assert_eq!(events.next().await, Event::Exited { id: ID.into(), how: Ending::Reboot });
}

#[tokio::test]
async fn a_program_that_runs_out_of_memory_ends_and_its_instance_lives() {
    let Some(world) = World::new(world::choice()).await else { return };
    if !world.shares_kernel() {
        return;
    }
    world.driver.start(spec(10)).await.unwrap();
    if !world.driver.caps().memory_limit {
        return;
    }
    let ran = world.sh(ID, "perl -e '$x = \"x\" x (600 << 20)'").await;
    assert_eq!(ran.status.code(), 137, "{ran:?}");
    assert_eq!(world.sh(ID, "echo alive").await, printed("alive\n"));
}

#[tokio::test]
async fn no_more_processes_than_the_limit() {
    let Some(world) = World::new(world::choice()).await else { return };
    if !world.shares_kernel() {
        return;
    }
    world.driver.start(rolecall_compute::InstanceSpec { memory_mib: 4096, ..spec(10) }).await.unwrap();
    if !world.driver.caps().process_limit {
        return;
    }
    let bomb = "perl -e 'while (1) { my $pid = fork; last unless defined $pid; unless ($pid) { sleep 60; exit } $n++ } print $n'";
    let ran = world.sh(ID, &format!("{bomb}; kill -9 -1")).await;
    let made: u32 = ran.stdout.parse().unwrap_or_default();
    assert!((1..4096).contains(&made), "{ran:?}");
}

#[tokio::test]
async fn what_is_spared_when_memory_runs_out_is_nothing_that_an_instance_can_be() {
    let Some(world) = World::new(world::choice()).await else { return };
    if !world.shares_kernel() {
        return;
    }
    let user_data = Some(b"#!/bin/sh\necho user data is $(cat /proc/self/oom_score_adj).\n".to_vec());
    world.driver.start(InstanceSpec { user_data, ..spec(10) }).await.unwrap();
    let read = async |line: &str| -> i32 { world.sh(ID, line).await.stdout.trim().parse().unwrap() };
    let own = read("cat /proc/self/oom_score_adj").await;
    // While it starts a program it is for a moment what that is.
    let settled =
        format!("until [ $(cat /proc/1/oom_score_adj) -lt {own} ]; do :; done; cat /proc/1/oom_score_adj");
    let first = tokio::time::timeout(LIMIT, read(&settled)).await.unwrap();
    assert!(first >= 0, "the first process has {first}");
    world.console_until(ID, &format!("user data is {own}.")).await;
    for value in ["-1", "-900", "-1000"] {
        let line = format!("echo {value} > /proc/$$/oom_score_adj; cat /proc/$$/oom_score_adj");
        assert_eq!(read(&line).await, own, "{value} was taken");
    }
}

/// System calls by number, with what they are to be answered with.
#[tokio::test]
async fn system_calls_that_lead_out_are_refused() {
    use nix::libc;
    let Some(world) = World::new(world::choice()).await else { return };
    if !world.shares_kernel() {
        return;
    }
    world.driver.start(spec(10)).await.unwrap();
    let (not_permitted, unknown, no_family) = (libc::EPERM, libc::ENOSYS, libc::EAFNOSUPPORT);
    let newuser = i64::from(libc::CLONE_NEWUSER);
    let newns = i64::from(libc::CLONE_NEWNS);
    let calls = [
        ("mount", libc::SYS_mount, [0, 0, 0], not_permitted),
        ("bpf", libc::SYS_bpf, [0, 0, 0], not_permitted),
        ("keyctl", libc::SYS_keyctl, [0, 0, 0], not_permitted),
        ("kexec_load", libc::SYS_kexec_load, [0, 0, 0], not_permitted),
        ("open_by_handle_at", libc::SYS_open_by_handle_at, [0, 0, 0], not_permitted),
        ("name_to_handle_at", libc::SYS_name_to_handle_at, [0, 0, 0], not_permitted),
        ("init_module", libc::SYS_init_module, [0, 0, 0], not_permitted),
        ("perf_event_open", libc::SYS_perf_event_open, [0, 0, 0], not_permitted),
        ("setns", libc::SYS_setns, [0, 0, 0], not_permitted),
        ("unshare user", libc::SYS_unshare, [newuser, 0, 0], not_permitted),
        ("unshare mount", libc::SYS_unshare, [newns, 0, 0], not_permitted),
        ("clone3", libc::SYS_clone3, [0, 0, 0], unknown),
        ("syslog", libc::SYS_syslog, [3, 0, 0], not_permitted),
        ("io_uring_setup", libc::SYS_io_uring_setup, [1, 0, 0], not_permitted),
        ("userfaultfd", libc::SYS_userfaultfd, [0, 0, 0], not_permitted),
        ("socket vsock", libc::SYS_socket, [i64::from(libc::AF_VSOCK), 1, 0], no_family),
        ("socket alg", libc::SYS_socket, [i64::from(libc::AF_ALG), 5, 0], no_family),
        ("socket inet", libc::SYS_socket, [i64::from(libc::AF_INET), 1, 0], 0),
        ("x32 getpid", 0x4000_0000 + libc::SYS_getpid, [0, 0, 0], unknown),
    ];
    for (name, number, [a, b, c], errno) in calls {
        let line =
            format!("perl -e '$! = 0; my $r = syscall({number}, {a}, {b}, {c}); print $r < 0 ? $!+0 : 0'");
        let ran = world.sh(ID, &line).await;
        assert_eq!(ran.stdout, errno.to_string(), "{name}: {ran:?}");
    }
    let bits = world.sh(ID, "grep -E '^(CapBnd|CapEff|Seccomp):' /proc/self/status").await.stdout;
    assert!(bits.contains("Seccomp:\t2"), "{bits}");
    let bounding = bits.lines().find_map(|line| line.strip_prefix("CapBnd:\t")).unwrap();
    let bounding = u64::from_str_radix(bounding, 16).unwrap();
    for (name, number) in
        [("sys_admin", 21), ("sys_ptrace", 19), ("sys_module", 16), ("mknod", 27), ("sys_rawio", 17)]
    {
        assert_eq!(bounding & 1 << number, 0, "{name} is left");
    }
}

#[tokio::test]
async fn files_that_lead_out_are_closed_or_empty() {
    let Some(world) = World::new(world::choice()).await else { return };
    if !world.shares_kernel() {
        return;
    }
    let (one, two) = (spec(10), spec(11));
    world.driver.start(one).await.unwrap();
    world.driver.start(two.clone()).await.unwrap();
    world.sh(&two.id, "echo secret > /root/secret").await;
    let refused = [
        "echo '|/bin/sh' > /proc/sys/kernel/core_pattern",
        "echo 1 > /proc/sys/kernel/modprobe",
        "echo 1 > /proc/sys/vm/drop_caches",
        "echo c > /proc/sysrq-trigger && test -s /proc/sysrq-trigger",
        "test -s /proc/keys",
        "test -s /proc/timer_list",
        "head -c1 /proc/kcore | grep -q .",
        "ls /sys/firmware | grep -q .",
        "ls /sys/fs/cgroup | grep -q .",
        "mkdir /sys/fs/cgroup/x",
        "cat /proc/1/root/etc/shadow",
        "ls /proc/1/cwd/",
        "cat /proc/1/mem",
        "echo 0 > /proc/1/oom_score_adj",
        "mknod /root/disk b 254 0",
        "mknod /root/mem c 1 1",
        "find / -xdev -name secret -path '*instances*' 2>/dev/null | grep -q .",
        "grep -q instances /proc/self/mountinfo && grep -q /compute/ /proc/self/mountinfo && false",
        "ls -A /proc/[0-9]*/root/root/secret",
        "ip netns add x",
        "sysctl -w kernel.hostname=x",
        "chmod u+s /usr/bin/id",
        "dd if=/dev/vda of=/dev/null count=1",
        "ls /dev/kvm /dev/fuse /dev/mem /dev/kmsg",
    ];
    // Engines show a container its own control groups, in a folder of its own with version 1. Whether its first process is
    // spared when memory runs out is its own matter.
    let shown = ["ls /sys/fs/cgroup | grep -q .", "mkdir /sys/fs/cgroup/x", "echo 0 > /proc/1/oom_score_adj"];
    for line in refused.into_iter().filter(|line| !world.is_container() || !shown.contains(line)) {
        let ran = world.sh(ID, line).await;
        assert_ne!(ran.status, ExitStatus::Code(0), "`{line}` was allowed: {ran:?}");
    }
    // The kernel's memory as others' process ids.
    let ptrace = format!("perl -e 'exit(syscall({}, 16, 1, 0, 0) < 0 ? 1 : 0)'", nix::libc::SYS_ptrace);
    assert_eq!(world.sh(ID, &ptrace).await.status, ExitStatus::Code(1));
    world.driver.stop(ID, GRACE).await.unwrap();
}

#[tokio::test]
async fn each_instance_has_user_ids_of_its_own_and_its_files_keep_their_owners() {
    let Some(world) = World::new(world::choice()).await else { return };
    if !world.shares_kernel() || !world.has_own_ids() {
        return;
    }
    let (one, two) = (spec(10), spec(11));
    world.driver.start(one.clone()).await.unwrap();
    world.sh(ID, "touch /root/mine; touch /home/ec2-user/own; chown ec2-user /home/ec2-user/own").await;
    let first = world.sh(ID, "cat /proc/self/uid_map").await.stdout;
    world.driver.stop(ID, GRACE).await.unwrap();
    // The other takes the range that is free now, so this one gets another.
    world.driver.start(two.clone()).await.unwrap();
    world.driver.start(one).await.unwrap();
    let second = world.sh(ID, "cat /proc/self/uid_map").await.stdout;
    assert_eq!(world.sh(&two.id, "cat /proc/self/uid_map").await.stdout, first);
    assert_ne!(first, second);
    let owners = world.sh(ID, "stat -c %U /root/mine /home/ec2-user/own /usr/bin/env /dev/null").await;
    assert_eq!(owners, printed("root\nec2-user\nroot\nroot\n"));
}
