//! SIGKILL under load: nothing acknowledged is lost, nothing half-written is found.
//!
//! This program starts itself as a child that commits from 16 tasks and prints what was acknowledged, kills it after
//! a random number of lines, opens the database, and compares. `ROLECALL_KILLS` sets the rounds, default 200.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it did"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use rolecall_env::Env;
use rolecall_store::{Engine, Op, Pre, Shard, Sqlite, Txn};
use tokio::task::JoinSet;

const WORKERS: u8 = 16;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.get(1).map(String::as_str) {
        Some("child") => child(Path::new(arguments.get(2).unwrap())),
        _ => kill_and_compare(),
    }
}

fn kill_and_compare() {
    #[expect(clippy::disallowed_methods, reason = "a test's only setting")]
    let rounds = std::env::var("ROLECALL_KILLS").map_or(200, |rounds| rounds.parse().unwrap());
    let seed = 1;
    let random = Env::sim(seed);
    let directory = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeMap::new();
    let mut commits = 0;
    for round in 0..rounds {
        let lines = u16::from_be_bytes(random.random()) % 400;
        commits += run_until_killed(directory.path(), lines, &mut acknowledged);
        acknowledged = compare(directory.path(), &acknowledged, round);
    }
    println!("{rounds} kills (seed {seed}), {commits} acknowledged commits, 0 lost, 0 torn");
}

/// Starts a child, kills it after so many acknowledgments, and notes all that it printed; answers how many.
fn run_until_killed(directory: &Path, lines: u16, acknowledged: &mut BTreeMap<u8, u64>) -> usize {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg("child")
        .arg(directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut noted = 0;
    let mut note = |line: String| {
        noted += 1;
        let (worker, count) = line.split_once(' ').unwrap();
        acknowledged.insert(worker.parse().unwrap(), count.parse().unwrap());
    };
    output.by_ref().take(lines.into()).for_each(|line| note(line.unwrap()));
    child.kill().unwrap();
    child.wait().unwrap();
    // What was printed before the kill was acknowledged; only the last line may be cut off.
    let rest: Vec<String> = output.map_while(Result::ok).collect();
    rest.into_iter().for_each(note);
    noted
}

/// Every worker's rows agree with each other and with what it was told; answers what was found.
fn compare(directory: &Path, acknowledged: &BTreeMap<u8, u64>, round: u32) -> BTreeMap<u8, u64> {
    let engine = Sqlite::open(directory).unwrap();
    let (mut found, snapshot) = (BTreeMap::new(), engine.snapshot().unwrap());
    let number = |name: &str, worker: u8| {
        let mut number = 0;
        let mut see = |value: &[u8], _| number = u64::from_be_bytes(*value.first_chunk().unwrap());
        snapshot.get(&key(name, worker), &mut see).unwrap();
        number
    };
    for worker in 0..WORKERS {
        let [count, left, right] = ["count", "left", "right"].map(|name| number(name, worker));
        let told = acknowledged.get(&worker).copied().unwrap_or(0);
        assert!(
            count >= told && count <= told + 1,
            "round {round}: worker {worker} was told {told}, finds {count}"
        );
        assert_eq!((left, right), (count, count), "round {round}: worker {worker}'s rows are torn");
        found.insert(worker, count);
    }
    let logged: u64 = engine.heads().unwrap().into_iter().map(|(_, rev)| rev).sum();
    assert_eq!(logged, found.values().sum(), "round {round}: revisions and commits differ");
    for worker in 0..WORKERS {
        let (shard, head) = (Shard(worker), engine.revision(Shard(worker)));
        let changes = engine.changes(shard, head.saturating_sub(100), 1000).unwrap();
        assert_eq!(changes.len() as u64, head.min(100), "round {round}: the log of shard {worker} has a gap");
    }
    found
}

fn key(name: &str, worker: u8) -> Vec<u8> {
    format!("{name}/{worker}").into_bytes()
}

/// Commits until it is killed.
fn child(directory: &Path) {
    let engine: Arc<dyn Engine> = Arc::new(Sqlite::open(directory).unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let mut workers = JoinSet::new();
        for worker in 0..WORKERS {
            workers.spawn(work(Arc::clone(&engine), worker));
        }
        workers.join_all().await;
    });
}

/// Two rows of growing, different sizes, a counter and a log row in each commit.
async fn work(engine: Arc<dyn Engine>, worker: u8) {
    let (mut count, mut pre) = (0, Pre::Absent(key("left", worker)));
    let mut see = |value: &[u8], rev| {
        count = u64::from_be_bytes(*value.first_chunk().unwrap());
        pre = Pre::RevIs(key("left", worker), rev);
    };
    engine.snapshot().unwrap().get(&key("left", worker), &mut see).unwrap();
    loop {
        count += 1;
        let value =
            |length: u64| [&count.to_be_bytes()[..], &vec![7; (count * length % 9000) as usize]].concat();
        let ops = vec![
            Op::Put(key("left", worker), value(17)),
            Op::Put(key("right", worker), value(311)),
            Op::Add(key("count", worker), 1),
        ];
        let txn = Txn { shards: vec![Shard(worker)], pre: vec![pre], ops, idem: None };
        let committed = engine.commit(txn).await.unwrap();
        pre = Pre::RevIs(key("left", worker), committed.rev);
        std::io::stdout().write_all(format!("{worker} {count}\n").as_bytes()).unwrap();
    }
}
