//! Failures drawn from a seed.

use std::future::poll_fn;
use std::task::Poll;

use crate::{CommitError, Pre, Range, StoreError, Txn};

/// Which commits fail, and how. Rates are probabilities from 0 to 1; the default fails none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Faults {
    pub seed: u64,
    /// `Conflict`, not applied.
    pub conflict_rate: f64,
    /// `Unknown`, applied or not with the same probability.
    pub unknown_rate: f64,
    /// `Unavailable`, not applied.
    pub unavailable_rate: f64,
    /// The commit lets other tasks run before it is looked at.
    pub yield_rate: f64,
    /// The commit of this number, from 0, is of unknown outcome, and after it everything is unavailable until
    /// [`crate::Memory::restart`].
    pub crash_at: Option<u64>,
}

/// The state of drawing.
pub(super) struct Draw {
    faults: Faults,
    state: u64,
    commits: u64,
    down: bool,
}

/// What was drawn for one commit.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fate {
    pub(super) yields: bool,
    /// Applied, and answered with `Unknown`.
    pub(super) forgets: bool,
    loses: bool,
    conflicts: bool,
    unavailable: bool,
    /// The engine had crashed before.
    down: bool,
}

impl Fate {
    /// Why the commit is not applied, if it is not.
    pub(super) fn refusal(&self, txn: &Txn) -> Option<CommitError> {
        if self.down {
            return Some(StoreError::unavailable("crashed").into());
        }
        if self.conflicts {
            let pre = txn.pre.first().cloned().unwrap_or(Pre::RangeEmpty(Range::all()));
            return Some(CommitError::Conflict(Box::new(pre)));
        }
        if self.unavailable {
            return Some(StoreError::unavailable("injected").into());
        }
        self.loses.then(|| CommitError::Unknown { what: "injected".into() })
    }
}

impl Draw {
    pub(super) fn new(faults: Faults) -> Draw {
        Draw { faults, state: faults.seed, commits: 0, down: false }
    }

    pub(super) fn is_down(&self) -> bool {
        self.down
    }

    pub(super) fn restart(&mut self) {
        self.down = false;
        self.faults.crash_at = None;
    }

    pub(super) fn next(&mut self) -> Fate {
        let faults = self.faults;
        let crashes = faults.crash_at == Some(self.commits);
        self.commits += 1;
        let unknown = self.chance(faults.unknown_rate) || crashes;
        let applied = self.chance(0.5);
        let down = self.down;
        self.down |= crashes;
        Fate {
            yields: self.chance(faults.yield_rate),
            forgets: unknown && applied,
            loses: unknown && !applied,
            conflicts: self.chance(faults.conflict_rate) && !unknown,
            unavailable: self.chance(faults.unavailable_rate) && !unknown,
            down,
        }
    }

    fn chance(&mut self, rate: f64) -> bool {
        // splitmix64: one word of state, and the same on every machine.
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.state;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^= x >> 31;
        ((x >> 11) as f64 / (1_u64 << 53) as f64) < rate
    }
}

/// Lets other tasks run once.
pub(super) async fn yield_once() {
    let mut yielded = false;
    poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
