//! The load of the crash tests: 16 tasks that commit and print what was acknowledged, and what must be found after.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use rolecall_store::{CommitError, Engine, Op, Options, Pre, Shard, Sqlite, Txn};
use tokio::task::JoinSet;

/// How many commits each worker was told of.
pub type Acknowledged = BTreeMap<u8, u64>;

const WORKERS: u8 = 16;

/// Runs as the child if the arguments say so: `child DIRECTORY [COMMITS [CHECKPOINT]]`. Then it does not return.
pub fn run_if_child() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.get(1).is_some_and(|first| first == "child") {
        let number = |place: usize| arguments.get(place).map(|number| number.parse().unwrap());
        let options = Options { checkpoint_bytes: number(4).unwrap_or(8 << 20), ..Options::default() };
        child(Path::new(arguments.get(2).unwrap()), number(3).unwrap_or(u64::MAX), options);
        // Without the engine's own end: as if it were killed.
        std::process::exit(0);
    }
}

/// Notes a line that a child printed.
pub fn note(line: &str, acknowledged: &mut Acknowledged) {
    let (worker, count) = line.trim_end().split_once(' ').unwrap();
    acknowledged.insert(worker.parse().unwrap(), count.parse().unwrap());
}

/// Whether every worker's rows agree with each other and with what it was told: what was found, or what is wrong.
pub fn compare(directory: &Path, acknowledged: &Acknowledged) -> Result<Acknowledged, String> {
    let engine = Sqlite::open(directory).map_err(|error| error.to_string())?;
    let mut found = Acknowledged::new();
    for worker in 0..WORKERS {
        let told = acknowledged.get(&worker).copied().unwrap_or(0);
        match ["count", "left", "right"].map(|name| number(&engine, name, worker)) {
            [Ok(count), Ok(left), Ok(right)] if left == count && right == count => {
                if count < told || count > told + 1 {
                    return Err(format!("worker {worker} was told {told} and finds {count}"));
                }
                found.insert(worker, count);
            }
            torn => return Err(format!("worker {worker} has torn rows: {torn:?}")),
        }
    }
    let heads = engine.heads().map_err(|error| error.to_string())?;
    let logged: u64 = heads.into_iter().map(|(_, rev)| rev).sum();
    if logged != found.values().sum() {
        return Err(format!("the shards' revisions add up to {logged}: {found:?}"));
    }
    for worker in 0..WORKERS {
        let head = engine.revision(Shard(worker));
        let changes = engine.changes(Shard(worker), head.saturating_sub(100), 1000);
        if changes.as_ref().map(|changes| changes.len() as u64) != Ok(head.min(100)) {
            return Err(format!("the log of shard {worker} ends at {head} with {changes:?}"));
        }
    }
    Ok(found)
}

fn number(engine: &Sqlite, name: &str, worker: u8) -> Result<u64, String> {
    let mut number = 0;
    let mut see = |value: &[u8], _| number = u64::from_be_bytes(*value.first_chunk().unwrap());
    let seen = engine.snapshot().and_then(|snapshot| snapshot.get(&key(name, worker), &mut see));
    seen.map(|_| number).map_err(|error| error.to_string())
}

fn key(name: &str, worker: u8) -> Vec<u8> {
    format!("{name}/{worker}").into_bytes()
}

fn say(line: &str) {
    // Whole lines, each in one call.
    std::io::stdout().write_all(format!("{line}\n").as_bytes()).unwrap();
    std::io::stdout().flush().unwrap();
}

fn child(directory: &Path, commits: u64, options: Options) {
    let engine: Arc<dyn Engine> = Arc::new(Sqlite::open_with(directory, options).unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let mut workers = JoinSet::new();
        for worker in 0..WORKERS {
            workers.spawn(work(Arc::clone(&engine), worker, commits));
        }
        let errors: Vec<CommitError> = workers.join_all().await.into_iter().filter_map(Result::err).collect();
        if !errors.is_empty() {
            let after = engine.commit(Txn::default()).await;
            say(&format!("errors {errors:?}"));
            say(&format!("after {after:?}"));
            say(&format!("snapshot {:?}", engine.snapshot().map(|_| ())));
        }
    });
}

/// Two rows of different, growing sizes, a count, and a log row in each commit.
async fn work(engine: Arc<dyn Engine>, worker: u8, commits: u64) -> Result<(), CommitError> {
    let (mut count, mut pre) = (0, Pre::Absent(key("left", worker)));
    let mut see = |value: &[u8], rev| {
        count = u64::from_be_bytes(*value.first_chunk().unwrap());
        pre = Pre::RevIs(key("left", worker), rev);
    };
    engine.snapshot()?.get(&key("left", worker), &mut see)?;
    let end = commits.saturating_add(count);
    while count < end {
        count += 1;
        let number = count.to_be_bytes();
        let value = |length: u64| [&number[..], &vec![7; (count * length % 9000) as usize]].concat();
        let ops = vec![
            Op::Put(key("left", worker), value(17)),
            Op::Put(key("right", worker), value(311)),
            Op::Put(key("count", worker), number.to_vec()),
        ];
        let txn = Txn { shards: vec![Shard(worker)], pre: vec![pre], ops, idem: None };
        let committed = engine.commit(txn).await?;
        pre = Pre::RevIs(key("left", worker), committed.rev);
        say(&format!("{worker} {count}"));
    }
    Ok(())
}
