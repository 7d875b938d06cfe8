//! The outside world that makes programs differ from run to run: clock, randomness, new ids.
//!
//! Everything else takes an [`Env`], so that a test owns all three: [`Env::sim`] is one seed's world, in which
//! time moves only by [`Env::advance`].

mod ids;

pub use ids::account_of_access_key;

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rolecall_base::Time;

/// Clock, randomness and id source. Cheap to clone.
#[derive(Clone)]
pub struct Env(Arc<World>);

enum World {
    System { offset_millis: AtomicI64 },
    Sim { millis: AtomicI64, random: Box<Mutex<StdRng>> },
}

impl Env {
    /// The machine's clock and randomness.
    pub fn system() -> Env {
        Env(Arc::new(World::System { offset_millis: AtomicI64::new(0) }))
    }

    /// A world of one seed that begins on 2026-01-01T00:00:00Z.
    pub fn sim(seed: u64) -> Env {
        Env(Arc::new(World::Sim {
            millis: AtomicI64::new(1_767_225_600_000),
            random: Box::new(Mutex::new(StdRng::seed_from_u64(seed))),
        }))
    }

    /// Wall-clock time, UTC.
    pub fn now(&self) -> Time {
        match &*self.0 {
            World::System { offset_millis } => {
                #[expect(clippy::disallowed_methods, reason = "this is the place that the ban points to")]
                let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
                let millis = now.map(|d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX)).unwrap_or(0);
                Time::from_millis(millis + offset_millis.load(Ordering::Relaxed))
            }
            World::Sim { millis, .. } => Time::from_millis(millis.load(Ordering::SeqCst)),
        }
    }

    /// Moves the clock forward: a simulated one, or the system's as this process sees it.
    pub fn advance(&self, span: Duration) {
        let by = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        match &*self.0 {
            World::System { offset_millis } => offset_millis.fetch_add(by, Ordering::SeqCst),
            World::Sim { millis, .. } => millis.fetch_add(by, Ordering::SeqCst),
        };
    }

    /// Nanoseconds that only ever grow, for measuring spans.
    pub fn monotonic_nanos(&self) -> u64 {
        match &*self.0 {
            World::System { .. } => {
                use std::sync::OnceLock;
                use std::time::Instant;
                static START: OnceLock<Instant> = OnceLock::new();
                #[expect(clippy::disallowed_methods, reason = "this is the place that the ban points to")]
                let start = START.get_or_init(Instant::now);
                u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
            }
            World::Sim { millis, .. } => {
                u64::try_from(millis.load(Ordering::SeqCst)).unwrap_or(0).saturating_mul(1_000_000)
            }
        }
    }

    /// Fills `bytes` with randomness fit for keys. Ends the process when the operating system has none:
    /// nothing safe can be done without it.
    pub fn fill(&self, bytes: &mut [u8]) {
        match &*self.0 {
            World::System { .. } => {
                if getrandom::fill(bytes).is_err() {
                    std::process::abort();
                }
            }
            World::Sim { random, .. } => {
                random.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes);
            }
        }
    }

    /// Sixteen bytes for an id that need not be secret: from a generator of this thread, which the operating system
    /// seeded, and not from the operating system each time.
    pub(crate) fn random_id(&self) -> [u8; 16] {
        match &*self.0 {
            World::System { .. } => rand::random(),
            World::Sim { .. } => self.random(),
        }
    }

    /// `N` random bytes.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &*self.0 {
            World::System { .. } => "Env::system",
            World::Sim { .. } => "Env::sim",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_is_one_world() {
        let (a, b) = (Env::sim(7), Env::sim(7));
        assert_eq!(a.random::<16>(), b.random::<16>());
        assert_eq!(a.now(), b.now());
        a.advance(Duration::from_secs(3));
        assert_eq!(a.now().since(b.now()), Duration::from_secs(3));
    }
}
