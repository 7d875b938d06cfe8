//! Power cuts and failing syncs, by way of `strace`: without it on the machine these tests say so and pass.
//!
//! A child commits under `strace`, which records every write, truncation and sync of its files, and what was printed
//! as acknowledged. A power cut at some point of that record leaves what was synced, and of what was not any part, in
//! sectors of 512 bytes. From each such disk the database must open with all that was acknowledged.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test panics, and says what it did"
)]

mod load;
mod trace;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use load::{Acknowledged, compare, note, run_if_child};
use rolecall_env::Env;
use rolecall_store::Sqlite;
use trace::Event;

/// Commits of each of the 16 workers.
const COMMITS: &str = "60";
/// Small, so that the record has many checkpoints.
const CHECKPOINT_BYTES: &str = "400000";
const CUTS: usize = 600;
const SECTOR: usize = 512;

fn main() {
    run_if_child();
    if Command::new("strace").arg("-V").output().is_err() {
        println!("no strace here: no power was cut");
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let (base, events) = record(home.path());
    let lost = cut_power(home.path(), &base, &events, true);
    assert!(lost.is_empty(), "{lost:#?}");
    let lost = cut_power(home.path(), &base, &events, false);
    assert!(!lost.is_empty(), "the test does not notice missing syncs");
    println!(
        "{CUTS} power cuts, 0 acknowledged commits lost; without syncs {} of {CUTS} are noticed",
        lost.len()
    );
    a_failed_sync_is_never_acknowledged(home.path());
}

/// A file's name in the data directory, and its content.
type Disk = BTreeMap<String, Vec<u8>>;

/// A new database, and what a child does to it.
fn record(home: &Path) -> (Disk, Vec<Event>) {
    let directory = home.join("recorded");
    drop(Sqlite::open(&directory).unwrap());
    let base = std::fs::read_dir(&directory).unwrap().map(|entry| {
        let entry = entry.unwrap();
        (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap())
    });
    let base = base.collect();
    let to = home.join("trace");
    let calls = "trace=pwrite64,write,fsync,fdatasync,ftruncate";
    let output = strace(&["-y", "-xx", "-s", "70000", "-e", calls, "-o", to.to_str().unwrap()], &directory);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let events = trace::read(&std::fs::read_to_string(to).unwrap(), &directory);
    let acknowledged = events.iter().filter(|event| matches!(event, Event::Said(_))).count();
    assert_eq!(acknowledged, 16 * COMMITS.parse::<usize>().unwrap());
    let restarts = events
        .iter()
        .filter(|event| matches!(event, Event::Write { file, at: 0, .. } if file.ends_with("wal")));
    assert!(restarts.count() > 3, "the log was never begun anew");
    (base, events)
}

fn strace(arguments: &[&str], directory: &Path) -> Output {
    Command::new("strace")
        .arg("-f")
        .args(arguments)
        .arg(std::env::current_exe().unwrap())
        .arg("child")
        .arg(directory)
        .args([COMMITS, CHECKPOINT_BYTES])
        .output()
        .unwrap()
}

/// Cuts the power at random events; answers what was lost.
fn cut_power(home: &Path, base: &Disk, events: &[Event], syncs: bool) -> Vec<String> {
    let random = Env::sim(7);
    let below = |most: usize| u64::from_be_bytes(random.random()) as usize % most;
    let mut cuts: Vec<usize> = (0..CUTS).map(|_| below(events.len() + 1)).collect();
    cuts.sort_unstable();
    let (mut synced, mut pending) = (base.clone(), Vec::new());
    let (mut acknowledged, mut done, mut lost) = (Acknowledged::new(), 0, Vec::new());
    for cut in cuts {
        for event in events.get(done..cut).unwrap() {
            match event {
                Event::Said(line) => note(line, &mut acknowledged),
                Event::Sync { file } if syncs => settle(file, &mut synced, &mut pending),
                Event::Sync { .. } => {}
                write => pending.push(write),
            }
        }
        done = cut;
        // All, none, or some of what was not synced.
        let survives = below(3) * 50;
        let mut disk = synced.clone();
        pending.iter().for_each(|event| apply(event, &mut disk, &mut || below(100) < survives));
        let directory = home.join("cut");
        write_disk(&directory, &disk);
        let found = compare(&directory, &acknowledged);
        lost.extend(found.err().map(|wrong| format!("cut at event {cut}: {wrong}")));
    }
    lost
}

/// Makes a file's writes durable.
fn settle<'a>(file: &str, synced: &mut Disk, pending: &mut Vec<&'a Event>) {
    let (now, later): (Vec<&'a Event>, _) = pending.drain(..).partition(|event| event.file() == Some(file));
    now.into_iter().for_each(|event| apply(event, synced, &mut || true));
    *pending = later;
}

/// Applies those sectors of a write that survive.
fn apply(event: &Event, disk: &mut Disk, survives: &mut impl FnMut() -> bool) {
    match event {
        Event::Write { file, at, bytes } => {
            let content = disk.entry(file.clone()).or_default();
            let mut done = 0;
            while done < bytes.len() {
                let until = ((at + done) / SECTOR + 1) * SECTOR - at;
                let part = bytes.get(done..until.min(bytes.len())).unwrap();
                if survives() {
                    let end = at + done + part.len();
                    content.resize(content.len().max(end), 0);
                    content.get_mut(at + done..end).unwrap().copy_from_slice(part);
                }
                done += part.len();
            }
        }
        Event::Truncate { file, length } if survives() => {
            disk.entry(file.clone()).or_default().resize(*length, 0)
        }
        Event::Truncate { .. } | Event::Sync { .. } | Event::Said(_) => {}
    }
}

fn write_disk(directory: &Path, disk: &Disk) {
    if directory.exists() {
        std::fs::remove_dir_all(directory).unwrap();
    }
    std::fs::create_dir(directory).unwrap();
    for (file, content) in disk {
        std::fs::write(directory.join(file), content).unwrap();
    }
}

/// One failing sync somewhere in the run: the batch at hand is of unknown outcome, and no commit is acknowledged after.
fn a_failed_sync_is_never_acknowledged(home: &Path) {
    for when in [3, 4, 9, 20] {
        let directory = home.join(format!("failing {when}"));
        drop(Sqlite::open(&directory).unwrap());
        let inject = format!("inject=fsync,fdatasync:error=EIO:when={when}");
        let output = strace(&["-e", "trace=fsync,fdatasync", "-e", &inject, "-o", "/dev/null"], &directory);
        let printed = String::from_utf8(output.stdout).unwrap();
        let (errors, acknowledgments): (Vec<&str>, Vec<&str>) =
            printed.lines().partition(|line| line.starts_with(|first: char| first.is_alphabetic()));
        let [commits, after, snapshot] = errors.as_slice() else {
            panic!("sync {when} failed unseen: {printed}")
        };
        assert!(commits.contains("Unknown") || commits.contains("Corrupt"), "{commits}");
        assert!(after.contains("Err(Corrupt") && snapshot.contains("Err(Corrupt"), "{after} {snapshot}");
        let mut acknowledged = Acknowledged::new();
        acknowledgments.iter().for_each(|line| note(line, &mut acknowledged));
        compare(&directory, &acknowledged).unwrap();
    }
    println!("4 failed syncs, nothing acknowledged after them");
}
