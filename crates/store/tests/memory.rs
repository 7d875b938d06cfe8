//! The memory engine's seeded faults.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use rolecall_store::{CommitError, Engine, Faults, Memory, Op, Order, Range, Store, Txn};

fn add(idem: Option<u64>) -> Txn {
    let idem = idem.map(|n| u128::from(n).to_be_bytes());
    Txn { ops: vec![Op::Add(b"n".to_vec(), 1)], idem, ..Txn::default() }
}

fn count(memory: &Memory) -> i64 {
    let mut count = 0;
    let mut see = |value: &[u8], _| count = i64::from_be_bytes(value.try_into().unwrap());
    memory.snapshot().unwrap().get(b"n", &mut see).unwrap();
    count
}

async fn outcomes(faults: Faults) -> Vec<Result<u64, CommitError>> {
    let memory = Memory::with_faults(faults);
    let mut outcomes = Vec::new();
    for _ in 0..200 {
        outcomes.push(memory.commit(add(None)).await.map(|committed| committed.rev));
    }
    outcomes
}

#[tokio::test]
async fn one_seed_gives_one_run() {
    let faults = |seed| Faults {
        seed,
        conflict_rate: 0.1,
        unknown_rate: 0.1,
        unavailable_rate: 0.1,
        yield_rate: 0.5,
        crash_at: Some(150),
    };
    let run = outcomes(faults(4)).await;
    assert_eq!(run, outcomes(faults(4)).await);
    assert_ne!(run, outcomes(faults(5)).await);
    for expected in ["Conflict", "Unknown", "Unavailable"] {
        assert!(run.iter().any(|outcome| format!("{outcome:?}").contains(expected)), "{expected}");
    }
    assert!(run[151..].iter().all(|outcome| matches!(outcome, Err(CommitError::Unavailable { .. }))));
}

#[tokio::test]
async fn unknown_commits_repeated_with_their_idem_are_applied_once() {
    let memory = Memory::with_faults(Faults { seed: 9, unknown_rate: 0.3, ..Faults::default() });
    let store = Store::new(Arc::new(memory.clone()));
    let mut sure = 0;
    for n in 0..500 {
        sure += i64::from(store.apply(add(Some(n))).await.is_ok());
    }
    // Six tries each: some 500 × 0.3⁶ = 0.4 stay unknown.
    assert!(sure >= 497, "{sure}");
    assert!((sure..=500).contains(&count(&memory)), "{sure} {}", count(&memory));
}

#[tokio::test]
async fn a_crash_keeps_what_was_acknowledged() {
    for seed in 0..50 {
        let memory = Memory::with_faults(Faults { seed, crash_at: Some(10), ..Faults::default() });
        for n in 0..20 {
            assert_eq!(memory.commit(add(None)).await.is_ok(), n < 10);
        }
        assert!(memory.snapshot().is_err());
        memory.restart();
        assert!((10..=11).contains(&count(&memory)));
        memory.commit(add(None)).await.unwrap();
    }
}

#[tokio::test]
async fn a_reset_of_many_rows_is_quick_and_old_snapshots_stay() {
    let memory = Memory::new();
    for n in 0..20_000_u32 {
        let put = Op::Put(n.to_be_bytes().to_vec(), vec![0; 100]);
        memory.commit(Txn { ops: vec![put], ..Txn::default() }).await.unwrap();
    }
    let old = memory.snapshot().unwrap();
    let clock = rolecall_env::Env::system();
    let begun = clock.monotonic_nanos();
    memory.reset().await.unwrap();
    let millis = (clock.monotonic_nanos() - begun) / 1_000_000;
    assert!(millis < 20, "{millis} ms");
    let mut rows = 0;
    let mut see = |_: &[u8], _: &[u8], _| {
        rows += 1;
        true
    };
    old.scan(&Range::all(), Order::Ascending, &mut see).unwrap();
    memory
        .snapshot()
        .unwrap()
        .scan(&Range::all(), Order::Ascending, &mut |_, _, _| panic!("a row is left"))
        .unwrap();
    assert_eq!(rows, 20_000);
}
