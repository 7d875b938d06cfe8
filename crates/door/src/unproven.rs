//! How many records callers without a signature may leave in an account's log. Who brings a token names the role, and with
//! it the account whose log has the refusal: without a bound, anybody could fill the log of somebody else.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use rolecall_base::{AccountId, Time};

/// Records that may come at once, and each second after that.
const BURST: u32 = 100;
const A_SECOND: u32 = 10;

/// Refusals of late, by account; never more than there are accounts.
#[derive(Debug, Default)]
pub(crate) struct Unproven(Mutex<HashMap<AccountId, Bucket, foldhash::fast::RandomState>>);

#[derive(Debug)]
struct Bucket {
    left: u32,
    filled: Time,
    /// Records that were left out since it last had room.
    lost: u64,
}

impl Unproven {
    /// Whether one more may be recorded now, for an account that exists: made-up ones would fill the memory.
    pub fn admit(&self, account: AccountId, now: Time) -> bool {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let full = Bucket { left: BURST, filled: now, lost: 0 };
        let bucket = accounts.entry(account).or_insert(full);
        let seconds = u32::try_from(now.since(bucket.filled).as_secs()).unwrap_or(u32::MAX);
        if seconds > 0 {
            bucket.left = seconds.saturating_mul(A_SECOND).saturating_add(bucket.left).min(BURST);
            bucket.filled = now;
        }
        if bucket.left == 0 {
            bucket.lost += 1;
            return false;
        }
        if bucket.lost > 0 {
            log::warn!("{} records of unsigned calls about account {account} were left out", bucket.lost);
            bucket.lost = 0;
        }
        bucket.left -= 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_recorded_and_then_a_few_each_second() {
        let unproven = Unproven::default();
        let (a, b) = (AccountId::ZERO, "111111111111".parse().unwrap());
        let now = Time::from_seconds(1_000);
        let count = |account, now| (0..1_000).filter(|_| unproven.admit(account, now)).count();
        assert_eq!(count(a, now), 100);
        assert_eq!(count(b, now), 100);
        assert_eq!(count(a, Time::from_seconds(1_002)), 20);
        assert_eq!(count(a, Time::from_seconds(2_000)), 100);
    }
}
