//! A limit on the requests of one instance, far above what programs need: it keeps a loop from starving the others.

use std::sync::atomic::{AtomicU64, Ordering};

/// Requests per second that an instance may make in the long run.
const RATE: u64 = 50_000;
/// Requests that it may make at once.
const BURST: u64 = 50_000;
const NANOS: u64 = 1_000_000_000;

/// A bucket of tokens that refills evenly, kept as the one moment at which it would be full again.
#[derive(Debug, Default)]
pub struct Bucket(AtomicU64);

impl Bucket {
    /// Takes one token; false when there is none.
    pub fn take(&self, now_nanos: u64) -> bool {
        let (each, depth) = (NANOS / RATE, BURST * (NANOS / RATE));
        let taken = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |full_at| {
            let next = full_at.max(now_nanos) + each;
            (next <= now_nanos + depth).then_some(next)
        });
        taken.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_served_then_the_rate_holds() {
        let bucket = Bucket::default();
        let start = 5 * NANOS;
        assert!((0..BURST).all(|_| bucket.take(start)));
        assert!(!bucket.take(start));
        assert!(bucket.take(start + NANOS / RATE));
        assert!(!bucket.take(start + NANOS / RATE));
        assert!((0..BURST).all(|_| bucket.take(start + 10 * NANOS)));
    }
}
