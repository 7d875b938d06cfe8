//! The documents of one layer, merged.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::caller::{Level, Principal};
use crate::decision::Matched;
use crate::document::Effect;
use crate::index::Index;
use crate::statement::Statement;
use crate::{Facts, Named};

/// All documents of one layer, merged into an index. Build it once per principal or resource, and keep it.
#[derive(Debug, Default)]
pub struct PolicySet {
    named: Vec<Named>,
    statements: Vec<Arc<Statement>>,
    /// The document of each statement.
    owners: Vec<usize>,
    deny: Index,
    allow: Index,
}

/// What a set is asked.
#[derive(Clone, Copy)]
pub(crate) struct Query<'q> {
    /// In lower case.
    pub action: &'q str,
    pub resource: &'q str,
    pub facts: &'q dyn Facts,
    /// The caller, where the layer's statements name principals.
    pub caller: Option<&'q Principal<'q>>,
    /// How strongly a statement without a principal element names everyone.
    pub unnamed: Level,
    pub has_boundary: bool,
}

impl PolicySet {
    /// Merges the documents. Their order has no effect on what is allowed.
    pub fn new(named: Vec<Named>) -> PolicySet {
        let mut owners = Vec::new();
        let mut statements = Vec::new();
        for (at, one) in named.iter().enumerate() {
            owners.resize(owners.len() + one.policy.statements.len(), at);
            statements.extend(one.policy.statements.iter().cloned());
        }
        let deny = Index::new(&statements, |statement| statement.effect == Effect::Deny);
        let allow = Index::new(&statements, |statement| statement.effect == Effect::Allow);
        PolicySet { named, statements, owners, deny, allow }
    }

    /// The documents, in the order given.
    pub fn policies(&self) -> &[Named] {
        &self.named
    }

    pub fn is_empty(&self) -> bool {
        self.named.is_empty()
    }

    /// All statements with their documents, in the order of the texts.
    pub(crate) fn statements(&self) -> impl Iterator<Item = (&Named, &Statement)> {
        let owners = self.owners.iter().filter_map(|at| self.named.get(*at));
        owners.zip(self.statements.iter().map(|statement| &**statement))
    }

    /// A Deny that matches.
    pub(crate) fn deny(&self, query: &Query<'_>) -> Option<Matched<'_>> {
        let found = self.deny.visit(&self.statements, query, |at, statement| match rest(statement, query) {
            Level::None => ControlFlow::Continue(()),
            _ => ControlFlow::Break(at),
        });
        self.matched(found?)
    }

    /// The Allow that names the caller most strongly.
    pub(crate) fn allow(&self, query: &Query<'_>) -> Option<(Level, Matched<'_>)> {
        let mut best = (Level::None, 0);
        let direct = self.allow.visit(&self.statements, query, |at, statement| {
            let level = rest(statement, query);
            if level > best.0 {
                best = (level, at);
            }
            if level == Level::Direct { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if direct.is_none() && best.0 == Level::None {
            return None;
        }
        Some((best.0, self.matched(best.1)?))
    }

    fn matched(&self, at: u32) -> Option<Matched<'_>> {
        let statement = self.statements.get(at as usize)?;
        let named = self.named.get(*self.owners.get(at as usize)?)?;
        Some(Matched { policy: &named.id, statement: statement.index, sid: statement.sid.as_deref() })
    }
}

/// What the index leaves to check: the principal, then the conditions.
fn rest(statement: &Statement, query: &Query<'_>) -> Level {
    let level = level(statement, query);
    if level > Level::None && statement.conditions.iter().all(|condition| condition.holds(query.facts)) {
        level
    } else {
        Level::None
    }
}

/// How strongly the statement names the caller; Direct where its layer names nobody.
pub(crate) fn level(statement: &Statement, query: &Query<'_>) -> Level {
    match (query.caller, &statement.principals) {
        (None, _) => Level::Direct,
        (Some(_), None) => query.unnamed,
        (Some(_), Some(principals))
            if principals.not && statement.effect == Effect::Deny && query.has_boundary =>
        {
            // AWS documents that such a statement hits every principal with a boundary, whatever it lists.
            Level::Direct
        }
        (Some(caller), Some(principals)) => principals.level(caller),
    }
}
