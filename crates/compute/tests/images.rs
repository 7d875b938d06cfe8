//! Instances that boot from images, and images made of instances, on every driver that has them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code, also outside of test functions")]

mod world;

use std::process::Command;

use rolecall_compute::{Event, Image, ImageSource, InstanceSpec};
use world::{GRACE, World, printed, spec};

/// A root file system of this machine's shell and a few programs, as a tar. `None` where it can't be made.
fn small_system() -> Vec<u8> {
    let programs = ["sh", "cat", "ls", "id", "touch", "stat", "hostname", "grep", "rm"];
    let script = r#"
        set -e
        root=$(mktemp -d); trap 'rm -rf "$root"' EXIT
        mkdir -p "$root/etc" "$root/tmp" "$root/usr/bin" "$root/usr/lib" "$root/usr/lib64"
        ln -s usr/bin "$root/bin"; ln -s usr/lib "$root/lib"; ln -s usr/lib64 "$root/lib64"
        for name in "$@"; do
            program=$(readlink -f "$(command -v "$name")")
            cp "$program" "$root/usr/bin/$name"
            for library in $(ldd "$program" | grep -o '/[^ ]*'); do
                mkdir -p "$root$(dirname "$library")"; cp -L -n "$library" "$root$library"
            done
        done
        printf 'ID=tiny\n' > "$root/etc/os-release"
        printf 'root:x:0:0:root:/root:/bin/sh\nguest:x:1000:1000::/home/guest:/bin/sh\n' > "$root/etc/passwd"
        printf 'root:x:0:\nguest:x:1000:\n' > "$root/etc/group"
        ln -s ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
        tar -C "$root" --owner 0 --group 0 -c .
    "#;
    let made = Command::new("bash").args(["-c", script, "bash"]).args(programs).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    made.stdout
}

async fn world_with_image() -> Option<(World, InstanceSpec)> {
    let world = World::new(world::choice()).await?;
    let tar = std::io::Cursor::new(small_system());
    let stored = world.driver.import_image("ami-tiny", ImageSource::Stream(Box::new(tar))).await.unwrap();
    assert!(stored.files > 9 && stored.bytes > 100_000, "{stored:?}");
    let spec = InstanceSpec { image: Image::RootFs { id: "ami-tiny".into() }, ..spec(10) };
    Some((world, spec))
}

#[tokio::test]
async fn an_instance_boots_from_an_image_and_leaves_it_as_it_is() {
    let Some((world, mut spec)) = world_with_image().await else { return };
    spec.user_data = Some(b"#!/bin/sh\n. /etc/os-release\necho hello from $ID as $(id -un)\n".to_vec());
    let mut events = world.driver.events();
    world.driver.start(spec.clone()).await.unwrap();
    assert_eq!(events.next().await, Event::UserDataDone { id: spec.id.clone(), code: 0 });
    world.console_until(&spec.id, "hello from tiny as root\n").await;
    let seen = world.sh(&spec.id, "ls /usr/bin/ls /usr/bin/python3 2>/dev/null; cat /etc/hostname").await;
    assert_eq!(seen.stdout, "/usr/bin/ls\nip-10-0-1-10\n");
    // What the image brings stays; the login user comes to it, with an id that is free.
    let users =
        world.sh(&spec.id, "grep -c guest:x:1000 /etc/passwd; id -un 1001; stat -c %U /home/ec2-user").await;
    assert_eq!(users.stdout, "1\nec2-user\nec2-user\n", "{users:?}");
    world.sh(&spec.id, "echo mine > /usr/bin/own; rm /usr/bin/stat; echo kept > /root/file").await;
    world.driver.stop(&spec.id, GRACE).await.unwrap();
    world.driver.start(spec.clone()).await.unwrap();
    let kept = world.sh(&spec.id, "cat /usr/bin/own /root/file; ls /usr/bin/stat 2>/dev/null").await;
    assert_eq!(kept.stdout, "mine\nkept\n");
    let other = InstanceSpec { image: spec.image.clone(), ..world::spec(11) };
    world.driver.start(other.clone()).await.unwrap();
    assert_eq!(
        world.sh(&other.id, "ls /usr/bin/stat /usr/bin/own 2>/dev/null").await.stdout,
        "/usr/bin/stat\n"
    );
}

#[tokio::test]
async fn an_image_with_a_pipe_for_its_users_fails_to_boot_and_hangs_nothing() {
    let Some(world) = World::new(world::choice()).await else { return };
    if !world.shares_kernel() {
        return;
    }
    world.driver.start(spec(10)).await.unwrap();
    let made = world.sh(&spec(10).id, "mv /etc/passwd /etc/old && mkfifo /etc/passwd && echo made").await;
    assert_eq!(made, printed("made\n"));
    let image = Image::RootFs { id: "ami-pipe".into() };
    let refused = match world.driver.snapshot(&spec(10).id, "ami-pipe").await {
        Ok(_) => world.driver.start(InstanceSpec { image, ..spec(11) }).await.map(drop),
        // An engine would wait for it already.
        Err(error) => Err(error),
    };
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("/etc/passwd is no file"), "{refused}");
    world.driver.start(spec(12)).await.unwrap();
}

#[tokio::test]
async fn an_image_made_of_an_instance_boots_with_what_it_wrote() {
    let Some((world, spec)) = world_with_image().await else { return };
    world.driver.start(spec.clone()).await.unwrap();
    world.sh(&spec.id, "echo made > /root/file; rm /usr/bin/touch; touch /gone; id > /tmp/volatile").await;
    world.driver.stop(&spec.id, GRACE).await.unwrap();
    world.driver.snapshot(&spec.id, "ami-made").await.unwrap();
    world.driver.terminate(&spec.id, GRACE).await.unwrap();
    world.driver.delete_image("ami-tiny").await.unwrap();
    let next = InstanceSpec { image: Image::RootFs { id: "ami-made".into() }, ..world::spec(11) };
    world.driver.start(next.clone()).await.unwrap();
    let seen = world.sh(&next.id, "cat /root/file; ls /usr/bin/touch /tmp; cat /etc/hostname").await;
    assert_eq!(seen.stdout, "made\n/tmp:\nip-10-0-1-11\n", "{seen:?}");
    let gone = InstanceSpec { image: spec.image.clone(), ..world::spec(12) };
    let refused = world.driver.start(gone).await.unwrap_err().to_string();
    assert!(refused.contains("no image `ami-tiny`"), "{refused}");
}

#[tokio::test]
async fn an_image_of_an_instance_on_this_hosts_usr_sees_it_too() {
    let Some(world) = World::new(world::choice()).await else { return };
    let spec = spec(10);
    world.driver.start(spec.clone()).await.unwrap();
    world.sh(&spec.id, "echo prepared > /opt/prepared; echo 'x:x:2000:' >> /etc/group").await;
    // A running one, as with NoReboot.
    world.driver.snapshot(&spec.id, "ami-made").await.unwrap();
    let next = InstanceSpec { image: Image::RootFs { id: "ami-made".into() }, ..world::spec(11) };
    world.driver.start(next.clone()).await.unwrap();
    let seen = world
        .sh(&next.id, "cat /opt/prepared; grep x:x /etc/group; id -un; readlink /var/lib/cloud/instance")
        .await;
    let cloud = format!("prepared\nx:x:2000:\nroot\n/var/lib/cloud/instances/{}\n", next.id);
    assert_eq!(seen, printed(&cloud));
}
