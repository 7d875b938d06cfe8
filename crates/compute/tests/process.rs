//! The process and the record drivers: the same face, without machines.

#![allow(clippy::unwrap_used, reason = "test code, also outside of test functions")]

mod world;

use std::time::Duration;

use rolecall_compute::{Choice, ComputeError, Event, ExecSpec, ExitStatus, Kind, Link, Mount};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use world::{GRACE, World, printed, spec};

async fn processes() -> World {
    World::new(Choice::Process).await.unwrap()
}

#[tokio::test]
async fn a_process_instance_says_that_it_is_not_isolated() {
    let world = processes().await;
    assert!(world.said.contains("without any isolation"), "{}", world.said);
    assert_eq!((world.driver.caps().kind, world.driver.caps().isolated), (Kind::Process, false));
}

#[tokio::test]
async fn commands_know_their_own_metadata_port() {
    let world = processes().await;
    let running = world.driver.start(spec(10)).await.unwrap();
    let listener = world.driver.imds_listener(&running.id).await.unwrap();
    assert_eq!(listener.local_addr().unwrap(), running.imds);
    let ran = world.sh(&running.id, "echo $AWS_EC2_METADATA_SERVICE_ENDPOINT $AWS_DEFAULT_REGION").await;
    assert_eq!(ran, printed(&format!("http://{} eu-west-1\n", running.imds)));
}

#[tokio::test]
async fn user_data_runs_once_and_prints_on_the_console() {
    let world = processes().await;
    let mut spec = spec(10);
    spec.user_data = Some(b"#!/bin/sh\necho hello\nexit 4\n".to_vec());
    let mut events = world.driver.events();
    world.driver.start(spec.clone()).await.unwrap();
    assert_eq!(events.next().await, Event::UserDataDone { id: spec.id.clone(), code: 4 });
    world.console_until(&spec.id, "hello\n").await;
    world.driver.stop(&spec.id, GRACE).await.unwrap();
    world.driver.start(spec.clone()).await.unwrap();
    let text = String::from_utf8(world.driver.console(&spec.id).await.unwrap()).unwrap();
    assert_eq!(text.matches("hello").count(), 1);
}

#[tokio::test]
async fn a_terminal_works() {
    let world = processes().await;
    let running = world.driver.start(spec(10)).await.unwrap();
    let shell =
        ExecSpec { tty: Some((81, 25)), ..ExecSpec::root(["sh", "-c", "stty size; read x; echo got $x"]) };
    let mut io = world.driver.exec(&running.id, shell).await.unwrap();
    io.stdin.write_all(b"it\n").await.unwrap();
    let mut text = String::new();
    io.stdout.read_to_string(&mut text).await.unwrap();
    assert!(text.contains("25 81") && text.contains("got it"), "{text}");
    assert_eq!(io.exit.wait().await, ExitStatus::Code(0));
}

#[tokio::test]
async fn a_stop_ends_every_descendant() {
    let world = processes().await;
    let running = world.driver.start(spec(10)).await.unwrap();
    let ran = world.sh(&running.id, "trap '' TERM; (setsid sleep 1000 >/dev/null 2>&1 & echo $!)").await;
    let pid = ran.stdout.trim().to_owned();
    assert!(std::path::Path::new("/proc").join(&pid).exists());
    world.driver.stop(&running.id, Duration::from_millis(100)).await.unwrap();
    assert!(!std::path::Path::new("/proc").join(&pid).exists());
    world.driver.terminate(&running.id, GRACE).await.unwrap();
    assert!(!world.folder.path().join("compute/instances").join(&running.id).exists());
}

#[tokio::test]
async fn links_to_mounted_programs_lead_to_the_host() {
    let world = processes().await;
    let mut spec = spec(10);
    spec.mounts = vec![Mount { host: "/bin".into(), guest: "/opt/tools".into() }];
    spec.links = vec![Link { at: "/opt/bin/my-echo".into(), target: "/opt/tools/echo".into() }];
    world.driver.start(spec.clone()).await.unwrap();
    assert_eq!(world.sh(&spec.id, "my-echo hi").await, printed("hi\n"));
}

#[tokio::test]
async fn a_kernel_of_its_own_is_refused_by_who_has_none_to_give() {
    let world = processes().await;
    let spec = rolecall_compute::InstanceSpec { own_kernel: true, ..spec(10) };
    let refused = world.driver.start(spec).await.unwrap_err().to_string();
    assert_eq!(refused, "the process driver cannot run virtual machines");
}

#[tokio::test]
async fn records_run_nothing_but_have_a_metadata_port() {
    let world = World::new(Choice::None).await.unwrap();
    let running = world.driver.start(spec(10)).await.unwrap();
    let listener = world.driver.imds_listener(&running.id).await.unwrap();
    assert_eq!(listener.local_addr().unwrap(), running.imds);
    let error = world.driver.exec(&running.id, ExecSpec::root(["id"])).await.unwrap_err();
    assert!(matches!(error, ComputeError::Unsupported { .. }), "{error}");
    world.driver.stop(&running.id, GRACE).await.unwrap();
    assert!(matches!(world.driver.stop(&running.id, GRACE).await, Err(ComputeError::NotRunning(_))));
    world.driver.terminate(&running.id, GRACE).await.unwrap();
}

#[tokio::test]
async fn what_no_driver_could_carry_out_is_refused() {
    let world = World::new(Choice::None).await.unwrap();
    let refused = |change: fn(&mut rolecall_compute::InstanceSpec)| {
        let mut spec = spec(10);
        change(&mut spec);
        let driver = world.driver.clone();
        async move { assert!(matches!(driver.start(spec).await, Err(ComputeError::Invalid(_)))) }
    };
    refused(|spec| spec.id = "../x".into()).await;
    refused(|spec| spec.network.private_ip = [10, 1, 0, 1].into()).await;
    refused(|spec| spec.user_data = Some(vec![0; 16 * 1024 + 1])).await;
    refused(|spec| spec.env.push(("A".into(), "'; rm".into()))).await;
    refused(|spec| spec.users[0].uid = 0).await;
    refused(|spec| spec.users[0].authorized_keys.push("a\nb".into())).await;
    refused(|spec| spec.links.push(Link { at: "/opt/../etc".into(), target: "/".into() })).await;
}
