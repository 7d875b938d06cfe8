//! What is particular to instances that are containers of an engine: what is left when something dies, what is made anew,
//! and what is said. The rest is the suite, run with `ROLECALL_TEST_COMPUTE=podman`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code, also outside of test functions")]

mod world;

use std::process::Command;
use std::time::Duration;

use rolecall_compute::{Choice, Config, Driver, Ending, Event, Image, InstanceSpec, Mount, choose};
use tempfile::TempDir;
use world::{GRACE, Mounted, Podman, World, config, printed, spec};

macro_rules! world_or_return {
    () => {
        match World::new(Choice::Podman).await {
            Some(world) => world,
            None => return,
        }
    };
}

/// Longer than anything waited for here takes; only to name what never came.
const LIMIT: Duration = Duration::from_secs(60);

async fn next(events: &mut rolecall_compute::Events) -> Event {
    tokio::time::timeout(LIMIT, events.next()).await.unwrap()
}

fn podman(world: &World) -> &Podman {
    world.podman.as_ref().unwrap()
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..1000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never came: {what}");
}

#[tokio::test]
async fn an_engine_that_is_absent_or_elsewhere_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    for (choice, variable) in [(Choice::Docker, "DOCKER_HOST"), (Choice::Podman, "CONTAINER_HOST")] {
        let refused = |engine: &str| {
            let config = Config { engine: Some(engine.into()), ..config(&folder) };
            async move { choose(choice, &config).await.map(drop).unwrap_err().to_string() }
        };
        let said = refused("unix:///nowhere/engine.sock").await;
        let root = nix::unistd::geteuid().is_root();
        assert!(!root || said.contains("/nowhere/engine.sock") && said.contains(variable), "{said}");
        let said = refused("tcp://10.0.0.1:2375").await;
        assert!(!root || said.contains("out of reach"), "{said}");
    }
}

#[tokio::test]
async fn a_container_that_somebody_else_ends_has_died_and_comes_back_with_its_disk() {
    let world = world_or_return!();
    let spec = spec(10);
    let mut events = world.driver.events();
    world.driver.start(spec.clone()).await.unwrap();
    world.sh(&spec.id, "echo kept > /root/file").await;
    let name = podman(&world).containers().pop().unwrap();
    podman(&world).run(&["kill", &name]);
    let died = Event::Exited { id: spec.id.clone(), how: Ending::Died };
    assert_eq!(next(&mut events).await, died);
    world.driver.start(spec.clone()).await.unwrap();
    assert_eq!(world.sh(&spec.id, "cat /root/file").await, printed("kept\n"));
    // By its engine's own stop it powers off, as a machine whose power fails.
    podman(&world).run(&["stop", &name]);
    assert_eq!(next(&mut events).await, Event::Exited { id: spec.id.clone(), how: Ending::PowerOff });
    podman(&world).run(&["rm", &name]);
    let refused = world.driver.start(spec.clone()).await.unwrap_err().to_string();
    assert!(refused.contains("disk with it"), "{refused}");
    world.driver.terminate(&spec.id, GRACE).await.unwrap();
}

#[tokio::test]
async fn an_instance_that_would_have_its_engine_wait_without_end_is_not_started() {
    let world = world_or_return!();
    let spec = spec(10);
    world.driver.start(spec.clone()).await.unwrap();
    // Engines open these to find the user of the first process.
    world.sh(&spec.id, "mv /etc/group /etc/old && mkfifo /etc/group").await;
    world.driver.stop(&spec.id, GRACE).await.unwrap();
    let refused = world.driver.start(spec.clone()).await.unwrap_err().to_string();
    assert!(refused.contains("/etc/group is no file"), "{refused}");
    world.driver.terminate(&spec.id, GRACE).await.unwrap();
    assert_eq!(podman(&world).containers(), [""; 0]);
}

#[tokio::test]
async fn what_root_inside_leaves_for_the_loader_is_not_taken_up_at_the_next_start() {
    // With Docker it would be the host's root that loads it.
    let choice = Some(world::choice()).filter(|choice| *choice == Choice::Docker);
    let Some(world) = World::new(choice.unwrap_or(Choice::Podman)).await else { return };
    let spec = spec(10);
    world.driver.start(spec.clone()).await.unwrap();
    let plant = "echo /root/own.so > /etc/ld.so.preload; umount /.rolecall; rm -rf /.rolecall/glibc-hwcaps; set -e; \
                 for level in 2 3 4; do mkdir -p /.rolecall/glibc-hwcaps/x86-64-v$level; \
                 echo own > /.rolecall/glibc-hwcaps/x86-64-v$level/libc.so.6; done; echo planted";
    let planted = world.sh(&spec.id, plant).await.stdout;
    assert_eq!(planted, "planted\n");
    world.driver.stop(&spec.id, GRACE).await.unwrap();
    world.driver.start(spec.clone()).await.unwrap();
    let seen = world
        .sh(&spec.id, "cat /etc/ld.so.preload 2>/dev/null; ls /.rolecall/glibc-hwcaps 2>/dev/null")
        .await;
    assert_eq!(seen.stdout, "");
}

#[tokio::test]
async fn what_is_mounted_below_a_shared_folder_cannot_be_written_to_either() {
    let world = world_or_return!();
    let host = world.folder.path().join("shared");
    let below = Mounted::at(host.join("below"), "1m");
    std::fs::write(below.place.join("file"), "shown\n").unwrap();
    let mounts = vec![Mount { host, guest: "/opt/shared".into() }];
    let spec = InstanceSpec { mounts, ..spec(10) };
    // At its next start the container is the same, and its mounts are new ones.
    for _ in 0..2 {
        world.driver.start(spec.clone()).await.unwrap();
        let tried =
            "cat /opt/shared/below/file; touch /opt/shared/below/own 2>&1 | grep -o 'Read-only file system'";
        assert_eq!(world.sh(&spec.id, tried).await, printed("shown\nRead-only file system\n"));
        world.driver.stop(&spec.id, GRACE).await.unwrap();
    }
}

#[test]
fn the_first_process_of_a_container_is_confined_before_it_is_told_anything() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    // Here nobody waits where it looks for its server.
    let mut first =
        Command::new(env!("CARGO_BIN_EXE_rolecall-init")).args(["inside", "i-nobodys"]).spawn().unwrap();
    let status = || std::fs::read_to_string(format!("/proc/{}/status", first.id())).unwrap();
    // The right to set the host name is given up with the rest once that is known.
    let rights = [("mknod", 27), ("sys_ptrace", 19), ("sys_module", 16), ("sys_rawio", 17)];
    let left = || -> Vec<&str> {
        let status = status();
        let has = capabilities(&status, "CapBnd") | capabilities(&status, "CapEff");
        let left = rights.iter().filter(|(_, number)| has & 1 << number != 0).map(|(name, _)| *name);
        let filter = Some("a filter").filter(|_| !status.contains("\nSeccomp:\t2\n"));
        left.chain(filter).collect()
    };
    for _ in 0..1000 {
        if left().is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let left = left();
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(left, [""; 0]);
}

fn capabilities(status: &str, set: &str) -> u64 {
    let bits = status.lines().find_map(|line| line.strip_prefix(set)?.strip_prefix(":\t"));
    u64::from_str_radix(bits.unwrap(), 16).unwrap()
}

#[tokio::test]
async fn an_instance_of_another_size_keeps_its_disk() {
    let world = world_or_return!();
    let spec = spec(10);
    world.driver.start(spec.clone()).await.unwrap();
    world.sh(&spec.id, "echo kept > /root/file; chown 1000:1000 /root/file").await;
    world.driver.stop(&spec.id, GRACE).await.unwrap();
    let larger = InstanceSpec { memory_mib: 512, ..spec };
    world.driver.start(larger.clone()).await.unwrap();
    let seen = world.sh(&larger.id, "cat /root/file; stat -c %U /root/file").await;
    assert_eq!(seen, printed("kept\nec2-user\n"));
    assert_eq!(podman(&world).containers().len(), 1);
    world.driver.terminate(&larger.id, GRACE).await.unwrap();
    assert_eq!(podman(&world).containers(), [""; 0]);
    let images = podman(&world).images();
    assert!(!images.iter().any(|name| name.contains("disk-")), "{images:?}");
}

#[tokio::test]
async fn an_image_made_of_an_instance_keeps_the_holes_of_its_files() {
    use std::os::unix::fs::MetadataExt;
    let world = world_or_return!();
    let spec = spec(10);
    world.driver.start(spec.clone()).await.unwrap();
    world.sh(&spec.id, "truncate -s 300M /root/holes && echo end >> /root/holes").await;
    world.driver.snapshot(&spec.id, "ami-holes").await.unwrap();
    let image = world.folder.path().join("compute/images/ami-holes/root/root/holes");
    let about = std::fs::metadata(&image).unwrap();
    assert_eq!(about.len(), (300 << 20) + 4);
    assert!(about.blocks() * 512 < 1 << 20, "{about:?}");
    assert!(std::fs::read(&image).unwrap().ends_with(b"\0end\n"));
}

#[tokio::test]
async fn a_copy_of_an_image_goes_when_nothing_needs_it() {
    let world = world_or_return!();
    let spec = spec(10);
    world.driver.start(spec.clone()).await.unwrap();
    world.driver.snapshot(&spec.id, "ami-Made").await.unwrap();
    let two = InstanceSpec { image: Image::RootFs { id: "ami-Made".into() }, ..world::spec(11) };
    world.driver.start(two.clone()).await.unwrap();
    let has = || podman(&world).images().iter().any(|name| name.contains("ami-made"));
    assert!(has());
    world.driver.delete_image("ami-Made").await.unwrap();
    assert!(has(), "an instance needs it");
    let refused = world.driver.start(InstanceSpec { image: two.image, ..world::spec(12) }).await;
    assert!(refused.unwrap_err().to_string().contains("no image"));
    world.driver.terminate(&two.id, GRACE).await.unwrap();
    assert!(!has());
}

#[tokio::test]
async fn a_supervisor_that_dies_takes_the_containers_along_and_they_come_back() {
    let world = world_or_return!();
    let spec = spec(10);
    let mut events = world.driver.events();
    world.driver.start(spec.clone()).await.unwrap();
    world.sh(&spec.id, "echo kept > /root/file").await;
    world::kill_supervisor();
    assert_eq!(next(&mut events).await, Event::Exited { id: spec.id.clone(), how: Ending::Lost });
    assert_eq!(next(&mut events).await, Event::Restarted);
    world.driver.start(spec.clone()).await.unwrap();
    assert_eq!(world.sh(&spec.id, "cat /root/file").await, printed("kept\n"));
}

/// Processes that are the first of an instance's container.
fn first_processes(id: &str) -> Vec<String> {
    let words = format!("\0inside\0{id}\0");
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let first = all.filter(|entry| {
        std::fs::read(entry.path().join("cmdline")).is_ok_and(|line| line.ends_with(words.as_bytes()))
    });
    first.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

/// Ends a driver of Podman's with all that it left open.
async fn end(driver: Driver, folder: &TempDir) {
    driver.shutdown().await;
    drop(driver);
    world::lock_is_free(&folder.path().join("compute/engine.lock")).await;
}

#[tokio::test]
async fn a_start_that_fails_at_any_stage_says_which_and_leaves_nothing() {
    let Some(podman) = Podman::start().await else { return };
    let stages = [
        "look at the container",
        "find the image",
        "send the image",
        "make the container",
        "note the container",
        "start the container",
        "find the container's first process",
        "join the network",
        "boot",
    ];
    for stage in stages {
        let folder = tempfile::tempdir().unwrap();
        let (engine, fail_at) = (Some(podman.address()), Some(stage.to_owned()));
        let config = Config { engine, fail_at, ..config(&folder) };
        let (driver, _) = choose(Choice::Podman, &config).await.unwrap();
        let supervisor = *world::supervisors().last().unwrap();
        if stage == "send the image" {
            // The trial at the start has sent it.
            assert!(podman.run(&["rmi", "--all", "--force"]).status.success());
        }
        let spec = spec(10);
        for _ in 0..2 {
            let error = driver.start(spec.clone()).await.unwrap_err().to_string();
            assert_eq!(error, format!("{stage}: made to fail"));
            assert_eq!((podman.running(), first_processes(&spec.id)), (vec![], vec![]), "{stage}");
            until("the end of its links", || world::links(supervisor).is_empty()).await;
        }
        driver.terminate(&spec.id, GRACE).await.unwrap();
        assert_eq!(podman.containers(), [""; 0], "{stage}");
        assert!(!folder.path().join("compute/instances").join(&spec.id).exists(), "{stage}");
        let own = podman.images().into_iter().filter(|name| name != "localhost/rolecall/usr");
        assert_eq!(own.collect::<Vec<_>>(), [""; 0], "{stage}");
        end(driver, &folder).await;
    }
}

#[tokio::test]
async fn a_container_that_fails_to_be_made_anew_at_any_stage_keeps_its_disk() {
    let world = world_or_return!();
    let spec = spec(10);
    world.driver.start(spec.clone()).await.unwrap();
    world.sh(&spec.id, "echo kept > /root/file").await;
    let World { driver, folder, podman: service, .. } = world;
    end(driver, &folder).await;
    let service = service.unwrap();
    let larger = InstanceSpec { memory_mib: 512, ..spec };
    let open = async |fail_at: Option<&str>| {
        let (engine, fail_at) = (Some(service.address()), fail_at.map(str::to_owned));
        choose(Choice::Podman, &Config { engine, fail_at, ..config(&folder) }).await.unwrap().0
    };
    let stages = [
        "look at the disk",
        "keep the disk",
        "delete the container",
        "make the container",
        "note the container",
        "start the container",
    ];
    for stage in stages {
        let driver = open(Some(stage)).await;
        let error = driver.start(larger.clone()).await.unwrap_err().to_string();
        assert_eq!(error, format!("{stage}: made to fail"));
        assert_eq!(service.running(), [""; 0], "{stage}");
        end(driver, &folder).await;
    }
    let driver = open(None).await;
    driver.start(larger.clone()).await.unwrap();
    let world = World { driver, said: String::new(), folder, podman: Some(service) };
    assert_eq!(world.sh(&larger.id, "cat /root/file").await, printed("kept\n"));
    world.driver.terminate(&larger.id, GRACE).await.unwrap();
    let own = podman(&world).images().into_iter().filter(|name| name != "localhost/rolecall/usr");
    assert_eq!((podman(&world).containers(), own.collect()), (vec![], Vec::new()));
}

#[tokio::test]
async fn a_full_disk_of_the_engine_is_said_and_nothing_is_left_of_what_it_kept_from_starting() {
    let Some(podman) = Podman::with_room("100m").await else { return };
    let folder = tempfile::tempdir().unwrap();
    let config = Config { engine: Some(podman.address()), ..config(&folder) };
    let (driver, said) = choose(Choice::Podman, &config).await.unwrap();
    let world = World { driver, said, folder, podman: Some(podman) };
    let mut events = world.driver.events();
    let fill = "#!/bin/sh\ndd if=/dev/zero of=/root/fill bs=64k\nexit 3\n";
    // What is on that file system is memory, and counts as the instance's.
    let one = InstanceSpec { user_data: Some(fill.into()), memory_mib: 1024, ..spec(10) };
    world.driver.start(one.clone()).await.unwrap();
    let ended = Event::UserDataDone { id: one.id.clone(), code: 3 };
    assert_eq!(next(&mut events).await, ended);
    world.console_until(&one.id, "No space left on device").await;
    let two = spec(11);
    let refused = world.driver.start(two.clone()).await.unwrap_err().to_string();
    assert!(refused.contains("podman refused") && refused.contains("no space left on device"), "{refused}");
    assert_eq!(self::podman(&world).running().len(), 1, "what runs goes on");
    assert_eq!(world.sh(&one.id, "echo still here").await, printed("still here\n"));
    // What is asked to be deleted on a full disk, Podman may keep out of sight; so there is room again before.
    world.sh(&one.id, "rm /root/fill").await;
    world.driver.start(two.clone()).await.unwrap();
    for spec in [&one, &two] {
        world.driver.terminate(&spec.id, GRACE).await.unwrap();
    }
    assert_eq!(self::podman(&world).containers(), [""; 0]);
}

#[tokio::test]
async fn what_servers_that_are_no_more_left_is_removed_at_the_next_start() {
    let world = world_or_return!();
    let (one, two) = (spec(10), spec(11));
    let engine = Some(podman(&world).address());
    for spec in [&one, &two] {
        world.driver.start(spec.clone()).await.unwrap();
        world.driver.stop(&spec.id, GRACE).await.unwrap();
    }
    // Of servers that would have kept nothing, one dead, one alive and one that cannot be seen; and of one that only rests.
    let image = String::from_utf8(podman(&world).run(&["images", "--quiet"]).stdout).unwrap();
    let (dead, alive) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for folder in [&dead, &alive] {
        std::fs::write(folder.path().join("engine-id"), "00").unwrap();
        std::fs::write(folder.path().join("engine.lock"), "").unwrap();
    }
    let lock = std::fs::File::create(alive.path().join("engine.lock")).unwrap();
    let _held = nix::fcntl::Flock::lock(lock, nix::fcntl::FlockArg::LockExclusiveNonblock).unwrap();
    for (name, ephemeral, folder) in [
        ("dead", true, dead.path().to_str().unwrap()),
        ("alive", true, alive.path().to_str().unwrap()),
        ("unseen", true, "/nowhere"),
        ("resting", false, "/nowhere"),
    ] {
        let labels = [format!("rolecall.ephemeral={ephemeral}"), format!("rolecall.folder={folder}")];
        let [ephemeral, folder] = labels.each_ref().map(String::as_str);
        // One that does not say so has that of its image.
        let own = ["--label", "rolecall=00", "--label", "rolecall.process="];
        let words =
            [&["create", "--name", name], &own[..], &["--label", ephemeral, "--label", folder]].concat();
        let made = podman(&world).run(&[&words[..], &[image.trim(), "true"]].concat());
        assert!(made.status.success(), "{made:?}");
    }
    let World { driver, folder, podman, .. } = world;
    driver.shutdown().await;
    drop(driver);
    world::lock_is_free(&folder.path().join("compute/engine.lock")).await;
    std::fs::remove_dir_all(folder.path().join("compute/instances").join(&one.id)).unwrap();
    let (driver, _) = choose(Choice::Podman, &Config { engine, ..config(&folder) }).await.unwrap();
    let mut left = podman.as_ref().unwrap().containers();
    left.sort_unstable();
    assert!(
        matches!(left.as_slice(), [a, b, own, c] if a == "alive" && b == "resting" && own.ends_with(&two.id) && c == "unseen"),
        "{left:?}"
    );
    let said = driver.caps().notes.iter().filter(|note| note.contains("is left: whether its server lives"));
    assert_eq!(said.count(), 1, "{:?}", driver.caps().notes);
    driver.start(two).await.unwrap();
}

#[tokio::test]
async fn a_disk_of_another_driver_is_not_taken_for_ones_own() {
    let world = world_or_return!();
    let spec = spec(10);
    world.driver.start(spec.clone()).await.unwrap();
    let World { driver, folder, podman, .. } = world;
    driver.shutdown().await;
    drop(driver);
    world::lock_is_free(&folder.path().join("compute/engine.lock")).await;
    let (namespaces, _) = choose(Choice::Namespace, &config(&folder)).await.unwrap();
    let refused = namespaces.start(spec.clone()).await.unwrap_err().to_string();
    assert!(refused.contains("its disk is a container of podman"), "{refused}");
    let other = world::spec(11);
    namespaces.start(other.clone()).await.unwrap();
    namespaces.shutdown().await;
    let engine = Some(podman.as_ref().unwrap().address());
    let (driver, _) = choose(Choice::Podman, &Config { engine, ..config(&folder) }).await.unwrap();
    let refused = driver.start(other).await.unwrap_err().to_string();
    assert!(refused.contains("another driver made it"), "{refused}");
    driver.start(spec).await.unwrap();
}
