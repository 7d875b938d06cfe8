//! The SQLite engine on a bad disk: full, failing, damaged, in use by another.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rolecall_store::{CommitError, Engine, Op, Options, Order, Pre, Range, Sqlite, StoreError, Txn};
use tempfile::TempDir;

fn put(name: &str, value: &[u8]) -> Txn {
    Txn { ops: vec![Op::Put(name.as_bytes().to_vec(), value.to_vec())], ..Txn::default() }
}

fn value(engine: &Sqlite, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let mut found = None;
    engine.snapshot()?.get(name.as_bytes(), &mut |value, _| found = Some(value.to_vec()))?;
    Ok(found)
}

fn directory() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[tokio::test]
async fn a_full_disk_refuses_commits_and_serves_on() {
    let directory = directory();
    let options = Options { max_bytes: Some(400_000), ..Options::default() };
    let engine = Arc::new(Sqlite::open_with(directory.path(), options).unwrap());
    let mut stored = Vec::new();
    for n in 0..100 {
        let name = format!("{n:03}");
        match engine.commit(put(&name, &[1; 20_000])).await {
            Ok(_) => stored.push(name),
            Err(error) => assert!(matches!(error, CommitError::Unavailable { .. }), "{error}"),
        }
    }
    assert!((5..20).contains(&stored.len()), "{}", stored.len());
    for name in &stored {
        assert_eq!(value(&engine, name).unwrap().unwrap().len(), 20_000);
    }
    let all = Op::DelRange(Range::all(), 100);
    engine.commit(Txn { ops: vec![all], ..Txn::default() }).await.unwrap();
    engine.commit(put("after", &[1; 20_000])).await.unwrap();
}

#[tokio::test]
async fn a_refused_transaction_leaves_no_trace_in_its_batch() {
    let directory = directory();
    let engine = Arc::new(Sqlite::open(directory.path()).unwrap());
    let mut all = tokio::task::JoinSet::new();
    for n in 0..200_u32 {
        let engine = engine.clone();
        let mut txn = put(&n.to_string(), b"");
        if n % 2 == 0 {
            txn.pre = vec![Pre::Exists(b"absent".to_vec())];
        }
        all.spawn(async move { (n, engine.commit(txn).await.is_ok()) });
    }
    for (n, applied) in all.join_all().await {
        assert_eq!(applied, n % 2 == 1);
        assert_eq!(value(&engine, &n.to_string()).unwrap().is_some(), applied);
    }
}

#[tokio::test]
async fn a_second_opening_is_refused_until_the_first_ends() {
    let directory = directory();
    let first = Sqlite::open(directory.path()).unwrap();
    first.commit(put("a", b"1")).await.unwrap();
    let Err(StoreError::Unavailable { what, .. }) = Sqlite::open(directory.path()) else {
        panic!("opened twice")
    };
    assert!(what.contains("in use by another process"), "{what}");
    drop(first);
    assert_eq!(value(&Sqlite::open(directory.path()).unwrap(), "a"), Ok(Some(b"1".to_vec())));
}

#[tokio::test]
async fn files_are_for_their_owner_alone() {
    let directory = directory();
    let data = directory.path().join("data");
    let engine = Sqlite::open(&data).unwrap();
    engine.commit(put("a", b"1")).await.unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    let files: Vec<_> = std::fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 4, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{file:?}");
    }
}

#[tokio::test]
async fn a_creation_that_was_cut_off_is_begun_anew() {
    let directory = directory();
    for left_over in ["new.sqlite", "new.sqlite-wal", "new.sqlite-journal"] {
        std::fs::write(directory.path().join(left_over), "half a page").unwrap();
    }
    let engine = Sqlite::open(directory.path()).unwrap();
    engine.commit(put("a", b"1")).await.unwrap();
}

#[test]
fn a_file_that_is_no_database_is_corrupt() {
    let directory = directory();
    std::fs::write(directory.path().join("store.sqlite"), vec![b'x'; 8192]).unwrap();
    assert!(matches!(Sqlite::open(directory.path()), Err(StoreError::Corrupt { .. })));
}

#[tokio::test]
async fn a_commit_made_but_never_asked_for_holds_nothing_up() {
    let directory = directory();
    let engine = Sqlite::open(directory.path()).unwrap();
    let never_polled = engine.commit(put("a", b"1"));
    drop(engine);
    assert!(matches!(never_polled.await, Err(CommitError::Unknown { .. } | CommitError::Unavailable { .. })));
}

/// Snapshots overlap all the time, so that there is always one in the way of a checkpoint.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn the_log_stays_bounded_while_snapshots_overlap() {
    let directory = directory();
    let options = Options { checkpoint_bytes: 256 << 10, ..Options::default() };
    let engine = Arc::new(Sqlite::open_with(directory.path(), options).unwrap());
    let done = Arc::new(AtomicBool::new(false));
    let mut readers = tokio::task::JoinSet::new();
    for _ in 0..2 {
        let (engine, done) = (engine.clone(), done.clone());
        readers.spawn(async move {
            let mut held = engine.snapshot().unwrap();
            while !done.load(Ordering::SeqCst) {
                let next = engine.snapshot().unwrap();
                held.get(b"0", &mut |_, _| ()).unwrap();
                held = next;
                tokio::task::yield_now().await;
            }
        });
    }
    for n in 0..1_000 {
        engine.commit(put(&(n % 300).to_string(), &[n as u8; 20_000])).await.unwrap();
    }
    done.store(true, Ordering::SeqCst);
    readers.join_all().await;
    let size = directory.path().join("store.sqlite-wal").metadata().unwrap().len();
    assert!(size < 9 * (256 << 10), "{size} bytes");
}

/// Any byte: every row is either as it was written or not served at all.
#[tokio::test]
async fn a_damaged_database_never_shows_a_wrong_row() {
    let directory = directory();
    let row = |n: u32| (format!("key {n:04}").into_bytes(), vec![(n % 251) as u8; 200]);
    let engine = Sqlite::open(directory.path()).unwrap();
    for some in (0..300).collect::<Vec<u32>>().chunks(100) {
        let ops = some.iter().map(|n| row(*n)).map(|(key, value)| Op::Put(key, value)).collect();
        engine.commit(Txn { ops, ..Txn::default() }).await.unwrap();
    }
    drop(engine);
    let path = directory.path().join("store.sqlite");
    let whole = std::fs::read(&path).unwrap();
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    let (mut caught, mut harmless) = (0, 0);
    for place in (0..whole.len()).step_by(whole.len() / 397) {
        file.write_all_at(&[whole[place] ^ 0x55], place as u64).unwrap();
        match Sqlite::open(directory.path()).and_then(|engine| rows_shown(&engine)) {
            Err(StoreError::Corrupt { .. }) => caught += 1,
            Err(error) => panic!("byte {place}: {error}"),
            Ok(rows) => {
                rows.into_iter().for_each(|shown| assert!((0..300).any(|n| row(n) == shown), "byte {place}"));
                harmless += 1;
            }
        }
        std::fs::write(&path, &whole).unwrap();
    }
    assert!(caught > harmless, "{caught} caught, {harmless} without effect");
}

type Shown = Vec<(Vec<u8>, Vec<u8>)>;

fn rows_shown(engine: &Sqlite) -> Result<Shown, StoreError> {
    let mut rows = Vec::new();
    let mut see = |key: &[u8], value: &[u8], _| {
        rows.push((key.to_vec(), value.to_vec()));
        true
    };
    engine.snapshot()?.scan(&Range::all(), Order::Ascending, &mut see)?;
    Ok(rows)
}
