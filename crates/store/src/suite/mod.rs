//! What every engine must pass. `conformance!(engine)` makes one test of each check; `engine` is an expression
//! for a new, empty `Arc<dyn Engine>` and whatever must outlive it, evaluated once a check.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a check fails by panicking"
)]

mod anomalies;
mod basics;
mod feed;
mod histories;

pub use anomalies::*;
pub use basics::*;
pub use feed::*;
pub use histories::*;

use std::sync::Arc;

use crate::{CommitError, Committed, Engine, Key, Op, Order, Pre, Range, Rev, Shard, Txn};

/// Makes a test of every check.
#[macro_export]
macro_rules! conformance {
    ($engine:expr) => {
        $crate::conformance!(@each $engine;
            a_snapshot_reads_what_was_committed_before_it,
            a_snapshot_does_not_see_later_commits,
            a_batch_of_operations_is_applied_in_order,
            every_precondition_is_checked,
            a_range_digest_notices_each_kind_of_change,
            counters_add_up,
            a_bounded_counter_is_filled_exactly_without_other_conflicts,
            a_range_beyond_its_limit_is_not_deleted,
            keys_of_any_bytes_keep_their_order,
            limits_are_enforced_to_the_byte,
            a_commit_with_the_same_idem_is_applied_once,
            a_reset_empties_and_moves_every_revision,
            one_of_32_racing_commits_wins,
            transfers_keep_the_total,
            the_last_of_two_admins_stays,
            two_keys_are_never_seen_in_both_orders,
            no_update_is_lost,
            a_listing_in_pages_shows_lasting_keys_once,
            changes_have_no_gaps_under_16_writers,
            a_compacted_reader_reloads_to_the_same_state,
            a_hint_wakes_a_follower,
            a_hint_knows_of_a_commit_once_it_is_acknowledged,
            histories_are_linearizable,
            an_entry_of_the_current_epoch_is_current,
        );
    };
    (@each $engine:expr; $($check:ident,)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $check() {
            let (engine, _outlives) = $engine;
            $crate::suite::$check(engine).await;
        }
    )+};
}

/// The engine under test.
pub type Subject = Arc<dyn Engine>;

/// A key.
fn key(name: &str) -> Key {
    name.as_bytes().to_vec()
}

fn put(name: &str, value: impl AsRef<[u8]>) -> Op {
    Op::Put(key(name), value.as_ref().to_vec())
}

fn txn(pre: impl Into<Vec<Pre>>, ops: impl Into<Vec<Op>>) -> Txn {
    Txn { pre: pre.into(), ops: ops.into(), ..Txn::default() }
}

fn in_shard(shard: Shard, ops: impl Into<Vec<Op>>) -> Txn {
    Txn { shards: vec![shard], ..txn([], ops) }
}

async fn commit(engine: &Subject, ops: impl Into<Vec<Op>>) -> Committed {
    engine.commit(txn([], ops)).await.unwrap()
}

/// Commits; whether it was applied, which a conflict is not.
async fn wins(engine: &Subject, txn: Txn) -> bool {
    match engine.commit(txn).await {
        Ok(_) => true,
        Err(CommitError::Conflict(_)) => false,
        Err(error) => panic!("{error}"),
    }
}

fn get(engine: &Subject, name: &str) -> Option<(Vec<u8>, Rev)> {
    get_in(&*engine.snapshot().unwrap(), name)
}

fn get_in(snapshot: &dyn crate::Snapshot, name: &str) -> Option<(Vec<u8>, Rev)> {
    let mut found = None;
    snapshot.get(name.as_bytes(), &mut |value, rev| found = Some((value.to_vec(), rev))).unwrap();
    found
}

/// A number kept as text.
fn number(value: Option<(Vec<u8>, Rev)>) -> (i64, Rev) {
    let (value, rev) = value.unwrap();
    (String::from_utf8(value).unwrap().parse().unwrap(), rev)
}

fn rows(snapshot: &dyn crate::Snapshot, range: &Range, order: Order, limit: usize) -> Vec<(Key, Vec<u8>)> {
    let mut rows = Vec::new();
    snapshot
        .scan(range, order, &mut |key, value, _| {
            rows.push((key.to_vec(), value.to_vec()));
            rows.len() < limit
        })
        .unwrap();
    rows
}

/// All keys and values.
fn everything(engine: &Subject) -> Vec<(Key, Vec<u8>)> {
    rows(&*engine.snapshot().unwrap(), &Range::all(), Order::Ascending, usize::MAX)
}
