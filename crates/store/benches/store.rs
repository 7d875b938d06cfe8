//! Prints a table of what the SQLite engine does in a second, and how fast it opens after SIGKILL.
//!
//! `cargo bench -p rolecall-store`; the directory is below the target directory, to be on a real disk.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rolecall_env::Env;
use rolecall_store::{Engine, Memory, Op, Order, Range, Shard, Sqlite, Txn};
use tokio::task::JoinSet;

const ROWS: u64 = 1_000_000;
const VALUE: usize = 300;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.get(1).map(String::as_str) {
        Some("child") => child(Path::new(arguments.get(2).unwrap())),
        Some("reader") => reader(Path::new(arguments.get(2).unwrap())),
        _ => run(),
    }
}

fn run() {
    let clock = Env::system();
    let home = tempfile::tempdir_in(PathBuf::from(env!("CARGO_TARGET_TMPDIR"))).unwrap();
    let empty = home.path().join("empty");
    let begun = clock.monotonic_nanos();
    let engine: Arc<dyn Engine> = Arc::new(Sqlite::open(&empty).unwrap());
    println!("open, empty directory          {:>10.1} ms", millis(&clock, begun));
    commits("SQLite", &clock, &engine);
    drop(engine);
    let memory: Arc<dyn Engine> = Arc::new(Memory::new());
    commits("memory", &clock, &memory);
    let full = home.path().join("full");
    load(&clock, &full);
    killed(&full);
    let begun = clock.monotonic_nanos();
    let engine: Arc<dyn Engine> = Arc::new(Sqlite::open(&full).unwrap());
    engine.snapshot().unwrap().get(&key(1), &mut |_, _| ()).unwrap();
    println!("open, 10^6 rows, after SIGKILL {:>10.1} ms", millis(&clock, begun));
    drop(engine);
    // On its own, so that its memory is that of a process that only serves these rows.
    assert!(
        Command::new(std::env::current_exe().unwrap()).arg("reader").arg(&full).status().unwrap().success()
    );
    let engine: Arc<dyn Engine> = Arc::new(Sqlite::open(&full).unwrap());
    commits("SQLite, 10^6 rows", &clock, &engine);
    let begun = clock.monotonic_nanos();
    block_on(engine.reset()).unwrap();
    println!("reset, 10^6 rows               {:>10.1} ms", millis(&clock, begun));
}

fn millis(clock: &Env, begun: u64) -> f64 {
    (clock.monotonic_nanos() - begun) as f64 / 1e6
}

fn key(n: u64) -> Vec<u8> {
    // Spread over the key space, as account ids and names are.
    [&[0, 1][..], &n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes(), b"role-name-of-some-length"].concat()
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .unwrap()
        .block_on(work)
}

fn put(n: u64) -> Op {
    Op::Put(key(n), vec![n as u8; VALUE])
}

/// Durable commits a second, each of one row and one change-log row.
fn commits(what: &str, clock: &Env, engine: &Arc<dyn Engine>) {
    for committers in [1, 16, 64, 256] {
        let (done, spans) = block_on(commit_for(Duration::from_secs(2), committers, clock, engine));
        let at = |part: usize| spans.get(spans.len() * part / 1000).copied().unwrap_or(0) as f64 / 1e6;
        println!(
            "commits, {what}, {committers:>3} at once: {:>8.0} /s   p50 {:.2} ms   p99 {:.2} ms   max {:.1} ms",
            done as f64 / 2.0,
            at(500),
            at(990),
            spans.last().copied().unwrap_or(0) as f64 / 1e6,
        );
    }
}

async fn commit_for(
    span: Duration,
    committers: u64,
    clock: &Env,
    engine: &Arc<dyn Engine>,
) -> (u64, Vec<u64>) {
    let end = clock.monotonic_nanos() + span.as_nanos() as u64;
    let done = Arc::new(AtomicU64::new(0));
    let mut all = JoinSet::new();
    for committer in 0..committers {
        let (engine, clock, done) = (Arc::clone(engine), clock.clone(), Arc::clone(&done));
        all.spawn(async move {
            let mut spans = Vec::new();
            let mut n = committer * 1_000_003;
            while clock.monotonic_nanos() < end {
                let begun = clock.monotonic_nanos();
                n += 1;
                let txn = Txn { shards: vec![Shard(n as u8)], ops: vec![put(n)], ..Txn::default() };
                engine.commit(txn).await.unwrap();
                spans.push(clock.monotonic_nanos() - begun);
                done.fetch_add(1, Ordering::Relaxed);
            }
            spans
        });
    }
    let mut spans: Vec<u64> = all.join_all().await.into_iter().flatten().collect();
    spans.sort_unstable();
    (done.load(Ordering::Relaxed), spans)
}

fn load(clock: &Env, directory: &Path) {
    let engine = Sqlite::open(directory).unwrap();
    let begun = clock.monotonic_nanos();
    block_on(async {
        let mut next = 0;
        while next < ROWS {
            let batch = (0..64).map(|part| {
                let ops =
                    (next + part * 100..next + (part + 1) * 100).filter(|n| *n < ROWS).map(put).collect();
                engine.commit(Txn { ops, ..Txn::default() })
            });
            let mut all: JoinSet<_> = batch.collect();
            while let Some(committed) = all.join_next().await {
                committed.unwrap().unwrap();
            }
            next += 6_400;
        }
    });
    println!("load, 10^6 rows of {VALUE} bytes    {:>10.1} s", millis(clock, begun) / 1e3);
}

/// Has a child commit to the database and kills it.
fn killed(directory: &Path) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg("child")
        .arg(directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = [0; 1];
    std::io::Read::read_exact(&mut child.stdout.take().unwrap(), &mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Commits a while, says so, and goes on until it is killed.
fn child(directory: &Path) {
    let engine: Arc<dyn Engine> = Arc::new(Sqlite::open(directory).unwrap());
    block_on(async {
        for round in 0.. {
            commit_for(Duration::from_millis(500), 64, &Env::system(), &engine).await;
            if round == 1 {
                println!("x");
            }
        }
    });
}

/// Reads in many ways, and says how much memory that took.
fn reader(directory: &Path) {
    let engine = Sqlite::open(directory).unwrap();
    reads(&Env::system(), &engine);
    println!("resident after these           {:>10} KiB", resident());
}

fn reads(clock: &Env, engine: &dyn Engine) {
    const READS: u64 = 200_000;
    let timed = |what: &str, work: &dyn Fn()| {
        work();
        let (begun, cpu) = (clock.monotonic_nanos(), cpu_nanos());
        work();
        let cpu = (cpu_nanos() - cpu) as f64 / 1e3 / READS as f64;
        println!("{what:<30} {:>10.2} us   {cpu:.2} us of CPU", millis(clock, begun) * 1e3 / READS as f64);
    };
    let snapshot = engine.snapshot().unwrap();
    let read = |n: u64| {
        let mut length = 0;
        snapshot.get(&key(n), &mut |value, _| length = value.len()).unwrap();
        assert_eq!(length, VALUE);
    };
    timed("point read, 1,000 hot rows", &|| (0..READS).for_each(|n| read(n % 1_000)));
    timed("point read, all rows", &|| (0..READS).for_each(|n| read(n * 4_999 % ROWS)));
    timed("snapshot and point read", &|| {
        (0..READS).for_each(|n| {
            engine.snapshot().unwrap().get(&key(n % 1_000), &mut |_, _| ()).unwrap();
        });
    });
    let begun = clock.monotonic_nanos();
    let mut rows = 0;
    let mut see = |_: &[u8], _: &[u8], _| {
        rows += 1;
        true
    };
    snapshot.scan(&Range::all(), Order::Ascending, &mut see).unwrap();
    println!(
        "scan                           {:>10.2} us a row ({rows} rows)",
        millis(clock, begun) * 1e3 / rows as f64
    );
}

/// The time that this thread has had a processor.
fn cpu_nanos() -> u64 {
    let schedule = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    schedule.split(' ').next().unwrap().parse().unwrap()
}

/// This process's resident memory, KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
