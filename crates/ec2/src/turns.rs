//! Whose turn it is: how many instances or disks are worked on at once, and how many of these are one account's, so that
//! what never comes to an end keeps no other account waiting.

use std::collections::HashMap;

use rolecall_base::AccountId;

/// What is worked on now.
#[derive(Debug)]
pub(crate) struct Turns {
    most: usize,
    most_of_one: usize,
    /// By whose it is: what is no more is nobody's.
    busy: HashMap<String, Option<AccountId>>,
}

impl Turns {
    pub(crate) fn new(most: usize, most_of_one: usize) -> Turns {
        Turns { most, most_of_one, busy: HashMap::new() }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.busy.len() >= self.most
    }

    pub(crate) fn is_busy(&self, subject: &str) -> bool {
        self.busy.contains_key(subject)
    }

    /// Whether the turn of something has come; it has it from then on.
    pub(crate) fn take(&mut self, subject: &str, account: Option<AccountId>) -> bool {
        let own = self.busy.values().filter(|busy| **busy == account).count();
        let comes = !self.is_full() && own < self.most_of_one && !self.is_busy(subject);
        if comes {
            self.busy.insert(subject.to_owned(), account);
        }
        comes
    }

    pub(crate) fn end(&mut self, subject: &str) {
        self.busy.remove(subject);
    }

    /// A task that panicked does not say whose it was; its note is simply taken up again.
    pub(crate) fn end_all(&mut self) {
        self.busy.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::Turns;

    #[test]
    fn one_account_gets_its_share_and_all_together_no_more_than_there_is() {
        let [one, other, third] =
            ["111111111111", "222222222222", "333333333333"].map(|id| Some(id.parse().unwrap()));
        let mut turns = Turns::new(4, 3);
        let mut taken = |subjects: [&str; 4], account| subjects.map(|subject| turns.take(subject, account));
        assert_eq!(taken(["a", "a", "b", "c"], one), [true, false, true, true]);
        assert_eq!(taken(["d", "e", "f", "a"], one), [false; 4]);
        assert_eq!(taken(["a", "g", "h", "i"], other), [false, true, false, false]);
        assert!(turns.is_full() && !turns.take("j", third));
        turns.end("b");
        assert!(turns.take("j", third));
        turns.end_all();
        assert!(!turns.is_busy("a") && turns.take("a", one));
    }
}
