//! Numbers for names, kept as long as the name is in use: links, subnets and lists of groups as the kernel knows them.

use std::collections::HashMap;
use std::hash::Hash;

/// Numbers that stay the same from plan to plan, so that little changes in the kernel.
#[derive(Debug)]
pub(super) struct Numbers<K> {
    given: HashMap<K, u32>,
    next: u32,
}

impl<K: Hash + Eq + Clone> Numbers<K> {
    pub(super) fn from(first: u32) -> Numbers<K> {
        Numbers { given: HashMap::new(), next: first }
    }

    /// The number of a name; a new one when it has none. No number is given twice.
    pub(super) fn of(&mut self, name: &K) -> u32 {
        if let Some(number) = self.given.get(name) {
            return *number;
        }
        let number = self.next;
        self.next += 1;
        self.given.insert(name.clone(), number);
        number
    }

    /// All that are given.
    pub(super) fn all(&self) -> impl Iterator<Item = u32> {
        self.given.values().copied()
    }

    pub(super) fn keep(&mut self, used: impl Fn(&K) -> bool) {
        self.given.retain(|name, _| used(name));
    }
}
