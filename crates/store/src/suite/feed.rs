//! The change feed: no gaps, no reordering, and an honest end of the log.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::JoinSet;

use super::{Subject, get_in, in_shard, key, put};
use crate::{Change, ChangesError, LOG_KEPT, Range, Rev, Shard, Touched};

/// Follows a shard until `done` and nothing is left.
async fn follow(engine: Subject, shard: Shard, done: Arc<AtomicBool>) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    loop {
        let ending = done.load(Ordering::SeqCst);
        let after = changes.last().map_or(0, |change| change.shard_rev);
        let more = engine.changes(shard, after, 5).unwrap();
        if ending && more.is_empty() {
            return changes;
        }
        changes.extend(more);
        tokio::task::yield_now().await;
    }
}

pub async fn changes_have_no_gaps_under_16_writers(engine: Subject) {
    let shards = [Shard(1), Shard(2)];
    let done = Arc::new(AtomicBool::new(false));
    let mut followers = JoinSet::new();
    for shard in shards {
        followers.spawn(follow(engine.clone(), shard, done.clone()));
    }
    let mut writers = JoinSet::new();
    for writer in 0..16 {
        let engine = engine.clone();
        writers.spawn(async move {
            for n in 0..20 {
                let mut txn = in_shard(shards[(writer + n) % 2], [put(&format!("{writer}/{n}"), "")]);
                if n % 5 == 0 {
                    txn.shards = shards.to_vec();
                }
                engine.commit(txn).await.unwrap();
            }
        });
    }
    writers.join_all().await;
    done.store(true, Ordering::SeqCst);
    let followed = followers.join_all().await;
    let keys: BTreeSet<String> =
        followed.iter().flatten().map(|change| format!("{:?}", change.touched)).collect();
    assert_eq!(keys.len(), 320);
    for changes in followed {
        let expected: Vec<Rev> = (1..=changes.len() as Rev).collect();
        assert_eq!(changes.iter().map(|change| change.shard_rev).collect::<Vec<_>>(), expected);
        assert!(changes.is_sorted_by_key(|change| change.rev));
    }
    let heads: BTreeMap<Shard, Rev> = engine.heads().unwrap().into_iter().collect();
    assert_eq!(heads.len(), Shard::COUNT);
    assert_eq!(shards.map(|shard| heads[&shard]).iter().sum::<Rev>(), 320 + 64);
}

pub async fn a_compacted_reader_reloads_to_the_same_state(engine: Subject) {
    let shard = Shard(200);
    let commits = LOG_KEPT * 2;
    let mut all = JoinSet::new();
    for n in 0..commits {
        let engine = engine.clone();
        all.spawn(async move {
            engine.commit(in_shard(shard, [put(&format!("k{}", n % 10), n.to_string())])).await
        });
    }
    all.join_all().await.into_iter().for_each(|committed| assert!(committed.is_ok(), "{committed:?}"));
    let Err(ChangesError::Compacted { oldest }) = engine.changes(shard, 0, 10) else {
        panic!("the log is endless")
    };
    assert!(oldest > 0 && oldest <= commits - LOG_KEPT, "{oldest}");
    assert_eq!(engine.changes(shard, oldest, 1).unwrap()[0].shard_rev, oldest + 1);
    // Reload: the head first, then the rows, then what changed since.
    let head = engine.revision(shard);
    let mut state: BTreeMap<_, _> = super::everything(&engine).into_iter().collect();
    engine.commit(in_shard(shard, [put("k3", "later"), crate::Op::Del(key("k4"))])).await.unwrap();
    for change in engine.changes(shard, head, 10).unwrap() {
        for touched in change.touched {
            let Touched::Key(key) = touched else { panic!("{touched:?}") };
            let name = String::from_utf8(key.clone()).unwrap();
            match get_in(&*engine.snapshot().unwrap(), &name) {
                Some((value, _)) => state.insert(key, value),
                None => state.remove(&key),
            };
        }
    }
    assert_eq!(state.into_iter().collect::<Vec<_>>(), super::everything(&engine));
    let range = Range::prefix(b"k");
    engine.commit(in_shard(shard, [crate::Op::DelRange(range.clone(), 100)])).await.unwrap();
    assert_eq!(engine.changes(shard, head + 1, 10).unwrap()[0].touched, [Touched::Range(range)]);
}

pub async fn a_hint_wakes_a_follower(engine: Subject) {
    let mut hint = engine.hint();
    let writer = engine.clone();
    let (woken, ()) = tokio::join!(hint.wait(), async move {
        writer.commit(in_shard(Shard(0), [put("a", "")])).await.unwrap();
    });
    assert!(woken);
}

pub async fn a_hint_knows_of_a_commit_once_it_is_acknowledged(engine: Subject) {
    let mut hint = engine.hint();
    hint.take();
    for round in 0..50 {
        assert!(!hint.take());
        engine.commit(in_shard(Shard(round), [put("a", "")])).await.unwrap();
        assert!(hint.take());
    }
}
