//! Conditions, compiled.

use crate::Facts;
use crate::document::RawCondition;

#[derive(Debug)]
pub(crate) struct Condition {
    key: Box<str>,
}

#[derive(Debug)]
pub(crate) struct Unreadable;

impl Condition {
    pub fn compile(raw: &RawCondition, _variables: bool) -> Result<Condition, Unreadable> {
        Ok(Condition { key: raw.key.to_lowercase().into() })
    }

    pub fn keys(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&*self.key)
    }

    pub fn holds(&self, facts: &dyn Facts) -> bool {
        facts.get(&self.key).is_some()
    }
}
