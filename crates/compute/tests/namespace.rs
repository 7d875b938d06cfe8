//! What instances are on every driver that isolates them, and what they cannot do.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code, also outside of test functions")]

mod world;

use std::time::Duration;

use rolecall_compute::{ComputeError, Ending, Event, ExecSpec, ExitStatus, Link, Mount};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use world::{GRACE, Ran, World, printed, spec};

macro_rules! world_or_return {
    () => {
        match World::new(world::choice()).await {
            Some(world) => world,
            None => return,
        }
    };
}

#[tokio::test]
async fn a_command_gives_its_output_errors_and_exit_code() {
    let world = world_or_return!();
    let spec = spec(10);
    world.driver.start(spec.clone()).await.unwrap();
    let ran = world.sh(&spec.id, "cat; echo oops >&2; exit 3").await;
    assert_eq!(ran, Ran { stdout: String::new(), stderr: "oops\n".into(), status: ExitStatus::Code(3) });
    let ran = world.run(&spec.id, ExecSpec::root(["cat"]), b"through and back").await;
    assert_eq!(ran, printed("through and back"));
    assert_eq!(world.sh(&spec.id, "kill -9 $$").await.status, ExitStatus::Signal(9));
    let mask = world.run(&spec.id, ExecSpec::root(["grep", "SigBlk", "/proc/self/status"]), b"").await;
    assert_eq!(mask, printed("SigBlk:\t0000000000000000\n"));
}

#[tokio::test]
async fn a_command_that_cannot_run_is_refused_with_the_reason() {
    let world = world_or_return!();
    let spec = spec(10);
    world.driver.start(spec.clone()).await.unwrap();
    let refused = |spec: ExecSpec| world.driver.exec("i-0123456789abcd010", spec);
    let error = refused(ExecSpec::root(["no-such-program"])).await.unwrap_err().to_string();
    assert!(error.contains("No such file"), "{error}");
    let error =
        refused(ExecSpec { user: "eve".into(), ..ExecSpec::root(["id"]) }).await.unwrap_err().to_string();
    assert!(error.contains("no user `eve`"), "{error}");
    let gone = world.driver.exec("i-00000000000000000", ExecSpec::root(["id"])).await.unwrap_err();
    assert!(matches!(gone, ComputeError::NotRunning(_)), "{gone}");
}

#[tokio::test]
async fn a_terminal_has_a_size_that_can_change_and_hangs_up() {
    let world = world_or_return!();
    let spec = spec(10);
    world.driver.start(spec.clone()).await.unwrap();
    let line = "tty; stty size; read line; stty size; exec sleep 1000";
    let shell =
        ExecSpec { tty: Some((90, 33)), user: "ec2-user".into(), ..ExecSpec::root(["sh", "-c", line]) };
    let mut io = world.driver.exec(&spec.id, shell).await.unwrap();
    read_until(&mut io.stdout, "33 90").await;
    io.resize.as_ref().unwrap().set(100, 40).unwrap();
    io.stdin.write_all(b"go\n").await.unwrap();
    read_until(&mut io.stdout, "40 100").await;
    drop((io.stdin, io.stdout, io.resize));
    assert_eq!(io.exit.wait().await, ExitStatus::Signal(1));
}

#[tokio::test]
async fn an_empty_command_is_a_login_shell() {
    let world = world_or_return!();
    let spec = spec(10);
    world.driver.start(spec.clone()).await.unwrap();
    let shell = ExecSpec { user: "ec2-user".into(), ..ExecSpec::root(Vec::<String>::new()) };
    let ran = world.run(&spec.id, shell, b"echo $0 $USER $PWD $AWS_DEFAULT_REGION; id -un; id -Gn\n").await;
    assert!(ran.stdout.starts_with('-'), "{ran:?}");
    assert!(ran.stdout.contains(" ec2-user /home/ec2-user eu-west-1\n"), "{ran:?}");
}

#[tokio::test]
async fn user_data_runs_once_as_root_and_prints_on_the_console() {
    let world = world_or_return!();
    let mut spec = spec(10);
    spec.user_data =
        Some(b"#!/bin/bash\necho hello from $(id -un) on $(hostname)\necho note > /dev/console\n".to_vec());
    let mut events = world.driver.events();
    world.driver.start(spec.clone()).await.unwrap();
    let id = spec.id.clone();
    assert_eq!(events.next().await, Event::UserDataDone { id: id.clone(), code: 0 });
    let text = world.console_until(&id, "note\n").await;
    assert!(text.contains("hello from root on ip-10-0-1-10\n"), "{text}");
    let log = world.sh(&id, "cat /var/log/cloud-init-output.log").await;
    assert_eq!(log, printed("hello from root on ip-10-0-1-10\n"));
    world.driver.reboot(&id, GRACE).await.unwrap();
    world.driver.stop(&id, GRACE).await.unwrap();
    world.driver.start(spec).await.unwrap();
    let log = world.sh(&id, "cat /var/log/cloud-init-output.log").await;
    assert_eq!(log, printed("hello from root on ip-10-0-1-10\n"));
}

#[tokio::test]
async fn a_stop_keeps_the_disk_and_a_termination_deletes_it() {
    let world = world_or_return!();
    let spec = spec(10);
    let id = spec.id.clone();
    world.driver.start(spec.clone()).await.unwrap();
    let twice = world.driver.start(spec.clone()).await.unwrap_err();
    assert!(matches!(twice, ComputeError::AlreadyRunning(_)), "{twice}");
    world.sh(&id, "echo kept > /home/ec2-user/file; echo kept > /data; echo gone > /tmp/file").await;
    world.driver.stop(&id, GRACE).await.unwrap();
    assert!(matches!(world.driver.stop(&id, GRACE).await, Err(ComputeError::NotRunning(_))));
    world.driver.start(spec).await.unwrap();
    let ran = world.sh(&id, "cat /home/ec2-user/file /data; ls /tmp").await;
    assert_eq!(ran, printed("kept\nkept\n"));
    world.driver.terminate(&id, GRACE).await.unwrap();
    assert!(!world.folder.path().join("compute/instances").join(&id).exists());
    world.driver.terminate(&id, GRACE).await.unwrap();
}

#[tokio::test]
async fn a_stop_lets_programs_end_and_kills_those_that_do_not() {
    let world = world_or_return!();
    let spec = spec(10);
    let id = spec.id.clone();
    world.driver.start(spec.clone()).await.unwrap();
    let polite = "trap 'echo bye > /root/said; exit 7' TERM; echo up; while :; do sleep 0.05; done";
    let mut io = world.driver.exec(&id, ExecSpec::root(["sh", "-c", polite])).await.unwrap();
    read_until(&mut io.stdout, "up\n").await;
    let stubborn = "trap '' TERM HUP; echo up; while :; do sleep 1; done";
    let mut other = world.driver.exec(&id, ExecSpec::root(["sh", "-c", stubborn])).await.unwrap();
    read_until(&mut other.stdout, "up\n").await;
    world.driver.stop(&id, Duration::from_millis(500)).await.unwrap();
    assert_eq!(io.exit.wait().await, ExitStatus::Code(7));
    assert_eq!(other.exit.wait().await, ExitStatus::Signal(9));
    world.driver.start(spec).await.unwrap();
    assert_eq!(world.sh(&id, "cat /root/said").await, printed("bye\n"));
}

#[tokio::test]
async fn root_inside_cannot_reach_the_host() {
    let world = world_or_return!();
    if !world.shares_kernel() {
        return;
    }
    let secret = world.folder.path().join("secret");
    std::fs::write(&secret, "secret").unwrap();
    let spec = spec(10);
    let id = spec.id.clone();
    world.driver.start(spec).await.unwrap();
    let refused = [
        "echo x > /proc/sys/kernel/core_pattern",
        "echo b > /proc/sysrq-trigger",
        "cat /proc/1/environ",
        "readlink /proc/1/exe",
        "cat /proc/1/exe",
        "ls /proc/1/fd",
        "touch /usr/x",
        "mount -t tmpfs t /mnt",
        "mount -o remount,rw /usr",
        "unshare -Ur true",
        "unshare -n true",
        "chroot /proc/1/root true",
        "mknod /tmp/vda b 254 0",
        "dmesg",
        "date -s 2001-01-01",
        &format!("cat {}", secret.display()),
        "touch /dev/new",
        "cat /proc/kcore | head -c1 | grep -q .",
    ];
    // A container has a `/dev` of its own, and engines leave the names of open files to be seen, if not the files.
    let own = ["ls /proc/1/fd", "touch /dev/new"];
    for line in refused.into_iter().filter(|line| !world.is_container() || !own.contains(line)) {
        let ran = world.sh(&id, line).await;
        assert_ne!(ran.status, ExitStatus::Code(0), "`{line}` was allowed: {ran:?}");
    }
    assert_eq!(world.sh(&id, "ls /root /home").await, printed("/home:\nec2-user\n\n/root:\n"));
    assert_eq!(world.sh(&id, "ls -A /etc/ssh /etc/ssl/private 2>/dev/null | wc -l").await, printed("0\n"));
    let processes = world.sh(&id, "ls -d /proc/[0-9]* | wc -l").await.stdout;
    assert!(processes.trim().parse::<u32>().unwrap() < 8, "{processes}");
    let devices = world.sh(&id, "cat /proc/net/dev | grep -c :").await;
    assert_eq!(devices, printed("2\n"));
    let outside = std::fs::read_to_string("/proc/self/uid_map").unwrap();
    let is_root = world.said.contains("root inside is root outside");
    assert!(is_root || world.sh(&id, "cat /proc/self/uid_map").await.stdout != outside);
}

#[tokio::test]
async fn limits_are_in_force_when_promised() {
    let world = world_or_return!();
    if !world.shares_kernel() {
        return;
    }
    let spec = spec(10);
    world.driver.start(spec.clone()).await.unwrap();
    if world.driver.caps().memory_limit {
        let line = "python3 -c 'x = bytearray(600 << 20)' 2>/dev/null || perl -e '$x = \"x\" x (600 << 20)'";
        let ran = world.sh(&spec.id, line).await;
        assert_eq!(ran.status.code(), 137, "600 MiB fitted into {} MiB: {ran:?}", spec.memory_mib);
    }
}

#[tokio::test]
async fn metadata_comes_only_by_the_instances_own_link() {
    let world = world_or_return!();
    let (one, two) = (spec(10), spec(11));
    for spec in [&one, &two] {
        let running = world.driver.start(spec.clone()).await.unwrap();
        assert_eq!(running.imds.to_string(), "169.254.169.254:80");
        serve(world.driver.imds_listener(&spec.id).await.unwrap(), spec.id.clone());
    }
    let ask = "exec 3<>/dev/tcp/169.254.169.254/80; cat <&3";
    for spec in [&one, &two] {
        let ran = world.run(&spec.id, ExecSpec::root(["bash", "-c", ask]), b"").await;
        assert_eq!(ran, printed(&spec.id));
    }
    // Claiming the other's address does not help: the router drops what comes by the wrong link.
    let lie = format!(
        "ip addr add 10.0.1.11/32 dev eth0; ip route replace 169.254.169.254 dev eth0 src 10.0.1.11; \
                       timeout 1 bash -c '{ask}'"
    );
    let ran = world.run(&one.id, ExecSpec::root(["bash", "-c", &lie]), b"").await;
    assert_eq!((ran.stdout.as_str(), ran.status), ("", ExitStatus::Code(124)), "{ran:?}");
}

#[tokio::test]
async fn a_metadata_listener_outlives_a_reboot() {
    let world = world_or_return!();
    let spec = spec(10);
    world.driver.start(spec.clone()).await.unwrap();
    serve(world.driver.imds_listener(&spec.id).await.unwrap(), "me".into());
    world.driver.reboot(&spec.id, GRACE).await.unwrap();
    let ask = ExecSpec::root(["bash", "-c", "exec 3<>/dev/tcp/169.254.169.254/80; cat <&3"]);
    assert_eq!(world.run(&spec.id, ask, b"").await, printed("me"));
}

#[tokio::test]
async fn instances_of_a_vpc_reach_each_other_and_the_endpoint_and_are_reached() {
    let world = world_or_return!();
    let (one, two) = (spec(10), spec(11));
    let vpc = one.network.vpc.clone();
    let endpoint = world.driver.endpoint_listener(&vpc, 4566).await.unwrap().unwrap();
    assert_eq!(world.driver.endpoint_address(&vpc).to_string(), "10.0.0.2");
    serve(endpoint, "endpoint".into());
    world.driver.start(one.clone()).await.unwrap();
    world.driver.start(two.clone()).await.unwrap();
    let ask = ExecSpec::root(["bash", "-c", "exec 3<>/dev/tcp/10.0.0.2/4566; cat <&3"]);
    assert_eq!(world.run(&one.id, ask, b"").await, printed("endpoint"));
    let listen = "perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalPort => 8080, Listen => 5, ReuseAddr => 1) \
                  or die; print \"up\\n\"; close STDOUT; while ($c = $s->accept) { print $c \"two\"; close $c }'";
    let mut io = world.driver.exec(&two.id, ExecSpec::root(["sh", "-c", listen])).await.unwrap();
    read_until(&mut io.stdout, "up\n").await;
    let ask = ExecSpec::root(["bash", "-c", "exec 3<>/dev/tcp/10.0.1.11/8080; cat <&3"]);
    assert_eq!(world.run(&one.id, ask, b"").await, printed("two"));
    let mut text = String::new();
    world.driver.connect(&two.id, 8080).await.unwrap().read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "two");
}

#[tokio::test]
async fn two_vpcs_may_have_the_same_addresses_and_do_not_meet() {
    let world = world_or_return!();
    let (one, mut two) = (spec(10), spec(11));
    two.network.vpc.id = "vpc-2".into();
    world.driver.start(one.clone()).await.unwrap();
    world.driver.start(two.clone()).await.unwrap();
    let ask = ExecSpec::root(["bash", "-c", "timeout 2 bash -c 'exec 3<>/dev/tcp/10.0.1.11/22'"]);
    let ran = world.run(&one.id, ask, b"").await;
    assert_ne!(ran.status, ExitStatus::Code(0));
    assert!(!ran.stderr.contains("refused"), "something answered: {ran:?}");
}

#[tokio::test]
async fn mounts_are_read_only_and_links_are_on_the_path() {
    let world = world_or_return!();
    let tools = world.folder.path().join("tools");
    std::fs::create_dir_all(tools.join("bin")).unwrap();
    std::fs::write(tools.join("bin/hello"), "#!/bin/sh\necho hello $AWS_DEFAULT_REGION\n").unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(tools.join("bin/hello"), executable).unwrap();
    let mut spec = spec(10);
    spec.mounts = vec![Mount { host: tools, guest: "/opt/tools".into() }];
    spec.links = vec![Link { at: "/opt/bin/hello".into(), target: "/opt/tools/bin/hello".into() }];
    world.driver.start(spec.clone()).await.unwrap();
    assert_eq!(world.sh(&spec.id, "hello").await, printed("hello eu-west-1\n"));
    // Without root outside there is only one user inside.
    if nix::unistd::geteuid().is_root() {
        let ran = world.sh(&spec.id, "su - ec2-user -c 'id -un; hello'").await;
        assert_eq!(ran, printed("ec2-user\nhello eu-west-1\n"));
    }
    assert_ne!(world.sh(&spec.id, "touch /opt/tools/x").await.status, ExitStatus::Code(0));
}

#[tokio::test]
async fn a_start_whose_caller_goes_away_comes_to_its_end() {
    let world = world_or_return!();
    let spec = spec(10);
    let hurried = tokio::time::timeout(Duration::from_millis(1), world.driver.start(spec.clone())).await;
    drop(hurried);
    for _ in 0..1000 {
        if world.driver.stop(&spec.id, Duration::ZERO).await.is_ok() {
            world.driver.start(spec).await.unwrap();
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the instance never came up");
}

#[tokio::test]
async fn power_off_inside_is_told() {
    let world = world_or_return!();
    let spec = spec(10);
    let mut events = world.driver.events();
    world.driver.start(spec.clone()).await.unwrap();
    drop(world.driver.exec(&spec.id, ExecSpec::root(["kill", "-s", "PWR", "1"])).await.unwrap());
    let expected = Event::Exited { id: spec.id.clone(), how: Ending::PowerOff };
    assert_eq!(events.next().await, expected);
    world.driver.start(spec.clone()).await.unwrap();
    world.driver.stop(&spec.id, GRACE).await.unwrap();
    assert!(events.try_next().is_none(), "a stop that was asked for is no event");
}

#[tokio::test]
async fn a_link_planted_inside_does_not_lead_the_next_start_outside() {
    let world = world_or_return!();
    let bait = tempfile::tempdir().unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(bait.path(), open).unwrap();
    let spec = spec(10);
    world.driver.start(spec.clone()).await.unwrap();
    let plant = format!(
        "cd /etc && for f in hosts hostname environment; do ln -sf {0}/$f $f; done; ln -sfn {0} /opt/bin2; \
                         rm -rf /media && ln -s {0} /media",
        bait.path().display()
    );
    world.sh(&spec.id, &plant).await;
    world.driver.stop(&spec.id, GRACE).await.unwrap();
    let error = world.driver.start(spec.clone()).await.unwrap_err().to_string();
    assert!(error.contains("/media is not a folder"), "{error}");
    if world.is_container() {
        world.driver.terminate(&spec.id, GRACE).await.unwrap();
    } else {
        let disk = world.folder.path().join("compute/instances").join(&spec.id).join("root/media");
        std::fs::remove_file(disk).unwrap();
    }
    // Writing through the other links fails inside, or makes files inside; never outside.
    drop(world.driver.start(spec.clone()).await);
    assert_eq!(std::fs::read_dir(bait.path()).unwrap().count(), 0);
}

fn serve(listener: TcpListener, answer: String) {
    #[expect(clippy::disallowed_methods, reason = "ends with the test")]
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            // The strictest hop limit: enough for the instance itself.
            stream.set_ttl(1).unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
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
