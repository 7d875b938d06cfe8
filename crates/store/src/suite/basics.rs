//! One client at a time: reads, operations, preconditions, limits.

use super::{Subject, commit, everything, get, get_in, key, put, rows, txn, wins};
use crate::{
    ChangesError, CommitError, Digest, MAX_KEY, MAX_OPS, MAX_TXN, MAX_VALUE, Op, Order, Pre, Range, Rev,
    Shard, Snapshot, Txn,
};

pub async fn a_snapshot_reads_what_was_committed_before_it(engine: Subject) {
    for n in 0..50 {
        let committed = commit(&engine, [put("a", n.to_string())]).await;
        assert_eq!(get(&engine, "a"), Some((n.to_string().into_bytes(), committed.rev)));
    }
    assert_eq!(get(&engine, "b"), None);
}

pub async fn a_snapshot_does_not_see_later_commits(engine: Subject) {
    commit(&engine, [put("a", "1"), put("b", "1"), put("c", "1")]).await;
    let mut snapshots = vec![(engine.snapshot().unwrap(), everything(&engine))];
    for n in 2..20 {
        let change = if n % 3 == 0 { Op::Del(key("b")) } else { put("b", n.to_string()) };
        commit(&engine, [put("a", n.to_string()), change, put(&format!("n{n}"), "")]).await;
        snapshots.push((engine.snapshot().unwrap(), everything(&engine)));
    }
    while let Some((snapshot, expected)) = snapshots.pop() {
        for (snapshot, expected) in &snapshots {
            assert_eq!(&rows(&**snapshot, &Range::all(), Order::Ascending, 100), expected);
        }
        let mut backward = rows(&*snapshot, &Range::all(), Order::Descending, 100);
        backward.reverse();
        assert_eq!(backward, expected);
        commit(&engine, [put("z", "1"), Op::Del(key("c"))]).await;
    }
}

pub async fn a_batch_of_operations_is_applied_in_order(engine: Subject) {
    commit(&engine, [put("p/1", "old"), put("p/2", "old"), put("q", "old")]).await;
    let ops = [
        put("p/3", "new"),
        Op::DelRange(Range::prefix(b"p/"), 10),
        put("p/2", "new"),
        Op::Del(key("q")),
        Op::Del(key("absent")),
        put("r", "1"),
        put("r", "2"),
    ];
    commit(&engine, ops).await;
    assert_eq!(everything(&engine), [(key("p/2"), b"new".to_vec()), (key("r"), b"2".to_vec())]);
}

pub async fn every_precondition_is_checked(engine: Subject) {
    let rev = commit(&engine, [put("a", "1")]).await.rev;
    let range = Range::prefix(b"a");
    let cases = [
        (Pre::Absent(key("b")), true),
        (Pre::Absent(key("a")), false),
        (Pre::Exists(key("a")), true),
        (Pre::Exists(key("b")), false),
        (Pre::RevIs(key("a"), rev), true),
        (Pre::RevIs(key("a"), rev + 1), false),
        (Pre::RevIs(key("b"), rev), false),
        (Pre::RangeEmpty(Range::prefix(b"b")), true),
        (Pre::RangeEmpty(range.clone()), false),
        (Pre::RangeIs(range.clone(), digest(&*engine.snapshot().unwrap(), &range)), true),
        (Pre::RangeIs(range, Digest::default()), false),
        (Pre::AtMost(key("n"), 0), true),
        (Pre::AtMost(key("n"), -1), false),
    ];
    for (pre, holds) in cases {
        let outcome = engine.commit(txn([Pre::Exists(key("a")), pre.clone()], [put("x", "")])).await;
        match outcome {
            Ok(_) => assert!(holds, "{pre:?}"),
            Err(error) => {
                assert!(!holds && error == CommitError::Conflict(Box::new(pre.clone())), "{pre:?}: {error}")
            }
        }
    }
    commit(&engine, [Op::Del(key("a"))]).await;
    let again = commit(&engine, [put("a", "1")]).await.rev;
    assert!(again > rev, "a revision came back");
}

fn digest(snapshot: &dyn Snapshot, range: &Range) -> Digest {
    let mut digest = Digest::default();
    let mut see = |key: &[u8], _: &[u8], rev: Rev| {
        digest.push(key, rev);
        true
    };
    snapshot.scan(range, Order::Ascending, &mut see).unwrap();
    digest
}

pub async fn a_range_digest_notices_each_kind_of_change(engine: Subject) {
    let range = Range::prefix(b"r/");
    commit(&engine, [put("r/1", ""), put("r/2", ""), put("r/3", ""), put("r0", "")]).await;
    let changes = [
        (put("r/2", ""), true),
        (put("r/4", ""), true),
        (Op::Del(key("r/1")), true),
        (put("r0", "beyond"), false),
        (put("r.", "before"), false),
    ];
    for (change, noticed) in changes {
        let seen = digest(&*engine.snapshot().unwrap(), &range);
        commit(&engine, [change.clone()]).await;
        let wins = wins(&engine, txn([Pre::RangeIs(range.clone(), seen)], [put("x", "")])).await;
        assert_eq!(wins, !noticed, "{change:?}");
    }
}

pub async fn counters_add_up(engine: Subject) {
    let mut all = tokio::task::JoinSet::new();
    for n in 1..=20 {
        let engine = engine.clone();
        all.spawn(async move { commit(&engine, [Op::Add(key("n"), n), Op::Add(key("n"), 1)]).await });
    }
    all.join_all().await;
    assert_eq!(get(&engine, "n").unwrap().0, 230_i64.to_be_bytes());
    let over = engine.commit(txn([], [put("y", ""), Op::Add(key("n"), i64::MAX)])).await;
    assert!(matches!(over, Err(CommitError::TooLarge { .. })), "{over:?}");
    commit(&engine, [put("text", "not a number")]).await;
    let wrong = engine.commit(txn([], [put("y", ""), Op::Add(key("text"), 1)])).await;
    assert!(matches!(wrong, Err(CommitError::Corrupt { .. })), "{wrong:?}");
    assert_eq!(get(&engine, "y"), None, "a refused transaction left a trace");
    commit(&engine, [put("y", "")]).await;
}

pub async fn a_bounded_counter_is_filled_exactly_without_other_conflicts(engine: Subject) {
    commit(&engine, [Op::Add(key("n"), 10)]).await;
    let mut all = tokio::task::JoinSet::new();
    for n in 0..30 {
        let engine = engine.clone();
        let ops = [Op::Add(key("n"), 1), put(&format!("p/{n}"), "")];
        all.spawn(async move { engine.commit(txn([Pre::AtMost(key("n"), 29)], ops)).await.is_ok() });
    }
    let won = all.join_all().await.into_iter().filter(|won| *won).count();
    assert_eq!((won, get(&engine, "n").unwrap().0), (20, 30_i64.to_be_bytes().to_vec()));
}

pub async fn a_range_beyond_its_limit_is_not_deleted(engine: Subject) {
    commit(&engine, (0..10).map(|n| put(&format!("p/{n}"), "")).collect::<Vec<_>>()).await;
    let too_many = engine.commit(txn([], [put("x", ""), Op::DelRange(Range::prefix(b"p/"), 9)])).await;
    assert!(matches!(too_many, Err(CommitError::TooLarge { .. })), "{too_many:?}");
    assert_eq!(everything(&engine).len(), 10);
    commit(&engine, [Op::DelRange(Range::prefix(b"p/"), 10)]).await;
    assert_eq!(everything(&engine), []);
}

pub async fn keys_of_any_bytes_keep_their_order(engine: Subject) {
    let mut keys: Vec<Vec<u8>> = vec![vec![], vec![0xff; MAX_KEY], vec![0; MAX_KEY]];
    for a in [0, 1, 0x61, 0xfe, 0xff] {
        keys.push(vec![a]);
        keys.extend([0, 1, 0x61, 0xfe, 0xff].map(|b| vec![a, b]));
    }
    for key in &keys {
        commit(&engine, [Op::Put(key.clone(), key.clone())]).await;
    }
    keys.sort();
    let pairs = |keys: &[Vec<u8>]| keys.iter().map(|key| (key.clone(), key.clone())).collect::<Vec<_>>();
    assert_eq!(everything(&engine), pairs(&keys));
    let snapshot = engine.snapshot().unwrap();
    for prefix in &keys {
        let under: Vec<_> = keys.iter().filter(|key| key.starts_with(prefix)).cloned().collect();
        assert_eq!(
            rows(&*snapshot, &Range::prefix(prefix), Order::Ascending, 1000),
            pairs(&under),
            "{prefix:?}"
        );
    }
}

pub async fn limits_are_enforced_to_the_byte(engine: Subject) {
    let put = |key: usize, value: usize| vec![Op::Put(vec![7; key], vec![7; value])];
    let many = |n: u32| (0..n).map(|n| Op::Put(n.to_be_bytes().to_vec(), vec![])).collect::<Vec<_>>();
    let large = |total: usize| {
        let (full, rest) = (total / (MAX_VALUE + 1), total % (MAX_VALUE + 1));
        let key = |n: usize| vec![u8::try_from(n).unwrap()];
        let mut ops: Vec<Op> = (0..full).map(|n| Op::Put(key(n), vec![0; MAX_VALUE])).collect();
        ops.push(Op::Put(key(full), vec![0; rest - 1]));
        ops
    };
    let ops = u32::try_from(MAX_OPS).unwrap();
    let fit = [put(MAX_KEY, 1), put(1, MAX_VALUE), many(ops), large(MAX_TXN)];
    let over = [put(MAX_KEY + 1, 1), put(1, MAX_VALUE + 1), many(ops + 1), large(MAX_TXN + 1)];
    for ops in fit {
        commit(&engine, ops).await;
    }
    for ops in over {
        let outcome = engine.commit(txn([], ops)).await;
        assert!(matches!(outcome, Err(CommitError::TooLarge { .. })), "{outcome:?}");
    }
    assert_eq!(get_in(&*engine.snapshot().unwrap(), "\u{7}").unwrap().0.len(), MAX_VALUE);
}

pub async fn a_commit_with_the_same_idem_is_applied_once(engine: Subject) {
    let commit = || Txn {
        idem: Some([7; 16]),
        shards: vec![Shard(3)],
        ..txn([Pre::Absent(key("a"))], [put("a", ""), Op::Add(key("n"), 1)])
    };
    let first = engine.commit(commit()).await.unwrap();
    for _ in 0..3 {
        assert_eq!(engine.commit(commit()).await.as_ref(), Ok(&first));
    }
    assert_eq!(get(&engine, "n").unwrap().0, 1_i64.to_be_bytes());
    assert_eq!(engine.revision(Shard(3)), 1);
    let refused = Txn { idem: Some([8; 16]), ..txn([Pre::Absent(key("a"))], [put("b", "")]) };
    assert!(!wins(&engine, refused.clone()).await);
    super::commit(&engine, [Op::Del(key("a"))]).await;
    assert!(wins(&engine, refused).await, "a refusal was kept");
}

pub async fn a_reset_empties_and_moves_every_revision(engine: Subject) {
    let shard = Shard(9);
    engine.commit(super::in_shard(shard, [put("a", "1")])).await.unwrap();
    let old = engine.snapshot().unwrap();
    let rev = get(&engine, "a").unwrap().1;
    engine.reset().await.unwrap();
    assert_eq!(everything(&engine), []);
    assert_eq!(get_in(&*old, "a"), Some((b"1".to_vec(), rev)));
    assert_eq!(engine.revision(shard), 2);
    assert_eq!(engine.revision(Shard(10)), 1);
    assert_eq!(engine.changes(shard, 1, 10), Err(ChangesError::Compacted { oldest: 2 }));
    assert_eq!(engine.changes(shard, 2, 10), Ok(vec![]));
    let committed = engine.commit(super::in_shard(shard, [put("a", "2")])).await.unwrap();
    assert!(committed.rev > rev + 1);
    assert_eq!(committed.shards, [(shard, 3)]);
    assert_eq!(engine.changes(shard, 2, 10).unwrap().len(), 1);
}
