//! Nothing is left when the server is killed without a chance to clean up: no process, no control group.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "test code, also outside of test functions")]

mod world;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rolecall_compute::{Choice, ExecSpec};
use world::{World, spec};

const CHILD: &str = "ROLECALL_TEST_SERVER";

/// Not a test: the server that the tests kill.
#[tokio::test]
async fn server_to_be_killed() {
    #[expect(clippy::disallowed_methods, reason = "tells the child of a test from a test")]
    let Ok(kind) = std::env::var(CHILD) else { return };
    let choice = match kind.as_str() {
        "namespace" => Choice::Namespace,
        "microvm" => Choice::Microvm,
        _ => Choice::Process,
    };
    let Some(world) = World::new(choice).await else {
        println!("left out");
        return;
    };
    for last in [10, 11] {
        let spec = spec(last);
        world.driver.start(spec.clone()).await.unwrap();
        world.driver.exec(&spec.id, ExecSpec::root(["sleep", "12345"])).await.unwrap();
    }
    println!("\nserver {}", std::process::id());
    std::io::stdout().flush().unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
}

#[test]
fn a_killed_server_leaves_no_namespace_instance() {
    check_nothing_is_left("namespace");
}

#[test]
fn a_killed_server_leaves_no_virtual_machine() {
    check_nothing_is_left("microvm");
}

#[test]
fn a_killed_server_leaves_no_process_instance() {
    check_nothing_is_left("process");
}

fn check_nothing_is_left(kind: &str) {
    let program = std::env::current_exe().unwrap();
    let mut child = Command::new(program)
        .args(["--exact", "server_to_be_killed", "--nocapture"])
        .env(CHILD, kind)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut lines = lines.filter(|line| line.starts_with("server ") || line == "left out");
    let started = lines.next().is_some_and(|line| line.starts_with("server "));
    let below = if started { descendants(child.id()) } else { Vec::new() };
    // A supervisor, two inits, and a command in each, or QEMU.
    assert!(!started || below.len() >= 5, "{below:?}");
    let groups: Vec<String> = below.iter().map(|pid| format!("rolecall-{pid}")).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    for _ in 0..500 {
        if below.iter().all(|pid| is_gone(*pid)) && !groups.iter().any(|name| has_group(name)) {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let left: Vec<_> = below.iter().filter(|pid| !is_gone(**pid)).collect();
    assert!(left.is_empty(), "still there: {left:?}");
    assert!(!groups.iter().any(|name| has_group(name)), "a control group is left");
}

fn is_gone(pid: u32) -> bool {
    // A zombie that whoever adopted it has not yet noticed runs no more.
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.is_empty() || stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z'))
}

fn has_group(name: &str) -> bool {
    let root = Path::new("/sys/fs/cgroup");
    let controllers = fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path());
    controllers.chain([root.to_owned()]).any(|folder| folder.join(name).exists())
}

fn descendants(of: u32) -> Vec<u32> {
    let mut found = Vec::new();
    for task in fs::read_dir(format!("/proc/{of}/task")).into_iter().flatten().flatten() {
        let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        for child in children.split_whitespace().filter_map(|pid| pid.parse().ok()) {
            found.push(child);
            found.extend(descendants(child));
        }
    }
    found
}
