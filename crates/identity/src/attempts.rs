//! Wrong passwords and codes of late: who guesses must wait longer and longer.
//!
//! This is kept in memory: a restart forgets it, and a guesser gains a few tries by that.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rolecall_base::Time;

/// Tries that need not wait.
const FREE: u32 = 5;
/// The first wait; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(30);
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
/// After so long without a try all is forgotten.
const FORGET: Duration = Duration::from_secs(24 * 3600);
/// How many are remembered; past it those go whose last try is longest ago.
const MOST: usize = 65_536;

/// Tries that have not come out right, by what they were for.
#[derive(Debug, Default)]
pub struct Attempts(Mutex<HashMap<String, Wrong>>);

#[derive(Clone, Copy, Debug)]
struct Wrong {
    count: u32,
    last: Time,
    next: Time,
}

impl Attempts {
    /// Begins a try at `what` (a device's serial number, say) and counts it as wrong until [`Attempts::right`]. `false`:
    /// it is too early for another one, and nothing may be checked.
    pub fn begin(&self, what: &str, now: Time) -> bool {
        let mut all = self.all();
        let known = all.get(what).copied().filter(|wrong| now.since(wrong.last) < FORGET);
        let mut wrong = known.unwrap_or(Wrong { count: 0, last: now, next: now });
        if now < wrong.next {
            return false;
        }
        wrong.count = wrong.count.saturating_add(1);
        wrong.last = now;
        if let Some(doublings) = wrong.count.checked_sub(FREE) {
            wrong.next = now + FIRST_WAIT.saturating_mul(1 << doublings.min(16)).min(LONGEST_WAIT);
        }
        if all.len() >= MOST && known.is_none() {
            make_room(&mut all);
        }
        all.insert(what.to_owned(), wrong);
        true
    }

    /// The try was right: the wrong ones before are forgotten.
    pub fn right(&self, what: &str) {
        self.all().remove(what);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Wrong>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Drops the older half.
fn make_room(all: &mut HashMap<String, Wrong>) {
    let mut times: Vec<Time> = all.values().map(|wrong| wrong.last).collect();
    times.sort_unstable();
    let middle = times.get(times.len() / 2).copied().unwrap_or_default();
    all.retain(|_, wrong| wrong.last > middle);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        Time::from_seconds(1_000_000 + seconds)
    }

    #[test]
    fn who_guesses_waits_twice_as_long_each_time_up_to_an_hour() {
        let attempts = Attempts::default();
        for _ in 0..5 {
            assert!(attempts.begin("x", at(0)));
        }
        assert!(!attempts.begin("x", at(29)) && attempts.begin("y", at(29)));
        assert!(attempts.begin("x", at(30)));
        assert!(!attempts.begin("x", at(89)) && attempts.begin("x", at(90)));
        let mut tries = 0;
        for second in 90..90 + 24 * 3600 {
            tries += u32::from(attempts.begin("x", at(second)));
        }
        assert!((20..35).contains(&tries), "{tries} tries in a day");
    }

    #[test]
    fn a_right_one_and_a_day_of_rest_forget() {
        let attempts = Attempts::default();
        for _ in 0..5 {
            attempts.begin("x", at(0));
        }
        attempts.right("x");
        for _ in 0..5 {
            assert!(attempts.begin("x", at(1)));
        }
        assert!(!attempts.begin("x", at(2)));
        for _ in 0..5 {
            assert!(attempts.begin("x", at(1 + 24 * 3600)));
        }
    }

    #[test]
    fn no_more_than_so_many_are_remembered() {
        let attempts = Attempts::default();
        for n in 0..i64::try_from(MOST).unwrap() + 10 {
            attempts.begin(&n.to_string(), at(n));
        }
        assert!(attempts.all().len() <= MOST);
    }
}
