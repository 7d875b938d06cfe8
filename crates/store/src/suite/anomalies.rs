//! Many clients at once: what serializability rules out.

use std::collections::BTreeSet;

use tokio::task::JoinSet;

use super::{Subject, commit, get, get_in, key, number, put, rows, txn, wins};
use crate::{Op, Order, Pre, Range};

pub async fn one_of_32_racing_commits_wins(engine: Subject) {
    for round in 0..20 {
        let mut all = JoinSet::new();
        for n in 0..32 {
            let engine = engine.clone();
            let name = format!("round {round}");
            all.spawn(async move {
                wins(&engine, txn([Pre::Absent(key(&name))], [put(&name, n.to_string())])).await
            });
        }
        assert_eq!(all.join_all().await.into_iter().filter(|won| *won).count(), 1);
    }
}

/// Ten accounts with 100 each; readers add them up while writers move money.
pub async fn transfers_keep_the_total(engine: Subject) {
    let account = |n: u64| format!("account {}", n % 10);
    commit(&engine, (0..10).map(|n| put(&account(n), "100")).collect::<Vec<_>>()).await;
    let mut all = JoinSet::new();
    for writer in 0..8_u64 {
        let engine = engine.clone();
        all.spawn(async move {
            for round in 0..40_u64 {
                transfer(&engine, &account(writer + round), &account(writer * 3 + round * 7 + 1)).await;
            }
        });
    }
    for _ in 0..2 {
        let engine = engine.clone();
        all.spawn(async move {
            for _ in 0..200 {
                let snapshot = engine.snapshot().unwrap();
                let rows = rows(&*snapshot, &Range::prefix(b"account"), Order::Ascending, 100);
                let total: i64 = rows.into_iter().map(|(_, value)| number(Some((value, 0))).0).sum();
                assert_eq!(total, 1000);
                drop(snapshot);
                tokio::task::yield_now().await;
            }
        });
    }
    all.join_all().await;
}

async fn transfer(engine: &Subject, from: &str, to: &str) {
    if from == to {
        return;
    }
    loop {
        let snapshot = engine.snapshot().unwrap();
        let (mine, mine_rev) = number(get_in(&*snapshot, from));
        let (yours, yours_rev) = number(get_in(&*snapshot, to));
        drop(snapshot);
        let pre = [Pre::RevIs(key(from), mine_rev), Pre::RevIs(key(to), yours_rev)];
        let ops = [put(from, (mine - 1).to_string()), put(to, (yours + 1).to_string())];
        if wins(engine, txn(pre, ops)).await {
            return;
        }
    }
}

/// Write skew: each of two admins may leave if the other stays.
pub async fn the_last_of_two_admins_stays(engine: Subject) {
    for _ in 0..30 {
        commit(&engine, [put("admin/a", ""), put("admin/b", "")]).await;
        let mut all = JoinSet::new();
        for (me, other) in [("admin/a", "admin/b"), ("admin/b", "admin/a")] {
            let engine = engine.clone();
            all.spawn(async move { wins(&engine, txn([Pre::Exists(key(other))], [Op::Del(key(me))])).await });
        }
        assert_eq!(all.join_all().await.into_iter().filter(|left| *left).count(), 1);
    }
}

/// Long fork: if one reader sees x before y, no other sees y before x.
pub async fn two_keys_are_never_seen_in_both_orders(engine: Subject) {
    commit(&engine, [put("x", "0"), put("y", "0")]).await;
    let mut writers = JoinSet::new();
    for name in ["x", "y"] {
        let engine = engine.clone();
        writers.spawn(async move {
            for n in 1..=100 {
                commit(&engine, [put(name, n.to_string())]).await;
            }
        });
    }
    let mut readers = JoinSet::new();
    for _ in 0..4 {
        let engine = engine.clone();
        readers.spawn(async move {
            let mut seen = BTreeSet::new();
            loop {
                let snapshot = engine.snapshot().unwrap();
                let y = number(get_in(&*snapshot, "y")).0;
                let x = number(get_in(&*snapshot, "x")).0;
                drop(snapshot);
                seen.insert((x, y));
                if (x, y) == (100, 100) {
                    return seen;
                }
                tokio::task::yield_now().await;
            }
        });
    }
    writers.join_all().await;
    // In one order of commits, pairs grow in both at once.
    let seen: BTreeSet<(i64, i64)> = readers.join_all().await.into_iter().flatten().collect();
    let ys: Vec<i64> = seen.iter().map(|(_, y)| *y).collect();
    assert!(ys.is_sorted(), "{seen:?}");
}

pub async fn no_update_is_lost(engine: Subject) {
    commit(&engine, [put("n", "0")]).await;
    let mut all = JoinSet::new();
    for _ in 0..16 {
        let engine = engine.clone();
        all.spawn(async move {
            let mut done = 0;
            while done < 10 {
                let (n, rev) = number(get(&engine, "n"));
                let won =
                    wins(&engine, txn([Pre::RevIs(key("n"), rev)], [put("n", (n + 1).to_string())])).await;
                done += i32::from(won);
            }
        });
    }
    all.join_all().await;
    assert_eq!(number(get(&engine, "n")).0, 160);
}

/// Keys that end in `k` stay; others come and go between the pages.
pub async fn a_listing_in_pages_shows_lasting_keys_once(engine: Subject) {
    let names: Vec<String> = (0..200).map(|n| format!("list/{n:03}k")).collect();
    for some in names.chunks(50) {
        commit(&engine, some.iter().map(|name| put(name, "")).collect::<Vec<_>>()).await;
    }
    let mut range = Range::prefix(b"list/");
    let mut listed = Vec::new();
    for page in 0.. {
        let rows = rows(&*engine.snapshot().unwrap(), &range, Order::Ascending, 7);
        let Some((last, _)) = rows.last() else { break };
        range.start = [last.as_slice(), &[0]].concat();
        listed.extend(rows.into_iter().map(|(key, _)| String::from_utf8(key).unwrap()));
        let passing = |n: u32| format!("list/{:03}x", n * 37 % 200);
        commit(&engine, [put(&passing(page), ""), put(&passing(page + 1), ""), Op::Del(key(&passing(page)))])
            .await;
    }
    let lasting: Vec<String> = listed.into_iter().filter(|name| name.ends_with('k')).collect();
    assert_eq!(lasting, names);
}
