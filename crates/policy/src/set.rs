//! The documents of one layer, merged.

use std::sync::Arc;

use crate::caller::{Level, Principal};
use crate::decision::Matched;
use crate::document::Effect;
use crate::statement::Statement;
use crate::{Facts, Named};

/// All documents of one layer, merged into an index. Build it once per principal or resource, and keep it.
#[derive(Debug, Default)]
pub struct PolicySet {
    named: Vec<Named>,
    statements: Vec<(usize, Arc<Statement>)>,
}

/// What a set is asked.
#[derive(Clone, Copy)]
pub(crate) struct Query<'q> {
    /// In lower case.
    pub action: &'q str,
    pub resource: &'q str,
    pub facts: &'q dyn Facts,
    /// Whether the layer's statements name principals.
    pub caller: Option<&'q Principal<'q>>,
    pub has_boundary: bool,
}

impl PolicySet {
    /// Merges the documents. The order has no effect on decisions.
    pub fn new(named: Vec<Named>) -> PolicySet {
        let statements = named
            .iter()
            .enumerate()
            .flat_map(|(at, named)| named.policy.statements.iter().map(move |s| (at, s.clone())))
            .collect();
        PolicySet { named, statements }
    }

    /// The documents, in the order given.
    pub fn policies(&self) -> &[Named] {
        &self.named
    }

    pub fn is_empty(&self) -> bool {
        self.named.is_empty()
    }

    pub(crate) fn deny(&self, query: &Query<'_>) -> Option<Matched<'_>> {
        self.best(Effect::Deny, query).map(|(_, matched)| matched)
    }

    /// The Allow that names the caller most strongly.
    pub(crate) fn allow(&self, query: &Query<'_>) -> Option<(Level, Matched<'_>)> {
        self.best(Effect::Allow, query)
    }

    fn best(&self, effect: Effect, query: &Query<'_>) -> Option<(Level, Matched<'_>)> {
        let mut best = None;
        for (policy, statement) in self.statements.iter().filter(|(_, s)| s.effect == effect) {
            let level = level(statement, query);
            let holds = level > Level::None
                && statement.actions.matches(query.action)
                && statement.resources.as_ref().is_none_or(|r| r.matches(query.resource, query.facts))
                && statement.conditions.iter().all(|condition| condition.holds(query.facts));
            if holds && best.as_ref().is_none_or(|(known, _)| level > *known) {
                let Some(named) = self.named.get(*policy) else { continue };
                best = Some((
                    level,
                    Matched { policy: &named.id, statement: statement.index, sid: statement.sid.as_deref() },
                ));
            }
        }
        best
    }
}

fn level(statement: &Statement, query: &Query<'_>) -> Level {
    match (query.caller, &statement.principals) {
        (None, _) => Level::Direct,
        (Some(_), None) => Level::None,
        (Some(caller), Some(principals)) => {
            if principals.not && statement.effect == Effect::Deny && query.has_boundary {
                return Level::Direct;
            }
            principals.level(caller)
        }
    }
}
