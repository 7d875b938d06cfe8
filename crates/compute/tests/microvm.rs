//! The microvm driver on this machine, all instructions emulated where the processor does not help: what a kernel of its
//! own makes different. The rest is what the other suites test: `ROLECALL_TEST_COMPUTE=microvm`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code, also outside of test functions")]

mod world;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rolecall_compute::{Choice, ComputeError, Ending, Event, ExecSpec, ExitStatus, InstanceSpec};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use world::{GRACE, Ran, World, printed, spec};

const ID: &str = "i-0123456789abcd010";

#[tokio::test]
async fn a_machine_has_a_kernel_of_its_own_and_keeps_its_disk() {
    let Some(world) = World::new(Choice::Microvm).await else { return };
    let mut spec = spec(10);
    spec.user_data = Some(b"#!/bin/sh\necho hello from $(id -un) on $(hostname) with $(uname -r)\n".to_vec());
    world.driver.start(spec.clone()).await.unwrap();
    let console = world.console_until(ID, &format!("user data of {ID} ended with code 0\n")).await;
    assert!(console.contains("hello from root on ip-10-0-1-10 with "), "{console}");
    let host = nix::sys::utsname::uname().unwrap().release().to_owned();
    assert_ne!(world.sh(ID, "uname -r").await.stdout.trim(), host.to_str().unwrap());
    // Root is root of that kernel, and of nothing outside.
    let own =
        "mount -t tmpfs t /mnt && umount /mnt && dmesg >/dev/null && echo x > /proc/sys/kernel/domainname";
    assert_eq!(world.sh(ID, own).await.status, ExitStatus::Code(0));
    assert_ne!(world.sh(ID, "touch /usr/x").await.status, ExitStatus::Code(0));
    assert_eq!(world.sh(ID, "cat /sys/class/dmi/id/product_uuid | head -c 3").await, printed("ec2"));
    check_walls();
    // No machines inside machines.
    assert_eq!(world.sh(ID, "grep -cwE 'svm|vmx' /proc/cpuinfo").await.stdout, "0\n");
    check_disk(&world).await;
    let keep =
        "echo kept > /root/file; chown ec2-user /root/file; echo gone > /tmp/file; ln -s file /root/link";
    world.sh(ID, keep).await;
    world.driver.stop(ID, GRACE).await.unwrap();
    assert_eq!(qemu(), None);
    world.driver.start(spec).await.unwrap();
    let kept = world.sh(ID, "cat /root/link; stat -c %U /root/file; ls /tmp; id -un 1000").await;
    assert_eq!(kept, printed("kept\nec2-user\nec2-user\n"));
    world.driver.terminate(ID, GRACE).await.unwrap();
    assert!(!world.folder.path().join("compute/instances").join(ID).exists());
}

/// What a program finds that breaks out of the machine into QEMU.
fn check_walls() {
    let pid = qemu().unwrap();
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let field =
        |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
    if nix::unistd::geteuid().is_root() {
        let uid: u32 = field("Uid:").split_whitespace().next().unwrap().parse().unwrap();
        assert!(uid > 1_000_000_000, "{status}");
    }
    // Owners of files, on its own disk: chown, dac_override, fowner, fsetid.
    let capabilities = u64::from_str_radix(&field("CapBnd:"), 16).unwrap();
    assert_eq!(capabilities & !0b11011, 0, "{status}");
    assert_eq!((field("NoNewPrivs:"), field("Seccomp:")), ("1".into(), "2".into()));
    let names = fs::read_dir(format!("/proc/{pid}/root")).unwrap().flatten().map(|entry| entry.file_name());
    let mut names: Vec<_> = names.filter(|name| name != "lib32" && name != "libx32").collect();
    names.sort();
    assert_eq!(names, ["bin", "dev", "guest", "initramfs", "kernel", "lib", "lib64", "proc", "usr"]);
}

/// What its root may make of its disk, seen from the host, where the disk is a folder.
async fn check_disk(world: &World) {
    let make = "cd /root; mknod memory c 1 1; mknod disk b 8 0; mkfifo fifo; cp /bin/true own; chmod 6755 own; \
                ln -s /etc/shadow leads; ln /usr/bin/env env; touch far; chown 70000 far; chmod 7777 .; sync";
    world.sh(ID, make).await;
    let folder = world.folder.path().join("compute/instances").join(ID).join("root/root");
    let about = |name: &str| fs::symlink_metadata(folder.join(name));
    for name in ["memory", "disk"] {
        assert!(about(name).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound), "{name}");
    }
    let own = about("own").unwrap();
    assert_eq!(own.mode() & 0o7777, 0o6755);
    for name in ["own", "leads", "far"] {
        // Nobody's, whatever was asked for; with one user id, this user's.
        let owner = about(name).unwrap().uid();
        assert!(owner >= 1_000_000_000 || !nix::unistd::geteuid().is_root(), "{name} belongs to {owner}");
    }
    // No other name for what is not its own.
    assert!(about("env").is_err());
    assert!(about("leads").unwrap().is_symlink());
    assert_eq!(fs::metadata(world.folder.path().join("compute")).unwrap().mode() & 0o077, 0);
    world.driver.snapshot(ID, "ami-1").await.unwrap();
    let image = world.folder.path().join("compute/images/ami-1/root/root");
    assert_eq!(fs::read_link(image.join("leads")).unwrap(), Path::new("/etc/shadow"));
}

/// The one QEMU among the descendants of this process.
fn qemu() -> Option<i32> {
    let mut todo = vec![std::process::id().to_string()];
    while let Some(pid) = todo.pop() {
        if fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.starts_with(b"/usr/bin/qemu-")) {
            return pid.parse().ok();
        }
        for task in fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            todo.extend(children.split_whitespace().map(str::to_owned));
        }
    }
    None
}

#[tokio::test]
async fn streams_and_terminals_pass_by_the_serial_port() {
    let Some(world) = World::new(Choice::Microvm).await else { return };
    // More processors than the host has.
    world.driver.start(InstanceSpec { vcpus: 4096, ..spec(10) }).await.unwrap();
    let has = std::thread::available_parallelism().unwrap();
    assert_eq!(world.sh(ID, "nproc").await, printed(&format!("{has}\n")));
    let console = world.console_until(ID, "] ").await;
    assert!(console.contains(&format!("[rolecall] {has} of the 4096 processors of its type")), "{console}");
    let ran = world.sh(ID, "cat; echo oops >&2; exit 3").await;
    assert_eq!(ran, Ran { stdout: String::new(), stderr: "oops\n".into(), status: ExitStatus::Code(3) });
    // More than the port holds, both ways at once.
    let mut io = world.driver.exec(ID, ExecSpec::root(["cat"])).await.unwrap();
    let sent: Vec<u8> = (0..3_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut heard = Vec::new();
    let send = async {
        io.stdin.write_all(&sent).await.unwrap();
        drop(io.stdin);
    };
    tokio::join!(send, async { io.stdout.read_to_end(&mut heard).await.unwrap() });
    assert!(heard == sent, "{} bytes came back", heard.len());
    assert_eq!(io.exit.wait().await, ExitStatus::Code(0));
    // One that nobody reads holds up no other, and hears when its reader has gone.
    let unread = world.driver.exec(ID, ExecSpec::root(["yes"])).await.unwrap();
    assert_eq!(world.sh(ID, "kill -9 $$").await.status, ExitStatus::Signal(9));
    drop((unread.stdin, unread.stdout, unread.stderr));
    assert_eq!(unread.exit.wait().await, ExitStatus::Signal(13));
    let refused = world.driver.exec(ID, ExecSpec::root(["no-such-program"])).await.unwrap_err().to_string();
    assert!(refused.contains("No such file"), "{refused}");

    let line = "tty; stty size; read line; stty size; exec sleep 1000";
    let shell = ExecSpec { tty: Some((90, 33)), ..ExecSpec::root(["sh", "-c", line]) };
    let mut io = world.driver.exec(ID, shell).await.unwrap();
    read_until(&mut io.stdout, "33 90").await;
    io.resize.as_ref().unwrap().set(100, 40).unwrap();
    io.stdin.write_all(b"go\n").await.unwrap();
    read_until(&mut io.stdout, "40 100").await;
    drop((io.stdin, io.stdout));
    io.resize.unwrap().set(1, 1).unwrap_err();
    assert_eq!(io.exit.wait().await, ExitStatus::Signal(1));
}

#[tokio::test]
async fn each_end_of_a_machine_is_told_for_what_it_is() {
    let Some(world) = World::new(Choice::Microvm).await else { return };
    let mut events = world.driver.events();
    let restart =
        format!("perl -e 'syscall({}, 0xfee1dead, 672274793, 0x1234567, 0)'", nix::libc::SYS_reboot);
    let ends = [
        ("kill -s PWR 1", Ending::PowerOff),
        // Without the first process: what the kernel itself does.
        (restart.as_str(), Ending::Reboot),
        ("echo o > /proc/sysrq-trigger; sleep 60", Ending::PowerOff),
        ("echo c > /proc/sysrq-trigger", Ending::Died),
        ("", Ending::Died),
    ];
    for (line, how) in ends {
        world.driver.start(spec(10)).await.unwrap();
        if line.is_empty() {
            kill(Pid::from_raw(qemu().unwrap()), Signal::SIGKILL).unwrap();
        } else if let Err(error) = world.driver.exec(ID, ExecSpec::root(["sh", "-c", line])).await {
            assert!(matches!(error, ComputeError::NotRunning(_)), "{error}");
        }
        assert_eq!(events.next().await, Event::Exited { id: ID.into(), how }, "{line}");
        assert_eq!(qemu(), None);
    }
}

#[tokio::test]
async fn a_machine_that_cannot_be_says_why_and_leaves_nothing() {
    let Some(world) = World::new(Choice::Microvm).await else { return };
    let huge = InstanceSpec { memory_mib: 1 << 28, ..spec(10) };
    let refused = world.driver.start(huge).await.unwrap_err().to_string();
    assert!(refused.contains("memory"), "{refused}");
    assert_eq!(qemu(), None);
    assert!(
        world.said.contains("each with a kernel of its own; virtual machines run by QEMU "),
        "{}",
        world.said
    );
}

async fn read_until(stream: &mut rolecall_compute::Reader, wanted: &str) {
    let mut text = Vec::new();
    let mut byte = [0];
    while !String::from_utf8_lossy(&text).contains(wanted) {
        let length = stream.read(&mut byte).await.unwrap();
        assert_ne!(length, 0, "`{wanted}` never came: {}", String::from_utf8_lossy(&text));
        text.push(byte[0]);
    }
}
