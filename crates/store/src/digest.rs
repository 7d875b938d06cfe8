//! A fingerprint of the rows that a scan saw, by key and revision.

use std::hash::{BuildHasher, Hasher};
use std::sync::LazyLock;

use foldhash::quality::RandomState;

use crate::Rev;

/// Seeded once a process, so that nobody can prepare keys that collide. Digests never leave the process.
static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::default);

/// A set of rows as a number, whatever the order they were seen in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    rows: u64,
    sum: u64,
}

impl Digest {
    pub fn push(&mut self, key: &[u8], rev: Rev) {
        let mut hasher = SEED.build_hasher();
        hasher.write_u64(rev);
        hasher.write(key);
        self.rows += 1;
        self.sum = self.sum.wrapping_add(hasher.finish());
    }
}
