//! What a table of nf_tables holds, as values, and the messages that lead from one such state to another.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::batch::Batch;
use super::rule::{Rule, Verdict};

/// Rules that are changed in one step, where all at once is too much.
const STEP: usize = 256;

/// Sets and chains by name. What one state takes over from another is shared, so that it costs nothing to compare.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ruleset {
    pub sets: BTreeMap<String, Arc<Set>>,
    pub chains: BTreeMap<String, Chain>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Set {
    /// Bytes of a key; shorter parts of it are padded to four bytes each.
    pub key: u32,
    pub holds: Holds,
    pub elements: BTreeMap<Vec<u8>, Held>,
}

/// What kind of thing a set has for its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    Nothing,
    /// Four bytes.
    Number,
    Verdict,
}

/// What a set has for one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Held {
    Nothing,
    Number(u32),
    Verdict(Verdict),
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Chain {
    pub hook: Option<Hook>,
    pub rules: Arc<Vec<Rule>>,
}

/// Where the kernel enters a chain by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hook {
    pub kind: &'static str,
    pub at: At,
    pub priority: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    Prerouting = 0,
    Input = 1,
    Forward = 2,
    Output = 3,
}

impl Set {
    pub(crate) fn new(key: u32, holds: Holds) -> Set {
        Set { key, holds, elements: BTreeMap::new() }
    }
}

impl Ruleset {
    /// A set of plain keys.
    pub(crate) fn set(&mut self, name: &str, key: u32, elements: impl IntoIterator<Item = Vec<u8>>) {
        let mut set = Set::new(key, Holds::Nothing);
        set.elements.extend(elements.into_iter().map(|key| (key, Held::Nothing)));
        self.sets.insert(name.to_owned(), Arc::new(set));
    }

    /// From numbers to numbers.
    pub(crate) fn numbers(&mut self, name: &str, elements: impl IntoIterator<Item = (u32, u32)>) {
        let mut set = Set::new(4, Holds::Number);
        let held = |(key, value): (u32, u32)| (key.to_ne_bytes().to_vec(), Held::Number(value));
        set.elements.extend(elements.into_iter().map(held));
        self.sets.insert(name.to_owned(), Arc::new(set));
    }

    /// From numbers to chains.
    pub(crate) fn chains(&mut self, name: &str, elements: impl IntoIterator<Item = (u32, String)>) {
        let mut set = Set::new(4, Holds::Verdict);
        let held = |(key, chain)| (u32::to_ne_bytes(key).to_vec(), Held::Verdict(Verdict::Jump(chain)));
        set.elements.extend(elements.into_iter().map(held));
        self.sets.insert(name.to_owned(), Arc::new(set));
    }

    pub(crate) fn chain(&mut self, name: &str, rules: Vec<Rule>) {
        self.chains.insert(name.to_owned(), Chain { hook: None, rules: Arc::new(rules) });
    }

    pub(crate) fn hook(&mut self, name: &str, hook: Hook, rules: Vec<Rule>) {
        self.chains.insert(name.to_owned(), Chain { hook: Some(hook), rules: Arc::new(rules) });
    }

    /// Takes sets over from another state.
    pub(crate) fn take_sets(&mut self, other: &Ruleset, names: &[&str]) {
        for name in names {
            if let Some(set) = other.sets.get(*name) {
                self.sets.insert((*name).to_owned(), set.clone());
            }
        }
    }

    /// Takes a chain over from another state; false when it has none of that name.
    pub(crate) fn take_chain(&mut self, other: &Ruleset, name: &str) -> bool {
        let Some(chain) = other.chains.get(name) else { return false };
        self.chains.insert(name.to_owned(), chain.clone());
        true
    }

    /// Writes what leads from `old` to this. In such an order that everything named is there when it is named, and no
    /// longer named when it goes; chains that hang from none come before those that they are reached by.
    pub(crate) fn follow(&self, old: &Ruleset, batch: &mut Batch) {
        for (name, set) in &self.sets {
            if !old.sets.contains_key(name) {
                batch.add_set(name, set);
            }
        }
        for (name, chain) in &self.chains {
            if !old.chains.contains_key(name) {
                batch.add_chain(name, chain.hook);
            }
        }
        for (name, set) in self.sets.iter().filter(|(name, set)| old.sets.get(*name) != Some(set)) {
            let none = BTreeMap::new();
            let before = old.sets.get(name).map_or(&none, |set| &set.elements);
            let differs =
                |key: &&Vec<u8>, other: &BTreeMap<Vec<u8>, Held>, held| other.get(*key) != Some(held);
            let gone = before.iter().filter(|(key, held)| differs(key, &set.elements, *held));
            let come = set.elements.iter().filter(|(key, held)| differs(key, before, *held));
            batch.delete_elements(name, gone.map(|(key, _)| key));
            batch.add_elements(name, come);
        }
        let hooked = |chain: &Chain| chain.hook.is_some();
        let changed = self.chains.iter().filter(|(name, chain)| match old.chains.get(*name) {
            Some(before) => before.rules != chain.rules,
            None => !chain.rules.is_empty(),
        });
        let (last, first): (Vec<_>, Vec<_>) = changed.partition(|(_, chain)| hooked(chain));
        for (name, chain) in first.into_iter().chain(last) {
            if old.chains.get(name).is_some_and(|chain| !chain.rules.is_empty()) {
                batch.flush_chain(name);
            }
            for rule in chain.rules.iter() {
                batch.add_rule(name, rule);
            }
        }
        let gone = |name: &&String| !self.chains.contains_key(*name);
        old.chains.keys().filter(gone).for_each(|name| batch.flush_chain(name));
        old.chains.keys().filter(gone).for_each(|name| batch.delete_chain(name));
        for name in old.sets.keys().filter(|name| !self.sets.contains_key(*name)) {
            batch.delete_set(name);
        }
    }

    /// States between `old` and this, the one after the other, with a few changed chains each. What chains are reached
    /// by comes last, with this state itself.
    pub(super) fn steps(&self, old: &Ruleset) -> Vec<Ruleset> {
        let mut state = old.clone();
        for (name, set) in self.sets.iter().filter(|(_, set)| set.holds != Holds::Verdict) {
            state.sets.insert(name.clone(), set.clone());
        }
        for (name, _) in self.chains.iter().filter(|(_, chain)| chain.hook.is_none()) {
            state.chains.entry(name.clone()).or_default();
        }
        let mut steps = vec![state.clone()];
        let mut waiting = 0;
        for (name, chain) in self.chains.iter().filter(|(_, chain)| chain.hook.is_none()) {
            if state.chains.get(name) == Some(chain) {
                continue;
            }
            state.chains.insert(name.clone(), chain.clone());
            waiting += chain.rules.len();
            if waiting >= STEP {
                steps.push(state.clone());
                waiting = 0;
            }
        }
        steps.push(state);
        steps
    }
}
