//! What breaks leaves nothing behind, and says where it broke.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "test code, also outside of test functions"
)]

mod world;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rolecall_compute::{
    Choice, ComputeError, Config, Ending, Event, ExecSpec, ImageSource, InstanceSpec, choose,
};
use world::{GRACE, Mounted, World, config, printed, spec};

const ID: &str = "i-0123456789abcd010";

/// The supervisor, which is this process's only child, and the inits below it.
fn supervisor() -> u32 {
    let below = children(std::process::id());
    assert_eq!(below.len(), 1, "{below:?}");
    below[0]
}

fn children(of: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{of}/task")).into_iter().flatten().flatten();
    let lists = tasks.map(|task| fs::read_to_string(task.path().join("children")).unwrap_or_default());
    lists
        .flat_map(|list| list.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<_>>())
        .collect()
}

fn kill(pid: u32) {
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid as i32), nix::sys::signal::Signal::SIGKILL)
        .unwrap();
}

/// Control groups of instances below a supervisor's own.
fn groups(supervisor: u32) -> HashSet<PathBuf> {
    let root = Path::new("/sys/fs/cgroup");
    let name = format!("rolecall-{supervisor}");
    let mut found = HashSet::new();
    let mut todo = vec![root.to_owned()];
    while let Some(folder) = todo.pop() {
        for entry in
            fs::read_dir(&folder).into_iter().flatten().flatten().filter(|entry| entry.path().is_dir())
        {
            if entry.file_name() == name.as_str() {
                let inner = fs::read_dir(entry.path()).into_iter().flatten().flatten();
                found.extend(inner.map(|entry| entry.path()).filter(|path| path.is_dir()));
            } else if folder.components().count() < 7 {
                todo.push(entry.path());
            }
        }
    }
    found
}

fn is_gone(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.is_empty() || stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z'))
}

async fn until(what: &str, mut so: impl FnMut() -> bool) {
    for _ in 0..1500 {
        if so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never came: {what}");
}

#[tokio::test]
async fn a_killed_supervisor_is_replaced_and_its_instances_can_be_started_again() {
    let Some(world) = World::new(Choice::Namespace).await else { return };
    let spec = spec(10);
    world.driver.start(spec.clone()).await.unwrap();
    world.sh(ID, "echo kept > /root/file").await;
    let endpoint = world.driver.endpoint_listener(&spec.network.vpc, 4566).await.unwrap();
    let first = supervisor();
    let inits = children(first);
    let mut events = world.driver.events();
    kill(first);
    assert_eq!(events.next().await, Event::Exited { id: ID.into(), how: Ending::Lost });
    assert_eq!(events.next().await, Event::Restarted);
    assert_eq!(world.driver.generation(), 1);
    assert!(matches!(world.driver.stop(ID, GRACE).await, Err(ComputeError::NotRunning(_))));
    until("the end of the old instances", || inits.iter().all(|pid| is_gone(*pid))).await;
    assert!(groups(first).is_empty(), "{:?}", groups(first));
    drop(endpoint);
    world.driver.start(spec.clone()).await.unwrap();
    assert_eq!(world.sh(ID, "cat /root/file").await, printed("kept\n"));
    // Its network is a new one, with the same addresses.
    let endpoint = world.driver.endpoint_listener(&spec.network.vpc, 4566).await.unwrap();
    assert!(endpoint.is_some());
    let ask = ExecSpec::root(["bash", "-c", "exec 3<>/dev/tcp/10.0.0.2/4566 && echo connected"]);
    assert_eq!(world.run(ID, ask, b"").await, printed("connected\n"));
}

#[tokio::test]
async fn the_supervisor_goes_last_when_memory_runs_out() {
    let Some(world) = World::new(Choice::Namespace).await else { return };
    world.driver.start(spec(10)).await.unwrap();
    let read = |pid: u32| -> i32 {
        let text = fs::read_to_string(format!("/proc/{pid}/oom_score_adj")).unwrap();
        text.trim().parse().unwrap()
    };
    let supervisor = supervisor();
    let plain = read(std::process::id()).max(0);
    assert!(children(supervisor).iter().all(|pid| read(*pid) == plain));
    // Not every root may say so.
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let may = status.lines().find_map(|line| line.strip_prefix("CapEff:\t")).unwrap();
    if u64::from_str_radix(may, 16).unwrap() & 1 << 24 != 0 {
        assert_eq!(read(supervisor), -900);
    }
}

#[tokio::test]
async fn a_start_while_the_supervisor_dies_says_so_and_works_afterwards() {
    let Some(world) = World::new(Choice::Namespace).await else { return };
    let mut events = world.driver.events();
    kill(supervisor());
    match world.driver.start(spec(10)).await {
        // Already the new one.
        Ok(_) => {}
        Err(ComputeError::SupervisorGone) => {
            assert_eq!(events.next().await, Event::Restarted);
            world.driver.start(spec(10)).await.unwrap();
        }
        Err(error) => panic!("{error}"),
    }
    assert_eq!(world.sh(ID, "echo up").await, printed("up\n"));
}

#[tokio::test]
async fn an_instance_whose_first_process_is_killed_has_died() {
    let Some(world) = World::new(Choice::Namespace).await else { return };
    world.driver.start(spec(10)).await.unwrap();
    let supervisor = supervisor();
    let mut events = world.driver.events();
    kill(children(supervisor)[0]);
    assert_eq!(events.next().await, Event::Exited { id: ID.into(), how: Ending::Died });
    assert!(groups(supervisor).is_empty());
    world.driver.start(spec(10)).await.unwrap();
}

#[tokio::test]
async fn a_start_that_fails_at_any_stage_says_which_and_leaves_nothing() {
    let stages = [
        "set the limits",
        "make the disk",
        "make the namespaces",
        "map the user ids",
        "join the network",
        "enter the control groups",
        "boot",
    ];
    for stage in stages {
        let folder = tempfile::tempdir().unwrap();
        let config = Config { fail_at: Some(stage.into()), ..config(&folder) };
        let Ok((driver, _)) = choose(Choice::Namespace, &config).await else { return };
        let below = children(std::process::id());
        let supervisor = *below.last().unwrap();
        for _ in 0..2 {
            let error = driver.start(spec(10)).await.unwrap_err().to_string();
            // A child that just ends is noticed wherever its parent is by then.
            assert!(stage == "boot" || error.contains(stage), "{stage}: {error}");
            until("the end of its processes", || children(supervisor).is_empty()).await;
            until("the end of its groups", || groups(supervisor).is_empty()).await;
        }
        let mounts = fs::read_to_string(format!("/proc/{supervisor}/mountinfo")).unwrap();
        assert!(!mounts.contains(ID), "{stage}: a mount is left");
        driver.terminate(ID, Duration::ZERO).await.unwrap();
        assert!(!folder.path().join("compute/instances").join(ID).exists(), "{stage}");
    }
}

#[tokio::test]
async fn a_storm_of_starts_that_all_fail_leaves_nothing() {
    for stage in ["join the network", "enter the control groups", "boot"] {
        let folder = tempfile::tempdir().unwrap();
        let config = Config { fail_at: Some(stage.into()), ..config(&folder) };
        let Ok((driver, _)) = choose(Choice::Namespace, &config).await else { return };
        let supervisor = *children(std::process::id()).last().unwrap();
        let mut starts = tokio::task::JoinSet::new();
        for last in 10..40 {
            let driver = driver.clone();
            starts.spawn(async move { driver.start(spec(last)).await.map(drop) });
        }
        while let Some(started) = starts.join_next().await {
            started.unwrap().unwrap_err();
        }
        for last in 10..40 {
            driver.terminate(&spec(last).id, Duration::ZERO).await.unwrap();
        }
        until("the end of all processes", || children(supervisor).is_empty()).await;
        until("the end of all groups", || groups(supervisor).is_empty()).await;
        if nix::unistd::geteuid().is_root() {
            until("the end of all links", || world::links(supervisor).is_empty()).await;
        }
        let left = fs::read_dir(folder.path().join("compute/instances")).unwrap().count();
        assert_eq!(left, 0, "{stage}");
    }
}

#[tokio::test]
async fn a_full_disk_fails_the_start_and_a_terminated_instance_frees_it() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let small = Mounted::at(folder.path().join("compute"), "256k");
    let (driver, _) = choose(Choice::Namespace, &config(&folder)).await.unwrap();
    let error = driver.start(spec(10)).await.unwrap_err().to_string();
    assert!(error.contains("No space left"), "{error}");
    driver.terminate(ID, Duration::ZERO).await.unwrap();
    let trash = small.place.join("trash");
    until("the disk's end", || fs::read_dir(&trash).unwrap().next().is_none()).await;
}

#[tokio::test]
async fn a_disk_that_fills_up_ends_only_what_needs_room_and_that_says_so() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let small = Mounted::at(folder.path().join("compute"), "8m");
    let (driver, said) = choose(Choice::Namespace, &config(&folder)).await.unwrap();
    let world = World { driver, said, folder, podman: None };
    let supervisor = supervisor();
    let mut events = world.driver.events();
    let fill = "#!/bin/sh\ndd if=/dev/zero of=/root/fill bs=64k\nexit 3\n";
    let one = InstanceSpec { user_data: Some(fill.into()), ..spec(10) };
    world.driver.start(one.clone()).await.unwrap();
    assert_eq!(events.next().await, Event::UserDataDone { id: ID.into(), code: 3 });
    world.console_until(ID, "No space left on device").await;
    // What runs goes on, and what it says is lost where there is no room for it.
    world.sh(ID, "head -c 300000 /dev/zero | tr '\\0' x > /dev/console").await;
    assert_eq!(world.sh(ID, "echo still here").await, printed("still here\n"));
    // No image is made in part.
    let error = world.driver.snapshot(ID, "ami-1").await.unwrap_err().to_string();
    assert!(error.starts_with("copy the disk: ") && error.contains("No space left"), "{error}");
    let stream = std::io::Cursor::new(archive());
    let error = world.driver.import_image("ami-2", ImageSource::Stream(Box::new(stream))).await.unwrap_err();
    assert!(error.to_string().contains("No space left"), "{error}");
    assert_eq!(fs::read_dir(small.place.join("images")).unwrap().count(), 0);
    // Nor is another instance.
    let error = world.driver.start(spec(11)).await.unwrap_err().to_string();
    assert!(error.contains("No space left"), "{error}");
    assert_eq!(children(supervisor).len(), 1);
    world.driver.terminate(&spec(11).id, Duration::ZERO).await.unwrap();
    // It stops and starts as it is, or says what it lacks.
    world.driver.stop(ID, GRACE).await.unwrap();
    if let Err(error) = world.driver.start(one.clone()).await {
        assert!(error.to_string().contains("No space left"), "{error}");
        until("the end of its processes", || children(supervisor).is_empty()).await;
    }
    world.driver.terminate(ID, Duration::ZERO).await.unwrap();
    until("the end of its groups", || groups(supervisor).is_empty()).await;
    let trash = small.place.join("trash");
    until("the disk's end", || fs::read_dir(&trash).unwrap().next().is_none()).await;
    world.driver.start(spec(10)).await.unwrap();
}

/// A root file system with one file of a megabyte.
fn archive() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), vec![b'x'; 1 << 20]).unwrap();
    let packed = Command::new("tar").args(["-C"]).arg(folder.path()).args(["-cf", "-", "file"]).output();
    packed.unwrap().stdout
}

#[tokio::test]
async fn many_come_and_go_and_nothing_is_left() {
    let Some(world) = World::new(Choice::Namespace).await else { return };
    let supervisor = supervisor();
    let files = |pid: u32| fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count();
    let mut before = None;
    for _ in 0..3 {
        let mut starts = tokio::task::JoinSet::new();
        for last in 10..40 {
            let driver = world.driver.clone();
            starts.spawn(async move { driver.start(spec(last)).await.map(drop) });
        }
        while let Some(started) = starts.join_next().await {
            started.unwrap().unwrap();
        }
        assert_eq!(children(supervisor).len(), 30);
        for last in 10..40 {
            world.driver.terminate(&spec(last).id, Duration::ZERO).await.unwrap();
        }
        assert!(children(supervisor).is_empty() && groups(supervisor).is_empty());
        // Disks are deleted in the background.
        let trash = world.folder.path().join("compute/trash");
        until("the end of all disks", || fs::read_dir(&trash).unwrap().next().is_none()).await;
        let open = (files(supervisor), files(std::process::id()));
        let (own, server) = *before.get_or_insert(open);
        assert!(open.0 <= own + 2 && open.1 <= server + 8, "{before:?} became {open:?}");
        if nix::unistd::geteuid().is_root() {
            until("the end of all links", || world::links(supervisor).is_empty()).await;
        }
    }
}
