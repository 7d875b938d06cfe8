//! Real time: what happened before what, as clients saw it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use rolecall_base::AccountId;
use rolecall_env::Env;
use tokio::task::JoinSet;

use super::{Subject, commit, get, number, put};
use crate::{Rev, Shard};

/// A call on one key, with its point in the order of commits.
struct Call {
    begun: u64,
    ended: u64,
    writes: bool,
    rev: Rev,
}

/// Writes and reads of one key by 12 clients. Revisions say which write each call was or saw, so the history is
/// linearizable if that order never contradicts real time.
pub async fn histories_are_linearizable(engine: Subject) {
    let clock = Env::system();
    commit(&engine, [put("k", "")]).await;
    let mut all = JoinSet::new();
    for client in 0..12 {
        let (engine, clock) = (engine.clone(), clock.clone());
        all.spawn(async move {
            let mut calls = Vec::new();
            for n in 0..60 {
                let begun = clock.monotonic_nanos();
                let writes = (client + n) % 3 == 0;
                let rev = if writes {
                    commit(&engine, [put("k", format!("{client}/{n}"))]).await.rev
                } else {
                    get(&engine, "k").unwrap().1
                };
                calls.push(Call { begun, ended: clock.monotonic_nanos(), writes, rev });
                tokio::task::yield_now().await;
            }
            calls
        });
    }
    let mut calls: Vec<Call> = all.join_all().await.into_iter().flatten().collect();
    calls.sort_by_key(|call| call.begun);
    let mut ended: Vec<(u64, Rev)> = calls.iter().map(|call| (call.ended, call.rev)).collect();
    ended.sort_unstable();
    let mut ended = ended.into_iter().peekable();
    let mut newest = 0;
    for call in &calls {
        while let Some((_, rev)) = ended.next_if(|(end, _)| *end < call.begun) {
            newest = newest.max(rev);
        }
        let fits = if call.writes { call.rev > newest } else { call.rev >= newest };
        assert!(fits, "a call after revision {newest} came before it, at {}", call.rev);
    }
}

/// The cache protocol of `Store::revision_of`: epoch first, then a snapshot; valid while the epoch stays.
pub async fn an_entry_of_the_current_epoch_is_current(engine: Subject) {
    let account = AccountId::new(5).unwrap();
    let shard = Shard::of(account);
    commit(&engine, [put("k", "0")]).await;
    let acknowledged = Arc::new(AtomicI64::new(0));
    let done = Arc::new(AtomicBool::new(false));
    let mut readers = JoinSet::new();
    for _ in 0..4 {
        let (engine, acknowledged, done) = (engine.clone(), acknowledged.clone(), done.clone());
        readers.spawn(async move {
            let mut entry = (Rev::MAX, 0);
            while !done.load(Ordering::SeqCst) {
                let owed = acknowledged.load(Ordering::SeqCst);
                let epoch = engine.revision(shard);
                if entry.0 != epoch {
                    entry = (epoch, number(get(&engine, "k")).0);
                }
                assert!(entry.1 >= owed, "{} is older than {owed}, which was acknowledged", entry.1);
                tokio::task::yield_now().await;
            }
        });
    }
    for n in 1..=300_i64 {
        engine.commit(super::in_shard(shard, [put("k", n.to_string())])).await.unwrap();
        acknowledged.store(n, Ordering::SeqCst);
    }
    done.store(true, Ordering::SeqCst);
    readers.join_all().await;
}
