//! The engine that keeps everything in memory: for `--ephemeral`, and, with seeded faults, for tests.
//!
//! Rows have versions: a snapshot is a revision, and a commit keeps the versions that live snapshots still need.

mod faults;
mod rows;

pub use faults::Faults;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::memory::faults::{Draw, Fate, yield_once};
use crate::memory::rows::{Live, Rows, View};
use crate::stage::stage;
use crate::{
    Change, ChangesError, Commit, CommitError, Committed, Engine, Hint, LOG_KEPT, Pending, Rev, Shard,
    Snapshot, StoreError, Txn,
};

/// How many idempotency keys are remembered.
const IDEMS_KEPT: usize = 100_000;

/// An engine in memory. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Memory(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    revisions: Vec<AtomicU64>,
    wake: watch::Sender<Rev>,
}

struct State {
    head: Rev,
    rows: Rows,
    live: Live,
    logs: Vec<Log>,
    idems: HashMap<[u8; 16], Committed>,
    idem_order: VecDeque<[u8; 16]>,
    faults: Draw,
}

/// One shard's changes after `compacted`.
#[derive(Default)]
struct Log {
    compacted: Rev,
    changes: VecDeque<Change>,
}

impl Memory {
    pub fn new() -> Memory {
        Memory::with_faults(Faults::default())
    }

    /// An engine that fails as its seed says.
    pub fn with_faults(faults: Faults) -> Memory {
        let state = State {
            head: 0,
            rows: Rows::default(),
            live: Live::default(),
            logs: Shard::all().map(|_| Log::default()).collect(),
            idems: HashMap::new(),
            idem_order: VecDeque::new(),
            faults: Draw::new(faults),
        };
        Memory(Arc::new(Shared {
            state: Mutex::new(state),
            revisions: Shard::all().map(|_| AtomicU64::new(0)).collect(),
            wake: watch::channel(0).0,
        }))
    }

    /// Changes the faults from here on.
    pub fn set_faults(&self, faults: Faults) {
        self.0.state().faults = Draw::new(faults);
    }

    /// Ends a crash: what was durable is there again, and `crash_at` is spent.
    pub fn restart(&self) {
        self.0.state().faults.restart();
    }
}

impl Default for Memory {
    fn default() -> Memory {
        Memory::new()
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memory")
    }
}

impl Engine for Memory {
    fn snapshot(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        let mut state = self.0.state();
        if state.faults.is_down() {
            return Err(StoreError::unavailable("crashed"));
        }
        let rev = state.head;
        state.live.begin(rev);
        Ok(Box::new(Held { rows: state.rows.clone(), rev, shared: Arc::clone(&self.0) }))
    }

    fn commit(&self, txn: Txn) -> Commit {
        let shared = Arc::clone(&self.0);
        Box::pin(async move {
            let fate = shared.state().faults.next();
            if fate.yields {
                yield_once().await;
            }
            shared.commit(&txn, fate)
        })
    }

    fn heads(&self) -> Result<Vec<(Shard, Rev)>, StoreError> {
        Ok(Shard::all().map(|shard| (shard, self.revision(shard))).collect())
    }

    fn revision(&self, shard: Shard) -> Rev {
        self.0.revisions.get(usize::from(shard.0)).map_or(0, |revision| revision.load(Ordering::SeqCst))
    }

    fn changes(&self, shard: Shard, after: Rev, limit: usize) -> Result<Vec<Change>, ChangesError> {
        let state = self.0.state();
        let Some(log) = state.logs.get(usize::from(shard.0)) else { return Ok(Vec::new()) };
        if after < log.compacted {
            return Err(ChangesError::Compacted { oldest: log.compacted });
        }
        Ok(log.changes.iter().filter(|change| change.shard_rev > after).take(limit).cloned().collect())
    }

    fn hint(&self) -> Hint {
        Hint(self.0.wake.subscribe())
    }

    fn reset(&self) -> Pending<Result<(), StoreError>> {
        let shared = Arc::clone(&self.0);
        Box::pin(async move {
            shared.reset();
            Ok(())
        })
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn commit(&self, txn: &Txn, fate: Fate) -> Result<Committed, CommitError> {
        let mut state = self.state();
        txn.check()?;
        if let Some(error) = fate.refusal(txn) {
            return Err(error);
        }
        if let Some(first) = txn.idem.and_then(|idem| state.idems.get(&idem)) {
            return Ok(first.clone());
        }
        let committed = self.apply(&mut state, txn)?;
        drop(state);
        self.wake.send_replace(committed.rev);
        if fate.forgets { Err(CommitError::Unknown { what: "injected".into() }) } else { Ok(committed) }
    }

    fn apply(&self, state: &mut State, txn: &Txn) -> Result<Committed, CommitError> {
        let staged = stage(txn, &View(&state.rows.read()))?;
        state.head += 1;
        let rev = state.head;
        state.rows.write(staged, rev, &mut state.live);
        let mut shards = txn.shards.clone();
        shards.sort_unstable();
        shards.dedup();
        let shards = shards.into_iter().map(|shard| (shard, self.log(state, shard, rev, txn))).collect();
        let committed = Committed { rev, shards };
        if let Some(idem) = txn.idem {
            state.remember(idem, committed.clone());
        }
        Ok(committed)
    }

    /// Adds to a shard's log and bumps its revision, under the state's lock: no snapshot lies between.
    fn log(&self, state: &mut State, shard: Shard, rev: Rev, txn: &Txn) -> Rev {
        let place = usize::from(shard.0);
        let shard_rev =
            self.revisions.get(place).map_or(0, |revision| revision.fetch_add(1, Ordering::SeqCst) + 1);
        if let Some(log) = state.logs.get_mut(place) {
            log.changes.push_back(Change {
                shard_rev,
                rev,
                touched: txn.ops.iter().map(crate::Op::touched).collect(),
            });
            while log.changes.len() as u64 > LOG_KEPT {
                log.changes.pop_front();
                log.compacted += 1;
            }
        }
        shard_rev
    }

    fn reset(&self) {
        let mut state = self.state();
        state.head += 1;
        let rev = state.head;
        let old = std::mem::take(&mut state.rows);
        state.idems.clear();
        state.idem_order.clear();
        for (revision, log) in self.revisions.iter().zip(&mut state.logs) {
            let compacted = revision.fetch_add(1, Ordering::SeqCst) + 1;
            *log = Log { compacted, changes: VecDeque::new() };
        }
        drop(state);
        self.wake.send_replace(rev);
        // A million rows take longer to free than a test should wait.
        std::thread::spawn(move || drop(old));
    }
}

impl State {
    fn remember(&mut self, idem: [u8; 16], committed: Committed) {
        self.idems.insert(idem, committed);
        self.idem_order.push_back(idem);
        if self.idem_order.len() > IDEMS_KEPT
            && let Some(oldest) = self.idem_order.pop_front()
        {
            self.idems.remove(&oldest);
        }
    }
}

/// A snapshot: a revision, and the promise that its versions stay.
struct Held {
    rows: Rows,
    rev: Rev,
    shared: Arc<Shared>,
}

impl Snapshot for Held {
    fn revision(&self) -> Rev {
        self.rev
    }

    fn get(&self, key: &[u8], see: &mut dyn FnMut(&[u8], Rev)) -> Result<bool, StoreError> {
        Ok(self.rows.get(key, self.rev, see))
    }

    fn scan(
        &self,
        range: &crate::Range,
        order: crate::Order,
        see: &mut crate::See<'_>,
    ) -> Result<(), StoreError> {
        self.rows.scan(range, order, self.rev, see);
        Ok(())
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memory@{}", self.rev)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.shared.state().live.end(self.rev);
    }
}
