//! Typed tables: keys, rows, scans and transactions, on the memory engine.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use rolecall_base::AccountId;
use rolecall_store::{CommitError, Counters, Memory, Record, Scan, Starts, Store, StoreError, Table};
use serde::{Deserialize, Serialize};

struct Roles;

impl Table for Roles {
    const ID: u16 = 1;
    const NAME: &'static str = "roles";
    type Key = (AccountId, String);
    type Row = Role;
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Role {
    path: String,
    #[serde(default)]
    tags: Vec<(String, String)>,
}

impl Record for Role {
    const VERSION: u8 = 2;

    fn migrate(version: u8, bytes: &[u8]) -> Result<Role, StoreError> {
        let (1, Ok(path)) = (version, rmp_serde::from_slice(bytes)) else {
            return Err(StoreError::corrupt("a role"));
        };
        Ok(Role { path, tags: Vec::new() })
    }
}

/// The rows of [`Roles`] as version 1 wrote them: the path alone.
struct OldRoles;

impl Table for OldRoles {
    const ID: u16 = Roles::ID;
    const NAME: &'static str = "roles";
    type Key = (AccountId, String);
    type Row = OldRole;
}

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct OldRole(String);

impl Record for OldRole {
    const VERSION: u8 = 1;
}

struct Sizes;

impl Counters for Sizes {
    const ID: u16 = 2;
    const NAME: &'static str = "sizes";
    type Key = (AccountId, String);
}

fn account() -> AccountId {
    AccountId::new(111_122_223_333).unwrap()
}

fn role(path: &str) -> Role {
    Role { path: path.into(), tags: vec![("team".into(), "blue".into())] }
}

async fn store_of(names: &[&str]) -> Store {
    let store = Store::new(Arc::new(Memory::new()));
    for name in names {
        store
            .update(|tx| tx.put::<Roles>(&(account(), *name), &role("/")).map_err(CommitError::from))
            .await
            .unwrap();
    }
    store
}

fn names(rows: Vec<(<Roles as Table>::Key, Role)>) -> Vec<String> {
    rows.into_iter().map(|((_, name), _)| name).collect()
}

#[tokio::test]
async fn a_row_that_was_put_is_read_back_with_the_revision_of_its_commit() {
    let store = store_of(&[]).await;
    let mut tx = store.begin().unwrap();
    tx.put::<Roles>(&(account(), "admin"), &role("/a/")).unwrap();
    let committed = store.commit(tx).await.unwrap();
    let read = store.read().unwrap().get_with_rev::<Roles>(&(account(), "admin".to_owned())).unwrap();
    assert_eq!(read, Some((role("/a/"), committed.rev)));
}

#[tokio::test]
async fn a_shared_row_is_what_each_snapshot_would_have_read() {
    let folder = tempfile::tempdir().unwrap();
    for store in [
        Store::new(Arc::new(Memory::new())),
        Store::new(Arc::new(rolecall_store::Sqlite::open(folder.path()).unwrap())),
    ] {
        let key = (account(), "admin");
        let put = async |path: &str| {
            let mut tx = store.begin().unwrap();
            tx.put::<Roles>(&key, &role(path)).unwrap();
            store.commit(tx).await.unwrap();
        };
        assert_eq!(store.read().unwrap().get_shared::<Roles>(&key).unwrap(), None);
        put("/old/").await;
        let before = store.read().unwrap();
        let first = before.get_shared::<Roles>(&key).unwrap().unwrap();
        let again = store.read().unwrap().get_shared::<Roles>(&key).unwrap().unwrap();
        assert!(Arc::ptr_eq(&first, &again), "it was read twice");
        put("/new/").await;
        let after = store.read().unwrap();
        for _ in 0..2 {
            assert_eq!(*after.get_shared::<Roles>(&key).unwrap().unwrap(), role("/new/"));
            assert_eq!(*before.get_shared::<Roles>(&key).unwrap().unwrap(), role("/old/"));
        }
        let mut tx = store.begin().unwrap();
        tx.delete::<Roles>(&key).unwrap();
        assert_eq!(tx.get_shared::<Roles>(&key).unwrap(), None);
        store.commit(tx).await.unwrap();
        assert_eq!(store.read().unwrap().get_shared::<Roles>(&key).unwrap(), None);
        assert_eq!(*after.get_shared::<Roles>(&key).unwrap().unwrap(), role("/new/"));
    }
}

#[tokio::test]
async fn a_transaction_that_saw_a_shared_row_conflicts_with_its_change() {
    let store = store_of(&["admin"]).await;
    let key = (account(), "admin");
    store.read().unwrap().get_shared::<Roles>(&key).unwrap().unwrap();
    let mut tx = store.begin().unwrap();
    tx.get_shared::<Roles>(&key).unwrap().unwrap();
    tx.put::<Roles>(&(account(), "other"), &role("/")).unwrap();
    let mut change = store.begin().unwrap();
    change.put::<Roles>(&key, &role("/new/")).unwrap();
    store.commit(change).await.unwrap();
    assert!(matches!(store.commit(tx).await, Err(CommitError::Conflict(_))));
}

#[tokio::test]
async fn a_row_of_an_older_version_is_migrated_when_read() {
    let store = store_of(&[]).await;
    let mut tx = store.begin().unwrap();
    tx.put::<OldRoles>(&(account(), "admin"), &OldRole("/old/".into())).unwrap();
    store.commit(tx).await.unwrap();
    let read = store.read().unwrap().get::<Roles>(&(account(), "admin")).unwrap();
    assert_eq!(read, Some(Role { path: "/old/".into(), tags: Vec::new() }));
}

#[tokio::test]
async fn a_row_of_an_unknown_version_is_corrupt() {
    let store = store_of(&["admin"]).await;
    let read = store.read().unwrap().get::<OldRoles>(&(account(), "admin"));
    assert!(matches!(read, Err(StoreError::Corrupt { .. })), "{:?}", read.map(|_| ()));
}

#[tokio::test]
async fn a_transaction_sees_its_own_writes_in_order() {
    let store = store_of(&["b", "d", "f"]).await;
    let mut tx = store.begin().unwrap();
    tx.put::<Roles>(&(account(), "a"), &role("/")).unwrap();
    tx.put::<Roles>(&(account(), "e"), &role("/")).unwrap();
    tx.delete::<Roles>(&(account(), "d")).unwrap();
    assert_eq!(names(tx.scan::<Roles>(&(account(),), None, 10).unwrap()), ["a", "b", "e", "f"]);
    assert_eq!(names(tx.run(&Scan::<Roles>::new(&()).reverse().limit(2)).unwrap()), ["f", "e"]);
    assert_eq!(tx.count::<Roles>(&()).unwrap(), 4);
    assert!(!tx.exists::<Roles>(&(account(), "d")).unwrap());
    tx.delete_prefix::<Roles>(&(account(),)).unwrap();
    tx.put::<Roles>(&(account(), "z"), &role("/")).unwrap();
    assert_eq!(names(tx.scan::<Roles>(&(), None, 10).unwrap()), ["z"]);
    store.commit(tx).await.unwrap();
    assert_eq!(names(store.read().unwrap().scan::<Roles>(&(), None, 10).unwrap()), ["z"]);
}

#[tokio::test]
async fn a_scan_goes_on_after_a_key_and_skips_a_common_prefix() {
    let store = store_of(&["a/1", "a/2", "b", "c/1", "c/2"]).await;
    let reader = store.read().unwrap();
    let after = (account(), "a/1".to_owned());
    assert_eq!(names(reader.scan::<Roles>(&(account(),), Some(&after), 2).unwrap()), ["a/2", "b"]);
    let scan = Scan::<Roles>::new(&(account(),));
    let beyond = scan.clone().beyond(&Starts((account(),), "a/"));
    assert_eq!(names(reader.run(&beyond).unwrap()), ["b", "c/1", "c/2"]);
    assert_eq!(names(reader.run(&beyond.reverse()).unwrap()), Vec::<String>::new());
    let backward = scan.reverse().after(&(account(), "c/1"));
    assert_eq!(names(reader.run(&backward).unwrap()), ["b", "a/2", "a/1"]);
    let under = Scan::<Roles>::new(&Starts((account(),), "c/"));
    assert_eq!(reader.keys(&under).unwrap().len(), 2);
}

#[tokio::test]
async fn a_point_read_that_changed_conflicts() {
    let store = store_of(&["a"]).await;
    let tx = store.begin().unwrap();
    tx.get::<Roles>(&(account(), "a")).unwrap();
    conflicts(&store, tx, "a").await;
}

#[tokio::test]
async fn a_row_that_was_absent_and_then_written_conflicts() {
    let store = store_of(&[]).await;
    let tx = store.begin().unwrap();
    assert!(!tx.exists::<Roles>(&(account(), "a")).unwrap());
    conflicts(&store, tx, "a").await;
}

#[tokio::test]
async fn a_row_that_appears_in_a_scanned_range_conflicts() {
    let store = store_of(&["a", "c"]).await;
    let tx = store.begin().unwrap();
    assert_eq!(tx.scan::<Roles>(&(account(),), None, 10).unwrap().len(), 2);
    conflicts(&store, tx, "b").await;
}

#[tokio::test]
async fn a_row_beyond_the_page_that_was_read_does_not_conflict() {
    let store = store_of(&["a", "b", "c"]).await;
    let mut tx = store.begin().unwrap();
    assert_eq!(names(tx.scan::<Roles>(&(account(),), None, 2).unwrap()), ["a", "b"]);
    tx.put::<Roles>(&(account(), "x"), &role("/")).unwrap();
    put(&store, "c").await;
    store.commit(tx).await.unwrap();
}

#[tokio::test]
async fn a_range_that_was_only_peeked_at_does_not_conflict() {
    let store = store_of(&["a", "b"]).await;
    let mut tx = store.begin().unwrap();
    assert_eq!(tx.peek_count::<Roles>(&(account(),), 10).unwrap(), 2);
    assert_eq!(tx.peek_count::<Roles>(&(account(),), 1).unwrap(), 1);
    put(&store, "c").await;
    tx.put::<Roles>(&(account(), "d".to_owned()), &role("/")).unwrap();
    store.commit(tx).await.unwrap();
    assert_eq!(store.read().unwrap().peek_count::<Roles>(&(account(),), 10).unwrap(), 4);
}

async fn put(store: &Store, name: &str) {
    store
        .update(|tx| tx.put::<Roles>(&(account(), name), &role("/new/")).map_err(CommitError::from))
        .await
        .unwrap();
}

/// Another transaction writes `name` before `tx` commits.
async fn conflicts(store: &Store, mut tx: rolecall_store::Tx, name: &str) {
    tx.put::<Roles>(&(account(), "other"), &role("/")).unwrap();
    put(store, name).await;
    assert!(matches!(store.commit(tx).await, Err(CommitError::Conflict(_))));
}

#[tokio::test]
async fn additions_to_a_counter_never_conflict() {
    let store = store_of(&[]).await;
    let key = (account(), "bucket");
    let mut first = store.begin().unwrap();
    let mut second = store.begin().unwrap();
    first.add::<Sizes>(&key, 5).unwrap();
    second.add::<Sizes>(&key, 7).unwrap();
    second.add::<Sizes>(&key, -2).unwrap();
    store.commit(first).await.unwrap();
    store.commit(second).await.unwrap();
    assert_eq!(store.read().unwrap().counter::<Sizes>(&key).unwrap(), 10);
}

#[tokio::test]
async fn touching_an_account_moves_its_revision_and_shows_in_its_changes() {
    let store = store_of(&[]).await;
    assert_eq!(store.revision_of(account()), 0);
    let mut tx = store.begin().unwrap();
    tx.put::<Roles>(&(account(), "a"), &role("/")).unwrap();
    tx.touch(account());
    let committed = store.commit(tx).await.unwrap();
    let shard = rolecall_store::Shard::of(account());
    assert_eq!(committed.shards, [(shard, 1)]);
    assert_eq!(store.revision_of(account()), 1);
    let changes = store.changes(shard, 0, 10).unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].touched, [rolecall_store::Touched::Key(Store::key::<Roles>(&(account(), "a")))]);
}

#[tokio::test]
async fn a_reset_empties_every_table_and_moves_every_revision() {
    let store = store_of(&["a", "b"]).await;
    let before = store.read().unwrap();
    store.reset().await.unwrap();
    assert_eq!(before.count::<Roles>(&()).unwrap(), 2);
    assert_eq!(store.read().unwrap().count::<Roles>(&()).unwrap(), 0);
    assert_eq!(store.revision_of(account()), 1);
}
