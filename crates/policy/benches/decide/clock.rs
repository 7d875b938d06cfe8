//! A small harness: the time of one call, from many batches of them.

use std::hint::black_box;
use std::time::Instant;

/// Nanoseconds a call.
#[derive(Debug)]
pub struct Times {
    pub p50: f64,
    pub p99: f64,
}

/// Calls `ask` with 0, 1, … 63 again and again: a warm-up, then batches of 64, whose means are ranked.
#[expect(clippy::disallowed_methods, reason = "a benchmark is about real time")]
pub fn measure(batches: usize, mut ask: impl FnMut(usize) -> bool) -> Times {
    let mut batch = || {
        let start = Instant::now();
        for at in 0..64 {
            assert!(black_box(ask(black_box(at))));
        }
        start.elapsed().as_secs_f64() * 1e9 / 64.0
    };
    for _ in 0..batches / 4 {
        batch();
    }
    let mut means: Vec<f64> = (0..batches).map(|_| batch()).collect();
    means.sort_by(f64::total_cmp);
    Times { p50: means[batches / 2], p99: means[batches * 99 / 100] }
}
